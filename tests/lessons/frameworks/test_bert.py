"""What the notes "PyTorch ↔ Paddle" of the chapter bert claim."""

import warnings

import numpy as np
import paddle
import pytest
import torch

from lesson_utils.data import load
from lesson_utils.recorded.bert_fine_tuning import encoder

NOTES = {  # lesson -> how many of its notes are tested here
    "bert/bert": 1,
    "bert/fine-tuning": 1,
    "bert/pretraining": 1,
}


def two_layers(nn):
    """A square layer and one that widens, as in BERT."""
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 6))


def test_a_linear_layer_that_was_not_turned():
    generator = np.random.default_rng(0)
    stored = {"0.weight": (4, 4), "0.bias": (4,), "1.weight": (6, 4), "1.bias": (6,)}  # (out, in), as in the file
    stored = {name: generator.normal(size=shape).astype(np.float32) for name, shape in stored.items()}
    first, second = two_layers(torch.nn), two_layers(paddle.nn)
    first.load_state_dict({name: torch.tensor(array) for name, array in stored.items()})
    before = second[1].weight.numpy().copy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        second.set_state_dict(stored)  # not turned
    assert [str(w.message) for w in caught if "1.weight" in str(w.message)]
    assert not [str(w.message) for w in caught if "0.weight" in str(w.message)]  # square: without a word
    np.testing.assert_array_equal(second[1].weight.numpy(), before)  # left as it was
    np.testing.assert_array_equal(second[1].bias.numpy(), stored["1.bias"])  # and the rest loaded
    x = generator.normal(size=(2, 4)).astype(np.float32)
    right, wrong = first[0](torch.tensor(x)).detach().numpy(), second[0](paddle.to_tensor(x)).numpy()
    assert abs(right - wrong).max() > 0.1
    turned = {name: np.ascontiguousarray(array.T) for name, array in stored.items()}
    second.set_state_dict(turned)
    np.testing.assert_allclose(second(paddle.to_tensor(x)).numpy(), first(torch.tensor(x)).detach().numpy(), atol=1e-5)
    with pytest.raises(RuntimeError, match="size mismatch"):
        first.load_state_dict({name: torch.tensor(array) for name, array in turned.items()})


def test_arrays_into_parameters_and_the_layout_of_linear_weights():
    array = np.arange(6, dtype=np.float32).reshape(3, 2)  # (out, in)
    first, second = torch.nn.Linear(2, 3), paddle.nn.Linear(2, 3)
    first.weight.data = torch.tensor(array)
    with pytest.raises(AssertionError, match="Shape not match"):
        second.weight.set_value(array)
    second.weight.set_value(np.ascontiguousarray(array.T))
    ids = np.array([[101, 2023, 102]])
    ours, theirs = encoder("torch"), encoder("paddle")
    names = ["blocks.0.wide.weight", "words.weight"]
    a, b = (dict(model.named_parameters()) for model in (ours, theirs))
    np.testing.assert_array_equal(a[names[0]].detach().numpy(), b[names[0]].numpy().T)
    np.testing.assert_array_equal(a[names[1]].detach().numpy(), b[names[1]].numpy())
    found = theirs(paddle.to_tensor(ids)).numpy()
    np.testing.assert_allclose(found, ours(torch.tensor(ids)).detach().numpy(), atol=1e-5)
    assert load("minilm").joinpath("model.safetensors").exists()


def test_rate_of_a_running_optimizer():
    line, other = torch.nn.Linear(2, 1), paddle.nn.Linear(2, 1)
    first = torch.optim.Adam([{"params": [line.weight]}, {"params": [line.bias], "lr": 0.1}])
    first.param_groups[0]["lr"] = 0.5
    assert [group["lr"] for group in first.param_groups] == [0.5, 0.1] and not hasattr(first, "set_lr")
    second = paddle.optimizer.Adam(parameters=other.parameters())
    second.set_lr(0.5)
    assert second.get_lr() == 0.5
    schedule = paddle.optimizer.lr.StepDecay(0.1, 10)
    with pytest.raises(RuntimeError):
        paddle.optimizer.Adam(schedule, parameters=other.parameters()).set_lr(0.5)
