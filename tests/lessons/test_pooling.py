"""The operators of cnn/pooling against PyTorch, Paddle, d2l and scikit-image."""

import numpy as np
import paddle
import pytest
import torch
from torch.nn import functional as F

from tests.lessons.from_source import functions

LESSON = "cnn/pooling"
NAMES = "output_size pool windows pool_fast max_backward mean_backward adaptive blocks".split()
OURS = functions(LESSON, *NAMES, np=np)


def random_case(generator):
    k, stride = int(generator.integers(1, 6)), int(generator.integers(1, 5))
    padding = int(generator.integers(0, k // 2 + 1))
    shape = int(generator.integers(1, 3)), int(generator.integers(1, 4)), *generator.integers(k, k + 9, size=2)
    return generator.normal(size=shape), k, stride, padding


def by_torch(x, k, stride, padding, how, ceil, count_padding):
    if how == "max":
        return F.max_pool2d(torch.tensor(x), k, stride, padding, ceil_mode=ceil).numpy()
    options = {"ceil_mode": ceil, "count_include_pad": count_padding}
    return F.avg_pool2d(torch.tensor(x), k, stride, padding, **options).numpy()


def by_paddle(x, k, stride, padding, how, count_padding):
    x = paddle.to_tensor(x.astype("float32"))
    if how == "max":
        return paddle.nn.functional.max_pool2d(x, k, stride, padding).numpy()
    return paddle.nn.functional.avg_pool2d(x, k, stride, padding, exclusive=not count_padding).numpy()


@pytest.mark.parametrize("how", ["max", "mean"])
@pytest.mark.parametrize("seed", range(5))
def test_both_operators_equal_both_frameworks(seed, how):
    generator = np.random.default_rng(seed)
    for _ in range(25):
        x, k, stride, padding = random_case(generator)
        count = bool(generator.integers(2))
        for ceil in (False, True):
            options = {"how": how, "ceil": ceil, "count_padding": count}
            message = f"{x.shape} {k} {stride} {padding} {options}"
            expected = by_torch(x, k, stride, padding, **options)
            fast = OURS.pool_fast(x, k, stride, padding, **options)
            np.testing.assert_allclose(fast, expected, rtol=0, atol=1e-10, err_msg=message)
            slow = OURS.pool(x, k, stride, padding, **options)
            np.testing.assert_allclose(slow, expected, rtol=0, atol=1e-10, err_msg=message)
            if not ceil:  # Paddle's ceil mode keeps windows that see nothing: see the frameworks' notes
                theirs = by_paddle(x, k, stride, padding, how, count)
                np.testing.assert_allclose(fast, theirs, rtol=0, atol=1e-5, err_msg=message)


def test_the_mean_is_d2ls_correlation_with_a_flat_kernel():
    from d2l.torch import corr2d

    generator = np.random.default_rng(1)
    for _ in range(40):
        k, (height, width) = int(generator.integers(1, 5)), generator.integers(5, 12, size=2)
        x = generator.normal(size=(height, width))
        expected = corr2d(torch.tensor(x, dtype=torch.float32), torch.full((k, k), 1 / k**2)).numpy()
        np.testing.assert_allclose(OURS.pool(x[None, None], k, 1, how="mean")[0, 0], expected, atol=1e-5)
        np.testing.assert_allclose(OURS.pool_fast(x[None, None], k, 1, how="mean")[0, 0], expected, atol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_tiles_against_block_reduce(k):
    from skimage.measure import block_reduce

    x = np.random.default_rng(k).normal(size=(2, 3, 5 * k, 3 * k))
    for how, function in [("max", np.max), ("mean", np.mean)]:
        expected = block_reduce(x, (1, 1, k, k), function)
        np.testing.assert_allclose(OURS.pool(x, k, how=how), expected, atol=1e-12)
        np.testing.assert_allclose(OURS.pool_fast(x, k, how=how), expected, atol=1e-12)
        np.testing.assert_allclose(function(OURS.blocks(x, k), axis=(-2, -1)), expected, atol=1e-12)


def test_sizes_against_torch():
    generator = np.random.default_rng(0)
    for n, k, stride, ceil in generator.integers((1, 1, 1, 0), (30, 7, 6, 2), (300, 4)).tolist():
        padding = int(generator.integers(0, k // 2 + 1))
        if n + 2 * padding >= k:
            expected = F.max_pool1d(torch.zeros(1, 1, n), k, stride, padding, ceil_mode=bool(ceil)).shape[-1]
            assert OURS.output_size(n, k, stride, padding, bool(ceil)) == expected, (n, k, stride, padding, ceil)


def gradients(x, dy, k, stride, how):
    """Of sum(pooled * dy), by both frameworks."""
    name = {"max": "max_pool2d", "mean": "avg_pool2d"}[how]
    ours = torch.tensor(x, requires_grad=True)
    (getattr(F, name)(ours, k, stride) * torch.tensor(dy)).sum().backward()
    theirs = paddle.to_tensor(x, stop_gradient=False)
    (getattr(paddle.nn.functional, name)(theirs, k, stride) * paddle.to_tensor(dy)).sum().backward()
    return ours.grad.numpy(), theirs.grad.numpy()


@pytest.mark.parametrize("how", ["max", "mean"])
def test_gradients_with_overlap_and_ties(how):
    generator = np.random.default_rng(3)
    backward = {"max": OURS.max_backward, "mean": OURS.mean_backward}[how]
    for _ in range(60):
        x, k, stride, _ = random_case(generator)
        x = generator.choice([x, x.round(), np.maximum(x, 0)]).astype("float32")  # rounded: many ties
        dy = generator.normal(size=OURS.pool_fast(x, k, stride, how=how).shape).astype("float32")
        for expected in gradients(x, dy, k, stride, how):
            np.testing.assert_allclose(
                backward(x, dy, k, stride), expected, atol=1e-5, err_msg=f"{x.shape} {k} {stride}"
            )


def test_adaptive_windows():
    generator = np.random.default_rng(4)
    for n, m in generator.integers(1, 30, size=(60, 2)).tolist():
        row = generator.normal(size=n).astype("float32")
        ours = OURS.adaptive(row, m)
        expected = F.adaptive_avg_pool1d(torch.tensor(row)[None, None], m)[0, 0].numpy()
        theirs = paddle.nn.functional.adaptive_avg_pool1d(paddle.to_tensor(row.reshape(1, 1, n)), m).numpy()[0, 0]
        np.testing.assert_allclose(ours, expected, atol=1e-5)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
