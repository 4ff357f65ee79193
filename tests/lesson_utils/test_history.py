"""History and running averages."""

import math

import pytest

from lesson_utils.history import Averages, History

ROWS = [
    {"epoch": 1, "val_loss": 0.9, "val_accuracy": 0.5},
    {"epoch": 2, "val_loss": 0.4, "val_accuracy": 0.8},
    {"epoch": 3, "val_loss": 0.6, "val_accuracy": 0.8},
]


def test_table():
    history = History(ROWS)
    frame = history.frame()
    assert list(frame.columns) == ["epoch", "val_loss", "val_accuracy"] and frame["val_loss"][1] == 0.4
    assert history["epoch"] == [1, 2, 3] and len(history) == 3 and repr(history) == "History of 3 epochs"
    assert History().frame().empty


def test_stale():
    assert History(ROWS).stale("val_loss") == 1  # the lowest
    assert History(ROWS).stale("val_accuracy") == 1  # the highest; an equal one is no improvement
    assert History(ROWS[:2]).stale("val_loss") == 0
    with pytest.raises(ValueError, match="unknown metric 'val_los'; did you mean 'val_loss'"):
        History(ROWS).stale("val_los")


def test_a_loss_that_is_nan_is_never_the_best():
    rows = [{"val_loss": math.nan}, {"val_loss": 0.5}, {"val_loss": 0.7}]
    assert History(rows).stale("val_loss") == 1
    assert History(rows[:1]).stale("val_loss") == 0


def test_averages_weigh_by_examples_and_do_not_depend_on_when_they_are_read():
    batches = [(3, 0.1), (5, 0.7), (1, 0.3)] * 20
    together, apart = Averages(), Averages()
    for examples, value in batches:
        together.add(examples, {"loss": value})
        apart.add(examples, {"loss": value})
        apart.means()
        apart = Averages(**apart.state())
    expected = sum(n * value for n, value in batches) / sum(n for n, _ in batches)
    assert together.means()["loss"] == pytest.approx(expected)
    assert together.means() == apart.means()  # to the last bit
    assert Averages().means() == {}


def test_first_bad_batch_is_remembered():
    averages = Averages()
    for value in (1.0, math.inf, math.nan):
        averages.add(1, {"loss": value})
    averages.means()
    assert averages.first_bad == 2
