"""Softmax and cross-entropy: from scores to probabilities, loss and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole


class Softmax(LessonWidget):
    """Logits, temperature, shift and label smoothing against probabilities, loss and gradient.

    Parameters
    ----------
    logits : list of float
        2 to 6 scores from -6 to 6, one a class.
    temperature : float
        0.1 to 5; divides the logits.
    shift : float
        -5 to 5; is added to every logit, which changes nothing.
    smoothing : float
        0 to 0.5; this part of the target is spread evenly over all classes.
    target : int
        Index of the right class.
    seed : int
        Number of the random logits that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Softmax(logits=[2, 1, 0.1]).describe()
    'Softmax of the logits 2, 1, 0.1 at temperature 1: probabilities 0.66, 0.24, 0.10; loss 0.42.'
    """

    title = "Softmax: from scores to a loss"
    logits = Numbers("class", ((2, 6),), -6, 6, [2, 1, 0.1])
    temperature = Real(1, 0.1, 5)
    shift = Real(0, -5, 5)
    smoothing = Real(0, 0, 0.5)
    target = Whole(0, 0, 5)
    seed = Whole(0, 0, 999)

    @t.validate("target", "logits")
    def _target_exists(self, proposal: Any) -> Any:
        values = {"target": self.target, "logits": self.logits}
        values[proposal["trait"].name] = proposal["value"]
        if values["target"] >= len(values["logits"]):
            raise t.TraitError(f"'target' is {values['target']}, but 'logits' has {len(values['logits'])} entries")
        return proposal["value"]

    def describe(self) -> str:
        """Say the logits, the probabilities and the loss."""
        p = probabilities(self.logits, self.temperature)
        y = soft_target(len(p), self.target, self.smoothing)
        return (
            f"Softmax of the logits {', '.join(f'{z:g}' for z in self.logits)} at temperature "
            f"{self.temperature:g}: probabilities {', '.join(f'{v:.2f}' for v in p)}; "
            f"loss {cross_entropy(self.logits, y, self.temperature):.2f}."
        )


def probabilities(logits: Any, temperature: float = 1.0) -> np.ndarray:
    """Return exp(z / T) / sum exp(z / T), computed without overflow."""
    z = np.asarray(logits, dtype=float) / temperature
    weights = np.exp(z - z.max())
    return weights / weights.sum()


def soft_target(classes: int, target: int, smoothing: float = 0.0) -> np.ndarray:
    """Return the one-hot target with a part of it spread evenly over all classes."""
    return (1 - smoothing) * np.eye(classes)[target] + smoothing / classes


def cross_entropy(logits: Any, y: np.ndarray, temperature: float = 1.0) -> float:
    """Return -sum y log p in nats."""
    z = np.asarray(logits, dtype=float) / temperature
    log_p = z - z.max() - np.log(np.exp(z - z.max()).sum())
    return float(-(y * log_p).sum())


def entropy(p: np.ndarray) -> float:
    """Return -sum p log p in nats; 0 log 0 is 0."""
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())


def gradient(logits: Any, y: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return d loss / d logits = (p - y) / T."""
    return (probabilities(logits, temperature) - y) / temperature
