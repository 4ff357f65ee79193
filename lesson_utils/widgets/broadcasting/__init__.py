"""Broadcasting: two shapes lined up from the right, and what becomes of each axis."""

from __future__ import annotations

from typing import Any

import traitlets as t

from ..base import LessonWidget, Numbers, Whole


class Broadcasting(LessonWidget):
    """Sum of two tensors of different shapes, axis by axis and cell by cell.

    A holds 0, 10, 20, … and B holds 0, 1, 2, …, so that a sum tells where it comes from.

    Parameters
    ----------
    a, b : list of int
        Two shapes of 0 to 4 axes, each axis 1 to 6 long.
    seed : int
        Number of the random pair of shapes that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Broadcasting(a=[3, 1], b=[4]).describe()
    'Broadcasting: (3, 1) + (4,) gives (3, 4), 12 numbers read from 7 stored.'
    >>> Broadcasting(a=[3, 4], b=[3]).describe()
    'Broadcasting: (3, 4) + (3,) does not fit: axis -1 has 4 and 3.'
    """

    title = "Which axes are stretched?"
    a = Numbers("axis", ((0, 4),), 1, 6, [3, 1])
    b = Numbers("axis", ((0, 4),), 1, 6, [3])
    seed = Whole(0, 0, 999)

    @t.validate("a", "b")
    def _whole_sizes(self, proposal: Any) -> Any:
        if not all(isinstance(size, int) for size in proposal["value"]):
            raise t.TraitError(f"'{proposal['trait'].name}' needs whole numbers, not {proposal['value']}")
        return proposal["value"]

    def describe(self) -> str:
        """Say both shapes and what they give."""
        left, right = tuple(self.a), tuple(self.b)
        shape = broadcast_shape(left, right)
        if shape is None:
            where = clashes(left, right)[-1]
            return f"Broadcasting: {left} + {right} does not fit: axis {where} has {left[where]} and {right[where]}."
        stored, shown = count(left) + count(right), count(shape)
        return f"Broadcasting: {left} + {right} gives {shape}, {shown} numbers read from {stored} stored."


def aligned(a: tuple[int, ...], b: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the sizes of both, axis by axis from the left; a missing axis counts as 1."""
    rank = max(len(a), len(b))
    return list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))


def clashes(a: tuple[int, ...], b: tuple[int, ...]) -> list[int]:
    """Return the axes, counted from the end, whose sizes differ without either being 1."""
    pairs = aligned(a, b)
    return [i - len(pairs) for i, (m, n) in enumerate(pairs) if m != n and 1 not in (m, n)]


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of the sum, or None where the shapes do not fit."""
    return None if clashes(a, b) else tuple(max(pair) for pair in aligned(a, b))


def count(shape: tuple[int, ...]) -> int:
    """Return how many numbers a shape holds."""
    product = 1
    for size in shape:
        product *= size
    return product
