"""The bench runs: its numbers are for people, but a bench that broke would be found out too late."""

import numpy as np
import pytest

from lesson_utils.data import load
from tests.bench import bench_runner
from tests.bench.contenders import CONTENDERS, torch_runner
from tests.bench.models import cnn, lenet


@pytest.fixture
def digits():
    return tuple(array[:128] for array in load("mnist", "train"))


@pytest.mark.slow
@pytest.mark.parametrize("framework", CONTENDERS)
def test_every_contender_has_a_line_with_its_ratio(framework, digits):
    rows = bench_runner.compare(framework, lenet, *digits, epochs=1, rounds=1)
    assert [row.split(" | ")[2] for row in rows] == list(CONTENDERS[framework])
    ratios = {row.split(" | ")[2]: float(row.split(" | ")[4]) for row in rows}
    assert ratios["plain loop"] == 1 and all(0.1 < ratio < 10 for ratio in ratios.values())


def test_every_choice_has_a_line_with_its_ratio(digits, monkeypatch):
    monkeypatch.delitem(bench_runner.CHOICES, "compile")  # takes a compiler and a minute
    rows = bench_runner.choices("cpu", *digits, rounds=1)[3:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == list(bench_runner.CHOICES)
    assert rows[0].endswith("| 1.000 |")


def test_choices_are_made(digits):
    for channels_last in (True, False):
        model = cnn("torch")
        torch_runner(model, *digits, epochs=1, channels_last=channels_last, on_device=channels_last)()
        weight = next(p for p in model.parameters() if p.ndim == 4 and np.prod(p.shape[1:]) > 9)
        assert weight.is_contiguous() is not channels_last
