"""The operators of cnn/batch-norm against PyTorch and Paddle, on random shapes."""

import warnings

import numpy as np
import paddle
import pytest
import torch

from tests.lessons.from_source import functions

LESSON = "cnn/batch-norm"
NAMES = "normalise_loops batch_norm batch_norm_backward whole group_norm".split()
OURS = functions(LESSON, *NAMES, np=np)
warnings.filterwarnings("ignore", message="When training, we now")


def random_case(generator):
    """(N, F) or (N, C, H, W), with an offset and a spread that the layer has to take away."""
    channels = int(generator.integers(1, 6))
    places = tuple(generator.integers(1, 6, size=2).tolist()) if generator.random() < 0.6 else ()
    shape = (int(generator.integers(2, 9)), channels, *places)
    x = generator.normal(generator.uniform(-2, 2), generator.uniform(0.5, 2), (3, *shape))
    gamma, beta = generator.normal(size=(2, channels))
    return x, gamma, beta


def torch_layer(x, gamma, beta):
    layer = (torch.nn.BatchNorm1d if x.ndim == 3 else torch.nn.BatchNorm2d)(len(gamma)).double()
    layer.weight.data, layer.bias.data = torch.tensor(gamma), torch.tensor(beta)
    return layer


def paddle_layer(x, gamma, beta):
    layer = (paddle.nn.BatchNorm1D if x.ndim == 3 else paddle.nn.BatchNorm2D)(len(gamma))
    layer.weight.set_value(gamma.astype("float32"))
    layer.bias.set_value(beta.astype("float32"))
    return layer


@pytest.mark.parametrize("seed", range(10))
def test_train_and_eval_equal_both_frameworks(seed):
    generator = np.random.default_rng(seed)
    for _ in range(25):
        x, gamma, beta = random_case(generator)
        first, second = torch_layer(x, gamma, beta), paddle_layer(x, gamma, beta)
        notes = {unbiased: [np.zeros(len(gamma)), np.ones(len(gamma))] for unbiased in (True, False)}
        for batch, training in zip(x, (True, True, False), strict=True):
            for layer in (first, second):
                layer.train() if training else layer.eval()
            ours = OURS.batch_norm(batch, gamma, beta, notes[True], training, unbiased=True)
            np.testing.assert_allclose(ours, first(torch.tensor(batch)).detach().numpy(), rtol=0, atol=1e-10)
            if training:
                np.testing.assert_allclose(OURS.normalise_loops(batch, gamma, beta), ours, atol=1e-10)
            ours = OURS.batch_norm(batch, gamma, beta, notes[False], training, unbiased=False)
            theirs = second(paddle.to_tensor(batch.astype("float32"))).numpy()
            # Two nearly equal numbers in float32 lose digits when divided by their small spread.
            axes = (0, *range(2, batch.ndim))
            spread = batch.std(axes).min() if training else 1.0
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 / min(1.0, spread))
        np.testing.assert_allclose(notes[True][0], first.running_mean.numpy(), atol=1e-10)
        np.testing.assert_allclose(notes[True][1], first.running_var.numpy(), atol=1e-10)
        np.testing.assert_allclose(notes[False][0], second._mean.numpy(), atol=1e-5)
        np.testing.assert_allclose(notes[False][1], second._variance.numpy(), atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_backward_equals_autograd(seed):
    generator = np.random.default_rng(seed)
    for _ in range(50):
        (x, dy, _), gamma, beta = random_case(generator)
        layer, inputs = torch_layer(x[None], gamma, beta), torch.tensor(x, requires_grad=True)
        (layer(inputs) * torch.tensor(dy)).sum().backward()
        expected = inputs.grad, layer.weight.grad, layer.bias.grad
        for ours, theirs in zip(OURS.batch_norm_backward(dy, x, gamma), expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-7, atol=1e-8)


def test_a_gradient_asks_neither_for_a_shift_nor_for_a_stretch():
    generator = np.random.default_rng(0)
    x, dy = generator.normal(size=(2, 6, 3, 4, 4))
    dx, _, _ = OURS.batch_norm_backward(dy, x, np.ones(3), eps=0.0)
    np.testing.assert_allclose(dx.sum(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=(0, 2, 3)), 0, atol=1e-12)


def test_statistics_of_the_whole_from_those_of_parts():
    generator = np.random.default_rng(1)
    for _ in range(50):
        parts = [generator.normal(generator.normal(), 2, size) for size in generator.integers(1, 20, 5)]
        numbers = np.concatenate(parts)
        found = OURS.whole([p.mean() for p in parts], [p.var() for p in parts], [len(p) for p in parts])
        np.testing.assert_allclose(found, (numbers.mean(), numbers.var()))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm(groups):
    x = np.random.default_rng(groups).normal(3, 2, (4, 6, 5, 3))
    expected = torch.nn.functional.group_norm(torch.tensor(x), groups).numpy()
    np.testing.assert_allclose(OURS.group_norm(x, groups), expected, atol=1e-10)
