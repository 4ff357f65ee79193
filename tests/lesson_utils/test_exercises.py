"""The local checker: what it prints, and that it never raises."""

import numpy as np
import paddle
import pytest
import torch

from lesson_utils.exercises import checker, matches


@checker("Exercise 1")
def check(answer):
    yield "two and two", answer(2, 2), 4
    yield "three and four", answer(3, 4), 7


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (lambda a, b: a + b, ["✓ two and two", "✓ three and four", "Exercise 1: passed"]),
        (lambda a, b: a * b, ["✓ two and two", "✗ three and four: got 12, expected 7", "Exercise 1: not yet"]),
        (lambda a, b: None, ["✗ two and two: got None, expected 4", "✗ three and four: got None, expected 7",
                             "Exercise 1: not yet"]),
        (lambda a, b: a / 0, ["✗ your code stopped with ZeroDivisionError: division by zero", "Exercise 1: not yet"]),
        ("no function", ["✗ your code stopped with TypeError: 'str' object is not callable", "Exercise 1: not yet"]),
    ],
)  # fmt: skip
def test_verdicts(capsys, answer, lines):
    check(answer)
    assert capsys.readouterr().out.splitlines() == lines


def test_a_stub_is_told_what_to_do(capsys):
    def stub(a, b):
        raise NotImplementedError

    check(stub)
    assert "replace the line that raises NotImplementedError" in capsys.readouterr().out


def test_sets_are_shown_in_one_order(capsys):
    """Python's own order changes from run to run, and a notebook is compared with the next run."""
    words = {f"word{i}" for i in range(9)}

    @checker("Exercise 0")
    def compare():
        yield "words", words, {"word0"}

    compare()
    assert "got {" + ", ".join(f"'word{i}'" for i in range(9)) + "}, expected {'word0'}" in capsys.readouterr().out


def test_a_checker_without_cases_does_not_pass(capsys):
    @checker("Exercise 0")
    def empty():
        yield from ()

    empty()
    assert capsys.readouterr().out == "Exercise 0: not yet\n"


@pytest.mark.parametrize(
    "make", [np.array, torch.tensor, paddle.to_tensor, list], ids=["numpy", "torch", "paddle", "list"]
)
def test_answers_of_every_kind_are_compared_by_value_and_shape(make):
    assert matches(make([1.0, 2.0]), [1, 2])
    assert not matches(make([1.0, 2.1]), [1, 2])
    assert not matches(make([1.0, 2.0]), [[1, 2]])


def test_gradients_text_and_truth_values():
    assert matches(torch.ones(2, requires_grad=True), [1, 1])
    assert matches("a", "a") and not matches(1, "1") and not matches("True", True)
    assert matches(True, True) and not matches(1, True)
    assert not matches([[1], [2, 3]], [1, 2])
