"""What the notes "PyTorch ↔ Paddle" claim, checked against the installed versions.

Every note of a lesson belongs to at least one test here; `test_every_note_is_known` fails for a new one.
"""

import numpy as np
import paddle
import pytest
import torch

from publishing.lesson import read_lessons
from publishing.notes import notes_of

CHECKED = {  # lesson -> how many of its notes are tested below
    "tensors/tensors": 3,
    "cnn/convolution": 1,
    "cnn/lenet": 1,
}


def test_every_note_is_known():
    found = {lesson.id: len(notes_of(lesson)) for lesson in read_lessons().values() if notes_of(lesson)}
    assert found == CHECKED, "write a test for the new note and count it in CHECKED"


def test_augmented_assignment_is_in_place_in_torch_only():
    a = torch.zeros(4)
    row = a[:2]
    row += 1
    assert a.tolist() == [1, 1, 0, 0]
    b = paddle.zeros([4])
    row = b[:2]
    row += 1
    assert b.tolist() == [0, 0, 0, 0]
    row = b[:2]
    row[:] = row + 1
    assert b.tolist() == [1, 1, 0, 0]


def test_who_shares_memory_with_numpy():
    array = np.zeros(2, dtype=np.float32)
    shared, copied = torch.from_numpy(array), torch.tensor(array)
    p_copied, p_shared = paddle.to_tensor(array), paddle.utils.dlpack.from_dlpack(array)
    array[0] = 7
    assert shared[0] == 7 and copied[0] == 0
    assert p_shared[0] == 7 and p_copied[0] == 0
    copied.numpy()[1] = 5
    p_copied.numpy()[1] = 5
    assert copied[1] == 5 and p_copied[1] == 0


def test_bytes_and_whole_numbers():
    pixels = np.array([200, 100], dtype=np.uint8)
    assert torch.tensor(pixels).sum() == 300 and paddle.to_tensor(pixels).sum() == 44
    with pytest.raises(RuntimeError):
        torch.tensor([1, 2]).mean()
    assert paddle.to_tensor([1, 2]).mean().item() == 1


def test_what_learns_by_default():
    assert not torch.zeros(1).requires_grad and paddle.zeros([1]).stop_gradient
    assert torch.nn.Linear(1, 1).weight.requires_grad and not paddle.nn.Linear(1, 1).weight.stop_gradient
    assert not paddle.nn.Linear(1, 1).create_parameter([2]).stop_gradient


def test_layouts_of_weights():
    assert list(torch.nn.Conv2d(3, 8, 5).weight.shape) == list(paddle.nn.Conv2D(3, 8, 5).weight.shape) == [8, 3, 5, 5]
    assert list(torch.nn.Linear(400, 120).weight.shape) == [120, 400]
    assert list(paddle.nn.Linear(400, 120).weight.shape) == [400, 120]


def test_default_initialisers():
    fan_in = 64 * 9
    layer, other = torch.nn.Conv2d(64, 128, 3), paddle.nn.Conv2D(64, 128, 3)
    assert layer.weight.abs().max().item() <= fan_in**-0.5 and layer.bias.abs().max() > 0
    assert layer.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.03)
    assert float(other.weight.std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.03)
    assert float(other.bias.abs().max()) == 0
    linear, other = torch.nn.Linear(400, 120), paddle.nn.Linear(400, 120)
    assert linear.weight.abs().max().item() <= 400**-0.5
    bound = (6 / (400 + 120)) ** 0.5
    assert bound * 0.98 < float(other.weight.abs().max()) <= bound and float(other.bias.abs().max()) == 0


def test_labels_of_cross_entropy():
    logits, labels = np.zeros((3, 4), dtype=np.float32), np.array([0, 1, 2])
    for kind in (np.int64, np.uint8):
        torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels.astype(kind)))
    with pytest.raises((RuntimeError, IndexError)):
        torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels.astype(np.int32)))
    for kind in (np.int64, np.int32):
        for shape in ((3,), (3, 1)):
            target = paddle.to_tensor(labels.astype(kind).reshape(shape))
            assert paddle.nn.functional.cross_entropy(paddle.to_tensor(logits), target).item() == pytest.approx(
                np.log(4)
            )
