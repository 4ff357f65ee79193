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
    "tensors/autograd": 3,
    "cnn/convolution": 1,
    "cnn/receptive-field": 1,
    "cnn/lenet": 1,
    "detection/boxes-and-iou": 4,
    "mlp/softmax-and-losses": 2,
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


def test_boxes_in_torchvision_and_paddle():
    from torchvision import ops

    corners = torch.tensor([[10.0, 20.0, 50.0, 80.0]])
    assert ops.box_convert(corners, "xyxy", "cxcywh").tolist() == [[30, 50, 40, 60]]
    assert ops.box_convert(corners, "xyxy", "xywh").tolist() == [[10, 20, 40, 60]]
    point = torch.tensor([[1.0, 1.0, 1.0, 1.0]])
    assert ops.box_iou(point, point).isnan().all()
    one_pixel = torch.zeros(1, 4, 4, dtype=torch.bool)
    one_pixel[0, 2, 3] = True
    assert ops.masks_to_boxes(one_pixel).tolist() == [[3, 2, 3, 2]]
    for name in ("box_iou", "box_convert", "masks_to_boxes"):
        assert not hasattr(paddle.vision.ops, name), f"Paddle has {name} now; mend the note"


def test_paddles_nms_gives_its_iou_away():
    boxes = paddle.to_tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])  # IoU 1/3
    kept = [len(paddle.vision.ops.nms(boxes, threshold)) for threshold in (0.32, 0.35)]
    assert kept == [1, 2]


def test_gradient_of_a_product_with_a_zero_factor():
    sides = torch.tensor([[0.0, 3.0]], requires_grad=True)
    sides.prod(dim=1).sum().backward()
    assert sides.grad.tolist() == [[3, 0]]
    other = paddle.to_tensor([[0.0, 3.0]], stop_gradient=False)
    other.prod(axis=1).sum().backward()
    assert np.isnan(other.grad.numpy()).any()


def test_where_cross_entropy_looks_for_the_classes():
    logits, labels = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32"), np.zeros((2, 4, 4), int)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
    ours, target = paddle.to_tensor(logits), paddle.to_tensor(labels)
    assert paddle.nn.functional.cross_entropy(ours, target, axis=1).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError):
        paddle.nn.functional.cross_entropy(ours, target)


def test_paddles_softmax_stops_at_64_on_the_cpu():
    scores = [[0.0, 200.0, 0.0]]
    theirs = paddle.nn.functional.cross_entropy(paddle.to_tensor(scores, place="cpu"), paddle.to_tensor([0]))
    assert theirs.item() == pytest.approx(64, abs=1e-3)
    assert torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor([0])).item() == 200


def test_what_backward_may_start_from():
    with pytest.raises(RuntimeError):
        (2 * torch.ones(2, requires_grad=True)).backward()
    x = paddle.to_tensor([1.0, 1.0], stop_gradient=False)
    (2 * x).backward()
    assert x.grad.tolist() == [2, 2]


def test_cleared_gradients():
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    weight.sum().backward()
    optimizer.zero_grad()
    assert weight.grad is None
    layer = paddle.nn.Linear(1, 1)
    other = paddle.optimizer.SGD(0.1, parameters=layer.parameters())
    layer.weight.sum().backward()
    other.clear_grad()
    assert layer.weight.grad is None or layer.weight.grad.tolist() == [[0]]


@pytest.mark.parametrize(
    "leaf",
    [lambda: torch.tensor(3.0, requires_grad=True), lambda: paddle.to_tensor(3.0, stop_gradient=False)],
    ids=["torch", "paddle"],
)
def test_a_second_backward_needs_the_record(leaf):
    x = leaf()
    loss = x * x
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.item() == 12
    with pytest.raises((RuntimeError, SystemError)):
        loss.backward()


def test_writing_through_a_view_under_autograd():
    found = {}
    for name, leaf in {
        "torch": torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),
        "paddle": paddle.to_tensor([1.0, 2.0, 3.0, 4.0], stop_gradient=False),
    }.items():
        h = leaf * 1
        view = h[:2]
        view[:] = 10.0
        (h * h).sum().backward()
        found[name] = leaf.grad.tolist()
    assert found["torch"] == [0, 0, 6, 8]
    assert found["paddle"] == [20, 20, 6, 8], "Paddle is mended; mend the note and the lesson"


def test_leaves_are_not_written_to():
    with pytest.raises(RuntimeError):
        torch.ones(2, requires_grad=True)[0] = 5
    with pytest.raises((RuntimeError, ValueError)):
        paddle.to_tensor([1.0, 1.0], stop_gradient=False)[0] = 5


def test_gradients_can_be_asked_for_without_leaving_any_behind():
    model, inputs = torch.nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(model(inputs).sum(), inputs)
    assert slope.shape == (1, 2) and inputs.grad is None and model.weight.grad is None
    model, inputs = paddle.nn.Linear(2, 1), paddle.ones([1, 2])
    inputs.stop_gradient = False
    (slope,) = paddle.grad(model(inputs).sum(), inputs)
    assert slope.shape == [1, 2] and inputs.grad is None and model.weight.grad is None
