"""Positions: how a sequence model is told where a token stands."""

from __future__ import annotations

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole

KINDS = ("sinusoidal", "rotary", "learned")


class Positions(LessonWidget):
    """Position codes as a heatmap, and the dot product of two of them against their distance.

    Parameters
    ----------
    kind : {"sinusoidal", "rotary", "learned"}
        Sines added (Vaswani et al., 2017), queries and keys turned (Su et al., 2021), or a table.
    width : int
        Size d of a code; even, 4 to 64.
    length : int
        Number of positions, 8 to 64.
    base : float
        Base of the wavelengths, 10 to 100,000.
    first, second : int
        The two positions compared.
    table : array_like, shape (length, width), optional
        A learned table, for instance of a trained model; without it a random one stands in.
    seed : int
        Number of the random table, and of the random vector that rotary codes turn.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Positions().describe()
    'sinusoidal positions, d = 32: the codes of positions 10 and 14 have the dot product 11.66.'
    """

    title = "Where does a token stand?"
    kind = t.Enum(KINDS, "sinusoidal").tag(sync=True)
    width = Whole(32, 4, 64)
    length = Whole(48, 8, 64)
    base = Real(10_000, 10, 100_000)
    first = Whole(10, 0, 63)
    second = Whole(14, 0, 63)
    table = Numbers("position column", ((8, 64), (4, 64)))
    seed = Whole(0, 0, 999)

    @t.validate("width")
    def _even(self, proposal: dict[str, int]) -> int:
        if proposal["value"] % 2:
            raise t.TraitError(f"'width' must be even, not {proposal['value']}")
        return proposal["value"]

    def describe(self) -> str:
        """Say the kind and, for sines, the dot product of the two positions."""
        words = f"{self.kind} positions, d = {self.width}"
        if self.kind != "sinusoidal":
            return f"{words}: positions {self.first} and {self.second} compared."
        codes = sinusoidal(64, self.width, self.base)
        value = codes[self.first] @ codes[self.second]
        return f"{words}: the codes of positions {self.first} and {self.second} have the dot product {value:.2f}."


def angles(length: int, width: int, base: float = 10_000.0) -> np.ndarray:
    """Return position / base^(2 i / d), shape (length, d / 2)."""
    return np.arange(length)[:, None] / base ** (np.arange(0, width, 2) / width)


def sinusoidal(length: int, width: int, base: float = 10_000.0) -> np.ndarray:
    """Return the codes (length, d): sine in even columns, cosine in odd ones."""
    turn = angles(length, width, base)
    return np.stack([np.sin(turn), np.cos(turn)], axis=2).reshape(length, width)


def rotate(vector: np.ndarray, position: int, base: float = 10_000.0) -> np.ndarray:
    """Return the vector (d,) with every pair of columns turned by the position's angles."""
    turn = angles(position + 1, len(vector), base)[position]
    even, odd = vector[::2], vector[1::2]
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=1).ravel()
