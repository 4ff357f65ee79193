"""Reports of two frameworks and their comparison; the weights both are given."""

import numpy as np
import paddle
import pytest
import torch

from lesson_utils import parity
from lesson_utils.paddle import fill_weights as fill_paddle
from lesson_utils.torch import fill_weights as fill_torch


def test_weights_depend_on_shape_and_seed_only():
    shapes = {"a": (20, 10), "b": (20,)}
    first, again = parity.deterministic_weights(shapes, seed=1), parity.deterministic_weights(shapes, seed=1)
    other = parity.deterministic_weights(shapes, seed=2)
    assert all((first[name] == again[name]).all() and (first[name] != other[name]).any() for name in shapes)
    assert np.abs(first["a"]).max() <= 1 / np.sqrt(10) and first["a"].std() == pytest.approx(1 / np.sqrt(30), rel=0.1)
    assert first["a"].dtype == np.float32


def test_models_with_these_weights_agree():
    nn, pnn = torch.nn, paddle.nn
    first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    second = pnn.Sequential(pnn.Conv2D(3, 4, 3), pnn.ReLU(), pnn.Flatten(), pnn.Linear(4 * 36, 5))
    fill_torch(first, seed=3)
    fill_paddle(second, seed=3)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype("float32")
    with torch.no_grad():
        logits = first(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(second(paddle.to_tensor(inputs)).numpy(), logits, rtol=1e-4, atol=1e-6)


def test_compare_gives_the_largest_relative_difference():
    found = parity.compare({"loss": 1.0, "logits": [[1.0, 2.0]]}, {"loss": 1.0, "logits": [[1.0, 2.002]]})
    assert found["loss"] == 0 and found["logits"] == pytest.approx(0.002 / 2.002)


@pytest.mark.parametrize("other", [{"loss": [1.0, 2.0]}, {"cost": 1.0}])
def test_reports_that_do_not_fit_are_refused(other):
    with pytest.raises(ValueError, match="loss"):
        parity.compare({"loss": 1.0}, other)


def test_a_broken_run_is_not_reported():
    with pytest.raises(ValueError, match="logits holds NaN"):
        parity.report(loss=1.0, logits=np.array([np.nan, 1.0]))


def test_report_prints_in_a_script(capsys):
    parity.report(loss=1.5, logits=np.arange(12.0).reshape(3, 4))
    out = capsys.readouterr().out
    assert "loss  1.500000" in out and "shape (3, 4)" in out
