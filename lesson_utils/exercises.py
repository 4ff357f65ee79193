"""Exercises that check themselves.

A lesson writes a checker as a generator of ``(what, got, expected)`` and the reader calls it with an
answer. It prints what is right and what is still wrong and never raises, so that a notebook runs to its
end with an unsolved exercise in it.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

Case = tuple[str, Any, Any]


def checker(title: str) -> Callable[[Callable[..., Iterator[Case]]], Callable[..., None]]:
    """Turn a generator of cases into a checker that prints its verdict.

    Parameters
    ----------
    title : str
        Printed in the verdict, for example ``"Exercise 1"``.

    Returns
    -------
    callable
        A decorator. The decorated function takes the same arguments, prints one line a case and then
        ``title: passed`` or ``title: not yet``, and returns None.

    Examples
    --------
    >>> @checker("Exercise 1")
    ... def check(area):
    ...     yield "area of 2 × 3", area(2, 3), 6
    >>> check(lambda width, height: width + height)
    ✗ area of 2 × 3: got 5, expected 6
    Exercise 1: not yet
    """

    def decorate(cases: Callable[..., Iterator[Case]]) -> Callable[..., None]:
        @wraps(cases)
        def check(*answers: Any) -> None:
            # A list, so that the generator always runs to its end or to the answer's exception.
            passed = list(_verdicts(cases, answers))
            print(f"{title}: {'passed' if passed and all(passed) else 'not yet'}")

        return check

    return decorate


def _verdicts(cases: Callable[..., Iterator[Case]], answers: tuple[Any, ...]) -> Iterator[bool]:
    try:
        for what, got, expected in cases(*answers):
            right = matches(got, expected)
            print(f"✓ {what}" if right else f"✗ {what}: got {_show(got)}, expected {_show(expected)}")
            yield right
    except NotImplementedError:
        print("✗ nothing here yet: replace the line that raises NotImplementedError")
        yield False
    except Exception as error:  # the reader's code may raise anything, and that is part of learning
        print(f"✗ your code stopped with {type(error).__name__}: {error}")
        yield False


def matches(got: Any, expected: Any) -> bool:
    """Whether an answer equals what was expected.

    Parameters
    ----------
    got, expected : anything
        Numbers, arrays and tensors are compared with a relative tolerance of 1e-5 after their shapes;
        everything else with ``==``.

    Returns
    -------
    bool
    """
    if isinstance(expected, str | bool | dict | set) or expected is None:
        return type(got) is type(expected) and bool(got == expected)
    if got is None:
        return False
    a, b = _as_array(got), _as_array(expected)
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return bool(got == expected)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6))


def _as_array(value: Any) -> np.ndarray:
    for step in ("detach", "cpu"):  # tensors of either framework
        value = getattr(value, step)() if hasattr(value, step) else value
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths: an answer like any other, only a wrong one
        return np.asarray(repr(value))


def _show(value: Any) -> str:
    if value is None or isinstance(value, str | bool | int):
        return repr(value)
    if isinstance(value, set) and value:  # in one order, whatever Python's hashes are today
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    array = _as_array(value)
    if array.dtype.kind not in "biufc":
        return repr(value)
    if array.size <= 6:
        return " ".join(np.array2string(array, precision=4, separator=", ").split())
    return f"an array of shape {array.shape} beginning {np.round(array.ravel()[:4], 4).tolist()}"
