"""Confusion matrix: what accuracy hides, for two classes and for several."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole


class Confusion(LessonWidget):
    """Precision, recall and their kin for a threshold on scores, or for an edited matrix.

    Parameters
    ----------
    mode : {"threshold", "matrix"}
        Two normal score distributions cut by a threshold, or a matrix of counts to edit.
    threshold : float
        Scores above it count as positive; 0 to 1.
    prevalence : float
        Share of positives, 0.01 to 0.99.
    separation : float
        Distance of the two means in standard deviations (d'), 0 to 4.
    matrix : list of lists of int
        Counts, true class by predicted class; 2 to 5 classes.
    labels : list of str
        Names of the classes; the missing ones are numbered.
    seed : int
        Number of the random matrix that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Confusion(prevalence=0.05, threshold=0.75).describe()
    'At threshold 0.75 and 5 % positives: accuracy 0.95, precision 0.65, recall 0.11.'
    """

    title = "What accuracy hides"
    mode = t.Enum(("threshold", "matrix"), "threshold").tag(sync=True)
    threshold = Real(0.5, 0, 1)
    prevalence = Real(0.05, 0.01, 0.99)
    separation = Real(1.5, 0, 4)
    matrix = Numbers("true predicted", ((2, 5), (2, 5)), 0, 100_000, [[90, 5, 5], [10, 30, 10], [2, 3, 5]])
    labels = t.List(t.Unicode(), [], maxlen=5).tag(sync=True)
    seed = Whole(0, 0, 999)

    @t.validate("matrix")
    def _square(self, proposal: Any) -> Any:
        matrix = proposal["value"]
        if len(matrix) != len(matrix[0]):
            raise t.TraitError("'matrix' must have as many rows as columns")
        return matrix

    def describe(self) -> str:
        """Say accuracy, precision and recall."""
        if self.mode == "matrix":
            m = averages(np.array(self.matrix))
            return f"{len(self.matrix)} classes: accuracy {m['accuracy']:.2f}, macro F1 {m['macro_f1']:.2f}."
        r = rates(binary(self.threshold, self.prevalence, self.separation))
        return (
            f"At threshold {self.threshold:g} and {100 * self.prevalence:g} % positives: accuracy "
            f"{r['accuracy']:.2f}, precision {r['precision']:.2f}, recall {r['recall']:.2f}."
        )


def binary(threshold: float, prevalence: float, separation: float) -> np.ndarray:
    """Return the shares [[TN, FP], [FN, TP]].

    The scores of the classes are normal with means -d'/2 and d'/2 and variance 1; the threshold
    from 0 to 1 stands for -4 to 4 on that axis.
    """
    cut = 8 * threshold - 4
    fpr = 1 - NormalDist(-separation / 2).cdf(cut)
    tpr = 1 - NormalDist(separation / 2).cdf(cut)
    return np.array(
        [[(1 - prevalence) * (1 - fpr), (1 - prevalence) * fpr],
         [prevalence * (1 - tpr), prevalence * tpr]]
    )  # fmt: skip


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else 0.0


def rates(matrix: np.ndarray) -> dict[str, float]:
    """Return accuracy and the rates of class 1 of a 2 by 2 matrix; 0 / 0 counts as 0."""
    (tn, fp), (fn, tp) = matrix
    return {
        "accuracy": _ratio(tn + tp, matrix.sum()),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "fpr": _ratio(fp, fp + tn),
    }


def averages(matrix: np.ndarray) -> dict[str, Any]:
    """Return each class's rates and their macro and micro averages."""
    classes = []
    for i in range(len(matrix)):
        tp, fp, fn = (
            matrix[i, i],
            matrix[:, i].sum() - matrix[i, i],
            matrix[i].sum() - matrix[i, i],
        )
        classes.append(rates(np.array([[matrix.sum() - tp - fp - fn, fp], [fn, tp]])))
    mean = {f"macro_{key}": float(np.mean([c[key] for c in classes])) for key in ("precision", "recall", "f1")}
    right = _ratio(np.trace(matrix), matrix.sum())
    return {"classes": classes, **mean, "accuracy": right, "micro_f1": right}
