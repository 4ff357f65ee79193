"""The operators of cnn/padding-stride-channels against PyTorch, Paddle and torchinfo."""

import numpy as np
import paddle
import pytest
import torch

from tests.lessons.from_source import functions

LESSON = "cnn/padding-stride-channels"
NAMES = "reads output_size left_over convolve convolve_fast bill zeros_read padding_for as_plain".split()
OURS = functions(LESSON, *NAMES, np=np)


def random_case(generator):
    """Rectangular kernels and batches too, which the lesson's own check leaves out."""
    groups, kh, kw, dilation, stride = generator.integers(1, 4, size=5).tolist()
    padding = int(generator.integers(0, 3))
    fits = [max(1, dilation * (k - 1) + 1 - 2 * padding) for k in (kh, kw)]
    shape = groups * int(generator.integers(1, 3)), *(fits + generator.integers(0, 6, size=2))
    x = generator.normal(size=(int(generator.integers(1, 3)), *shape))
    w = generator.normal(size=(groups * int(generator.integers(1, 4)), shape[0] // groups, kh, kw))
    return x, w, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@pytest.mark.parametrize("seed", range(10))
def test_both_operators_equal_both_frameworks(seed):
    generator = np.random.default_rng(seed)
    for _ in range(25):
        x, w, settings = random_case(generator)
        fast = OURS.convolve_fast(x, w, **settings)
        expected = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), None, **settings).numpy()
        np.testing.assert_allclose(fast, expected, rtol=0, atol=1e-10, err_msg=str(settings))
        np.testing.assert_allclose(OURS.convolve(x, w, **settings), expected, rtol=0, atol=1e-10)
        tensors = (paddle.to_tensor(array.astype("float32")) for array in (x, w))
        theirs = paddle.nn.functional.conv2d(*tensors, None, **settings).numpy()
        np.testing.assert_allclose(fast, theirs, rtol=0, atol=1e-5, err_msg=str(settings))


def test_size_and_remainder_against_the_list_of_places():
    generator = np.random.default_rng(0)
    for n, k, stride, padding, dilation in generator.integers((1, 1, 1, 0, 1), (40, 8, 6, 5, 4), (300, 5)).tolist():
        places = OURS.reads(n, k, stride, padding, dilation)
        if places:
            assert len(places) == OURS.output_size(n, k, stride, padding, dilation)
            assert n + padding - 1 - places[-1][-1] == OURS.left_over(n, k, stride, padding, dilation)
        if places and dilation == 1 and stride <= k:  # as exercise 1 asks
            zeros = {i for place in places for i in place if i >= n}
            assert OURS.zeros_read(n, k, stride, padding) == len(zeros)


@pytest.mark.parametrize(("k", "dilation"), [(k, d) for k in (1, 2, 3, 4, 7) for d in (1, 2, 3)])
def test_padding_that_keeps_the_size(k, dilation):
    padding = OURS.padding_for(k, dilation)
    sizes = [OURS.output_size(20, k, 1, p, dilation) for p in range(20)]
    assert padding == (sizes.index(20) if 20 in sizes else None)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("settings", [(9, 3, 2, 1, 1), (12, 3, 1, 2, 2), (7, 1, 2, 0, 1)])
def test_the_bill_against_torchinfo(groups, settings):
    from torchinfo import summary

    n, k, stride, padding, dilation = settings
    layer = torch.nn.Conv2d(8, 12, k, stride, padding, dilation, groups, bias=False)
    counted = summary(layer, (1, 8, n, n), verbose=0)
    expected = counted.total_params, counted.total_mult_adds
    assert OURS.bill(n, k, 8, 12, stride, padding, dilation, groups) == expected


@pytest.mark.parametrize(("channels", "outputs", "groups"), [(4, 4, 1), (4, 6, 2), (3, 6, 3), (6, 6, 6)])
def test_groups_are_zeros(channels, outputs, groups):
    w = np.random.default_rng(groups).normal(size=(outputs, channels // groups, 3, 3))
    x = np.random.default_rng(9).normal(size=(1, channels, 5, 5))
    plain = OURS.convolve_fast(x, OURS.as_plain(w, groups))
    np.testing.assert_allclose(plain, OURS.convolve_fast(x, w, groups=groups), atol=1e-12)
