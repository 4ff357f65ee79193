"""Digit pad: the reader draws, a network exported by the lesson answers in the browser."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Whole
from . import compact

PAD = 280  # the pad in units of the strokes
CELLS = 112  # and in cells, four to a pixel of the input
PEN, ERASER = 4, 8  # radii in cells
PATCHES = 14


class _Model(t.TraitType[Any, Any]):
    """A compact model, made from whatever `compact.read` takes; None is no model."""

    def validate(self, obj: Any, value: Any) -> Any:
        try:
            return compact.read(value)
        except ValueError as error:
            raise t.TraitError(f"'{self.name}' {error}") from None


class _Examples(t.TraitType[Any, Any]):
    """Pictures of 28 by 28 pixels as base64 text, made from arrays of numbers from 0 to 1."""

    def validate(self, obj: Any, value: Any) -> list[str]:
        if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
            sizes = {len(one) for one in value}
            if len(value) <= 40 and sizes <= {1048} and all(_bytes_in(one) == 784 for one in value):
                return list(value)
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError, OverflowError):
            array = np.zeros(0)
        if array.ndim == 4 and array.shape[1] == 1:
            array = array[:, 0]
        if array.shape[1:] != (28, 28) or len(array) > 40 or not ((array >= 0) & (array <= 1)).all():
            raise t.TraitError(f"'{self.name}' needs up to 40 pictures (N, 28, 28) of numbers from 0 to 1")
        pixels = np.floor(255 * array + 0.5).astype(np.uint8)
        return [base64.b64encode(picture.tobytes()).decode("ascii") for picture in pixels]


def _bytes_in(text: str) -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except ValueError:
        return -1


class _Strokes(t.TraitType[Any, Any]):
    """Lists [erase, x, y, x, y, …] of whole numbers: 0 or 1, then points of the pad."""

    def validate(self, obj: Any, value: Any) -> list[list[int]]:
        good = isinstance(value, (list, tuple)) and len(value) <= 400
        good = good and all(isinstance(one, (list, tuple)) and len(one) > 2 and len(one) % 2 for one in value)
        good = good and sum(map(len, value)) <= 8000
        for one in value if good else []:
            whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in one)
            good = good and whole and one[0] in (0, 1) and all(0 <= n <= PAD for n in one[1:])
        if not good:
            raise t.TraitError(f"'{self.name}' needs lists [erase, x, y, …] with points from 0 to {PAD}")
        return [[int(n) for n in one] for one in value]


class DigitPad(LessonWidget):
    """A pad to draw a digit on, and what a trained network says to it.

    Parameters
    ----------
    model : path, bytes, onnx.ModelProto or dict, optional
        An ONNX model from pictures (N, 1, 28, 28) with pixels from 0 to 1 to ten logits or
        probabilities, of at most 100,000 weights and 20 million multiply-adds.
    examples : array_like, shape (N, 28, 28) or (N, 1, 28, 28), optional
        Up to 40 digits with pixels from 0 to 1 that may stand on the pad; a drawn 3 by default.
    strokes : list of list of int
        What is drawn over it: [erase, x, y, x, y, …] in 280ths of the pad.
    seed : int
        Number of the example on the pad.
    blank : bool
        No example.
    centre : bool
        Scale the ink to 20 pixels and put its centre of mass in the middle, as MNIST was made
        (LeCun et al., 1998).
    invert : bool
        Dark ink on light paper.
    occlude : bool
        Show how much probability is lost where a patch is covered (Zeiler and Fergus, 2014).
    thick : int
        Quarters of a pixel by which the ink is thickened, -3 to 6.
    shift_x, shift_y : int
        Pixels by which the finished input is shifted, -10 to 10.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range, or the model has an operator that the browser does not know;
        the message names it.

    Examples
    --------
    >>> DigitPad(seed=3, thick=1).describe()
    'A pad to draw a digit on, without a network.'
    """

    title = "Draw a digit"
    model = _Model(None, allow_none=True).tag(sync=True)
    examples = _Examples([]).tag(sync=True)
    strokes = _Strokes([]).tag(sync=True)
    seed = Whole(0, 0, 999)
    blank = t.Bool(False).tag(sync=True)
    centre = t.Bool(True).tag(sync=True)
    invert = t.Bool(False).tag(sync=True)
    occlude = t.Bool(False).tag(sync=True)
    thick = Whole(0, -3, 6)
    shift_x = Whole(0, -10, 10)
    shift_y = Whole(0, -10, 10)

    def describe(self) -> str:
        """Say how large the network is."""
        if self.model is None:
            return "A pad to draw a digit on, without a network."
        return f"A pad to draw a digit on; a network of {compact.weights(self.model):,} weights answers."


def ink(strokes: list[list[int]], start: np.ndarray | None = None) -> np.ndarray:
    """Return the pad as (112, 112) numbers from 0 to 1 after these strokes.

    Parameters
    ----------
    strokes : list of list of int
        As the setting of that name.
    start : ndarray, shape (28, 28), optional
        Picture on the pad before.
    """
    cells = np.zeros((CELLS, CELLS)) if start is None else np.kron(start, np.ones((4, 4)))
    y, x = np.mgrid[:CELLS, :CELLS]
    for erase, *points in strokes:
        radius = ERASER if erase else PEN
        corners = np.reshape(points, (-1, 2)) * CELLS / PAD - 0.5
        for (x0, y0), (x1, y1) in zip(corners[[0, *range(len(corners) - 1)]], corners, strict=True):
            dx, dy = x1 - x0, y1 - y0
            along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy or 1), 0, 1)
            distance = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
            fresh = np.clip(radius + 0.5 - distance, 0, 1)
            cells = np.minimum(cells, 1 - fresh) if erase else np.maximum(cells, fresh)
    return cells


def thicken(cells: np.ndarray, radius: int) -> np.ndarray:
    """Return the largest (radius below 0: smallest) value within a disc around each cell."""
    r = abs(radius)
    padded = np.pad(cells, r)
    reach = range(-r, r + 1)
    discs = [(u, v) for u in reach for v in reach if u * u + v * v <= r * r]
    side = len(cells)
    copies = [padded[r + u : r + u + side, r + v : r + v + side] for u, v in discs]
    return np.max(copies, axis=0) if radius > 0 else np.min(copies, axis=0)


def _shares(count: int, low: int, high: int) -> np.ndarray:
    """Return how much of each cell each of `count` equal parts of [low, high) takes, as a mean."""
    edges = low + np.arange(count + 1) * (high - low) / count
    cell = np.arange(CELLS)
    overlap = np.minimum(edges[1:, None], cell + 1) - np.maximum(edges[:-1, None], cell)
    return np.maximum(overlap, 0) * count / (high - low)


def as_mnist(cells: np.ndarray, centre: bool = True, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Return the (28, 28) pixels from 0 to 255 that the network is given.

    Parameters
    ----------
    cells : ndarray, shape (112, 112)
        Ink from 0 to 1.
    centre : bool
        Longer side of the ink scaled to 20 pixels, centre of mass in the middle.
    shift : tuple of int
        Pixels to the right and down.
    """
    rows, columns = (np.flatnonzero((cells > 0.05).any(axis=axis)) for axis in (1, 0))
    picture = np.zeros((28, 28), np.uint8)
    if not len(rows):
        return picture
    boxes = [(0, CELLS), (0, CELLS)]
    sides = [28, 28]
    if centre:
        boxes = [(found[0], found[-1] + 1) for found in (rows, columns)]
        lengths = [high - low for low, high in boxes]
        sides = [max(1, int(20 * length / max(lengths) + 0.5)) for length in lengths]
    down, across = (_shares(side, *box) for side, box in zip(sides, boxes, strict=True))
    small = down @ cells @ across.T
    moves = [shift[1], shift[0]]  # ties are decided by millionths, as in the browser
    if centre:
        middle = [(np.arange(n) * small.sum(axis=1 - axis)).sum() / small.sum() for axis, n in enumerate(sides)]
        moves = [int(np.floor(14.5 - m + 1e-6)) + by for m, by in zip(middle, moves, strict=True)]
    for (y, x), value in np.ndenumerate(small):
        if 0 <= y + moves[0] < 28 and 0 <= x + moves[1] < 28:
            picture[y + moves[0], x + moves[1]] = int(255 * value + 0.5 + 1e-6)
    return picture
