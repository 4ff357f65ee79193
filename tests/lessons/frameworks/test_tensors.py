"""What the notes "PyTorch ↔ Paddle" of the chapter tensors claim."""

import threading
import warnings

import numpy as np
import paddle
import pandas as pd
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "tensors/tensors": 3,
    "tensors/autograd": 3,
    "tensors/tables": 2,
    "tensors/shapes": 5,
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


def test_a_series_goes_into_torch_as_it_is():
    series = pd.Series([1.0, 2.0])
    assert torch.tensor(series).tolist() == [1, 2]
    with pytest.raises(TypeError):
        paddle.to_tensor(series)
    assert paddle.to_tensor(series.to_numpy()).tolist() == [1, 2]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shared = torch.from_numpy(series.to_numpy())  # PyTorch itself warns only once a process
    assert all("not writable" in str(warning.message) for warning in caught)
    shared[0] = 7
    assert series[0] == 7
    torch.tensor(series)[1] = 7
    assert series[1] == 2


def test_a_nan_wins_argmax_in_torch_only():
    for place in range(8):
        values = np.random.default_rng(place).normal(size=8).astype("float32")
        values[place] = np.nan
        assert torch.tensor(values).argmax().item() == place
        assert paddle.to_tensor(values).argmax().item() == np.nanargmax(values)


def test_expand_is_a_view_in_torch_only():
    column, other = torch.zeros(3, 1), paddle.zeros([3, 1])
    wide, copied = column.expand(-1, 4), other.expand([-1, 4])
    assert wide.stride() == (1, 0) and list(copied.strides) == [4, 1]
    wide[0, 0], copied[0, 0] = 7, 7
    assert column[0, 0] == 7 and wide[0].tolist() == [7] * 4
    assert other[0, 0] == 0 and copied[0].tolist() == [7, 0, 0, 0]
    with pytest.raises(RuntimeError):
        wide += 1


def test_only_torch_warns_of_a_loss_that_broadcasts(capfd):
    rows, row = [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0]
    with pytest.warns(UserWarning, match="target size"):
        loss = torch.nn.functional.mse_loss(torch.tensor(rows), torch.tensor(row))
    assert loss.item() == pytest.approx(4 / 3)
    capfd.readouterr()
    loss = paddle.nn.functional.mse_loss(paddle.to_tensor(rows), paddle.to_tensor(row))
    assert loss.item() == pytest.approx(4 / 3)
    assert capfd.readouterr().err == "", "Paddle says something now; mend the note"


def test_names_for_the_order_of_axes():
    x, y = torch.arange(24).reshape(2, 3, 4), paddle.arange(24).reshape([2, 3, 4])
    expected = x.permute(2, 0, 1).tolist()
    assert y.transpose([2, 0, 1]).tolist() == y.permute(2, 0, 1).tolist() == expected
    assert x.transpose(0, 1).tolist() == y.swapaxes(0, 1).tolist()
    with pytest.raises(TypeError):
        x.transpose([2, 0, 1])
    assert list(y.reshape([0, -1]).shape) == [2, 12]
    with pytest.raises(RuntimeError):
        x.reshape(0, -1)
    for z in (x, y):
        assert z.unsqueeze(dim=1).shape == z.unsqueeze(axis=1).shape
        assert z.float().mean(dim=1).shape == z.float().mean(axis=1).shape
    assert x.repeat(1, 1, 2).tolist() == y.tile([1, 1, 2]).tolist()


def test_what_the_number_in_split_means():
    ten, other = torch.arange(10), paddle.arange(10)
    sizes = [[len(piece) for piece in cut(x, 2)] for cut, x in ((torch.split, ten), (paddle.split, other))]
    assert sizes == [[2, 2, 2, 2, 2], [5, 5]]
    assert [len(piece) for piece in torch.chunk(ten, 6)] == [2] * 5
    with pytest.raises(ValueError):
        paddle.chunk(other, 6)
    for name, how in (("split", [2, 3, 5]), ("tensor_split", 6)):
        cut = [[piece.tolist() for piece in getattr(lib, name)(x, how)] for lib, x in ((torch, ten), (paddle, other))]
        assert cut[0] == cut[1]
    assert [row.tolist() for row in torch.unbind(ten.reshape(2, 5), 0)] == [
        row.tolist() for row in paddle.unbind(other.reshape([2, 5]), 0)
    ]


def test_gather_is_not_gather():
    x, y = torch.arange(6).reshape(2, 3), paddle.arange(6).reshape([2, 3])
    index = [[2], [0]]
    assert torch.gather(x, 1, torch.tensor(index)).tolist() == [[2], [3]]
    assert paddle.take_along_axis(y, paddle.to_tensor(index), axis=1).tolist() == [[2], [3]]
    columns = [2, 0]
    assert paddle.gather(y, paddle.to_tensor(columns), axis=1).tolist() == [[2, 0], [5, 3]]
    assert torch.index_select(x, 1, torch.tensor(columns)).tolist() == [[2, 0], [5, 3]]
    assert paddle.index_select(y, paddle.to_tensor(columns), 1).tolist() == [[2, 0], [5, 3]]
    assert torch.gather(x, 1, torch.tensor([[2]])).tolist() == [[2]]
    assert paddle.take_along_axis(y, paddle.to_tensor([[2]]), axis=1).tolist() == [[2], [5]]


def test_a_number_without_axes_is_not_joined():  # the answer to exercise 4
    with pytest.raises(RuntimeError):
        torch.cat([torch.ones(2), torch.ones(1, 1).squeeze()])
    with pytest.raises(ValueError):
        paddle.concat([paddle.ones([2]), paddle.ones([1, 1]).squeeze()])


class Threads:
    """Four records; remembers in which thread they were read."""

    def __init__(self):
        self.readers = set()

    def __len__(self):
        return 4

    def __getitem__(self, index):
        self.readers.add(threading.get_ident())
        return np.zeros(2, dtype=np.float32)


class TorchThreads(Threads, torch.utils.data.Dataset):
    """For PyTorch."""


class PaddleThreads(Threads, paddle.io.Dataset):
    """For Paddle."""
