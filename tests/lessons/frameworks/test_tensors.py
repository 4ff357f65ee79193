"""What the notes "PyTorch ↔ Paddle" of the chapter tensors claim."""

import numpy as np
import paddle
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "tensors/tensors": 3,
    "tensors/autograd": 3,
}


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
