"""Receptive field: how far a unit can see, and how much of that it uses."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Whole

# kernel, stride, padding, dilation: smallest and largest
_LIMITS = ((1, 7), (1, 3), (0, 6), (1, 4), (0, 1))


class ReceptiveField(LessonWidget):
    """A stack of one-dimensional layers and the field of one of its units.

    Parameters
    ----------
    layers : list of (kernel, stride, padding, dilation, pool)
        1 to 6 layers; ``pool`` is 1 for average pooling and 0 for a convolution.
    size : int
        16 to 48 pixels of input.
    depth : int
        Whose unit is looked at: the first layer's is 1; 0 means the last layer's.
    unit : int
        Index of the unit; -1 is the one in the middle.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Notes
    -----
    The effective field counts pixels whose gradient is more than 4.55 % of the largest, as in
    Luo et al., "Understanding the effective receptive field" (2016), here with equal weights.

    Examples
    --------
    >>> ReceptiveField().describe()
    '3 layers over 24 pixels: a unit at the end sees 7 pixels, at steps of 1.'
    """

    title = "How far can a unit see?"
    layers = Numbers("layer setting", ((1, 6), (5, 5)), 0, 7, [[3, 1, 1, 1, 0]] * 3)
    size = Whole(24, 16, 48)
    depth = Whole(0, 0, 6)
    unit = Whole(-1, -1, 60)

    @t.validate("layers")
    def _settings_fit(self, proposal: Any) -> Any:
        for layer in proposal["value"]:
            for value, (low, high) in zip(layer, _LIMITS, strict=True):
                if not (isinstance(value, int) and low <= value <= high):
                    raise t.TraitError(f"'layers' has {layer}; the limits are {_LIMITS}")
            if layer[4] and (layer[3] > 1 or 2 * layer[2] > layer[0]):
                raise t.TraitError(f"'layers' has {layer}: no such pooling in the frameworks")
        return proposal["value"]

    def describe(self) -> str:
        """Say how many layers there are and what the last one sees."""
        last = trace(self.layers, self.size)[-1]
        return (
            f"{len(self.layers)} layers over {self.size} pixels: a unit at the end sees "
            f"{last['field']} pixels, at steps of {last['jump']}."
        )


def trace(layers: list[list[int]], size: int) -> list[dict[str, float]]:
    """Return size, jump, field and start (centre of unit 0) of the input and of every layer."""
    rows: list[dict[str, float]] = [{"size": size, "jump": 1, "field": 1, "start": 0}]
    for k, s, p, d, _ in layers:
        before = rows[-1]
        rows.append(
            {
                "size": max(0, (before["size"] + 2 * p - d * (k - 1) - 1) // s + 1),
                "jump": before["jump"] * s,
                "field": before["field"] + (k - 1) * d * before["jump"],
                "start": before["start"] + (d * (k - 1) / 2 - p) * before["jump"],
            }
        )
    return rows


def backpropagate(layers: list[list[int]], size: int, unit: int) -> np.ndarray:
    """Return d unit / d pixel for equal weights 1 / k, as the product of the layers' matrices."""
    sizes = [int(row["size"]) for row in trace(layers, size)]
    slope = np.eye(sizes[-1])[unit]
    for (k, s, p, d, _), before, after in zip(layers[::-1], sizes[-2::-1], sizes[:0:-1], strict=True):
        matrix = np.zeros((after, before))
        for i, tap in np.ndindex(after, k):
            if 0 <= i * s - p + tap * d < before:
                matrix[i, i * s - p + tap * d] += 1 / k
        slope = slope @ matrix
    return slope
