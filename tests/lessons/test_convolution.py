"""The operators of cnn/convolution against d2l and PyTorch."""

import numpy as np
import pytest
import torch
from d2l import torch as d2l

from tests.lessons.from_source import functions

OURS = functions("cnn/convolution", "correlate", "correlate_fast", "as_matrix", "cost", np=np)
SIZES = [(height, width, k) for height in (3, 5, 8) for width in (4, 7, 9) for k in (1, 2, 3)]


@pytest.mark.parametrize(("height", "width", "k"), SIZES)
def test_cross_correlation(height, width, k):
    generator = np.random.default_rng(height * 100 + width * 10 + k)
    x, w = generator.normal(size=(height, width)), generator.normal(size=(k, k))
    expected = d2l.corr2d(torch.tensor(x), torch.tensor(w)).numpy()
    np.testing.assert_allclose(OURS.correlate(x, w), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(OURS.correlate_fast(x, w), OURS.correlate(x, w), atol=1e-12)


@pytest.mark.parametrize("n", [3, 5, 9])
def test_the_matrix_of_a_convolution(n):
    generator = np.random.default_rng(n)
    x, w = generator.normal(size=(n, n)), generator.normal(size=(3, 3))
    np.testing.assert_allclose(OURS.as_matrix(w, n) @ x.ravel(), OURS.correlate(x, w).ravel(), atol=1e-12)


@pytest.mark.parametrize(("n", "k", "c_in", "c_out"), [(32, 3, 1, 1), (28, 5, 6, 16), (7, 1, 3, 4)])
def test_parameters_and_multiply_adds(n, k, c_in, c_out):
    from torchinfo import summary

    counted = summary(torch.nn.Conv2d(c_in, c_out, k), (1, c_in, n, n), verbose=0)
    parameters, multiply_adds = OURS.cost(n, k, c_in, c_out)
    assert parameters == counted.total_params
    places = (n - k + 1) ** 2  # torchinfo counts adding the bias as well
    assert multiply_adds + c_out * places == counted.total_mult_adds
