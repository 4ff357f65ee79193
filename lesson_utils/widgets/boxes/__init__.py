"""Boxes: overlap, suppression and anchors."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole

_BOXES = [[12, 18, 52, 70], [18, 24, 58, 76], [8, 12, 44, 60], [56, 34, 92, 86], [50, 40, 88, 92]]
MODES = ("iou", "nms", "anchors")


class Boxes(LessonWidget):
    """Boxes on a canvas of 100 by 100 that can be dragged.

    Parameters
    ----------
    mode : {"iou", "nms", "anchors"}
        Overlap of the first two boxes, suppression among all, anchors for the first and last.
    boxes : array_like, shape (N, 4)
        2 to 6 boxes as left, top, right, bottom; 0 to 100.
    scores, classes : list of float, list of int
        One score from 0 to 1 and one class, 0 or 1, a box.
    iou_threshold, score_threshold, sigma : float
        Suppress above this overlap; drop below this score; width of soft suppression.
    soft, per_class : bool
        Gaussian soft suppression (Bodla et al., 2017); suppress within a class only.
    grid, scale, ratio : int, float, float
        Anchors stand on ``grid`` by ``grid`` centres; width / height is ratio, 1 and 1 / ratio.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Boxes(boxes=[[0, 0, 40, 40], [20, 0, 60, 40]]).describe()
    'Two boxes of areas 1600 and 1600: IoU 0.33, GIoU 0.33.'
    """

    title = "Boxes: overlap, suppression, anchors"
    mode = t.Enum(MODES, "iou").tag(sync=True)
    boxes = Numbers("box side", ((2, 6), (4, 4)), 0, 100, _BOXES)
    scores = Numbers("box", ((2, 6),), 0, 1, [0.9, 0.8, 0.6, 0.85, 0.7])
    classes = Numbers("box", ((2, 6),), 0, 1, [0, 0, 0, 1, 1])
    iou_threshold = Real(0.5, 0, 1)
    score_threshold = Real(0.05, 0, 1)
    sigma = Real(0.5, 0.05, 2)
    soft = t.Bool(False).tag(sync=True)
    per_class = t.Bool(False).tag(sync=True)
    grid = Whole(4, 1, 6)
    scale = Real(45, 10, 90)
    ratio = Real(2, 1, 4)
    seed = Whole(0, 0, 999)

    @t.validate("boxes")
    def _sides_in_order(self, proposal: Any) -> Any:
        for left, top, right, bottom in proposal["value"]:
            if left >= right or top >= bottom:
                raise t.TraitError(f"'boxes' has {[left, top, right, bottom]}: no area")
        return proposal["value"]

    def describe(self) -> str:
        """Say what the mode chosen gives."""
        a, b = np.array(self.boxes, dtype=float)[:2]
        n = len(self.boxes)
        if self.mode == "nms":
            return f"{n} boxes and non-maximum suppression above IoU {self.iou_threshold:g}."
        if self.mode == "anchors":
            return f"{3 * self.grid**2} anchors of scale {self.scale:g} against two boxes."
        return f"Two boxes of areas {area(a):g} and {area(b):g}: IoU {iou(a, b):.2f}, GIoU {giou(a, b):.2f}."


def area(box: np.ndarray) -> float:
    """Return the area of a box (left, top, right, bottom)."""
    return float((box[2] - box[0]) * (box[3] - box[1]))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Return intersection over union."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    return both / (area(a) + area(b) - both)


def giou(a: np.ndarray, b: np.ndarray) -> float:
    """Return IoU minus the empty share of the box around both (Rezatofighi et al., 2019)."""
    around = float(np.prod(np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])))
    overlap = iou(a, b)
    return overlap - 1 + (area(a) + area(b)) / (1 + overlap) / around


def suppress(
    boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, settings: dict[str, Any]
) -> list[tuple[int, float]]:
    """Return the boxes kept, best first, with the scores they are kept with."""
    left = {i: float(s) for i, s in enumerate(scores) if s >= settings["score_threshold"]}
    kept = []
    while left:
        best = max(left, key=lambda i: (left[i], -i))
        kept.append((best, left.pop(best)))
        for j in list(left):
            if settings["per_class"] and classes[j] != classes[best]:
                continue
            overlap = iou(boxes[best], boxes[j])
            if settings["soft"]:
                left[j] *= float(np.exp(-(overlap**2) / settings["sigma"]))
            if left[j] < settings["score_threshold"] or (not settings["soft"] and overlap > settings["iou_threshold"]):
                del left[j]
    return kept


def anchors(grid: int, scale: float, ratio: float) -> np.ndarray:
    """Return the anchors (3 grid^2, 4): row by row, then ratios ``ratio``, 1 and ``1 / ratio``."""
    rows = []
    for y, x, r in np.ndindex(grid, grid, 3):
        stretch = np.sqrt([ratio, 1, 1 / ratio][r])
        half = np.array([scale * stretch, scale / stretch]) / 2
        centre = (np.array([x, y]) + 0.5) * 100 / grid
        rows.append(np.concatenate([centre - half, centre + half]))
    return np.array(rows)
