"""Decision boundary: a small network learns two classes of points while one watches."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Real, Whole

DATA = ("xor", "circles", "spirals")
ACTIVATIONS = ("tanh", "relu", "sigmoid")


class DecisionBoundary(LessonWidget):
    """A multilayer perceptron trained in the browser by full-batch descent with momentum 0.9.

    Parameters
    ----------
    data : {"xor", "circles", "spirals"}
        Which 100 points are to be told apart.
    layers, width : int
        0 to 3 hidden layers of 1 to 8 units; 0 layers is the perceptron.
    activation : {"tanh", "relu", "sigmoid"}
        What bends the hidden units.
    lr : float
        Learning rate, 0.001 to 1.
    steps : int
        Updates done, 0 to 2000.
    noise : float
        Standard deviation added to the points, 0 to 0.4.
    seed : int
        Number of the points and of the first weights.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> DecisionBoundary(layers=0).describe()
    'A network without hidden layer learns xor: 0 steps of training at learning rate 0.1.'
    """

    title = "A small network draws its boundary"
    data = t.Enum(DATA, "xor").tag(sync=True)
    layers = Whole(1, 0, 3)
    width = Whole(4, 1, 8)
    activation = t.Enum(ACTIVATIONS, "tanh").tag(sync=True)
    lr = Real(0.1, 0.001, 1)
    steps = Whole(0, 0, 2000)
    noise = Real(0.05, 0, 0.4)
    seed = Whole(0, 0, 999)

    def describe(self) -> str:
        """Say the network, the data and how far training is."""
        hidden = f"with {self.layers} hidden layers of {self.width} {self.activation} units"
        if not self.layers:
            hidden = "without hidden layer"
        return f"A network {hidden} learns {self.data}: {self.steps} steps of training at learning rate {self.lr:g}."


def forward(weights: list[Any], points: np.ndarray, activation: str) -> list[np.ndarray]:
    """Return the values of every layer, the points first and the logits last."""
    bend: Any = {
        "tanh": np.tanh,
        "relu": lambda a: np.maximum(a, 0),
        "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    }[activation]
    values = [points]
    for i, (w, b) in enumerate(weights):
        a = values[-1] @ np.asarray(w).T + b
        values.append(a if i == len(weights) - 1 else bend(a))
    return values


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean binary cross-entropy in nats, computed without overflow."""
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def train(weights: list[Any], points: np.ndarray, labels: np.ndarray, settings: dict[str, Any]) -> list[Any]:
    """Return the weights after ``settings["steps"]`` updates of v = 0.9 v + g, w = w - lr v."""
    weights = [[np.array(w, float), np.array(b, float)] for w, b in weights]
    speed = [[np.zeros_like(w), np.zeros_like(b)] for w, b in weights]
    for _ in range(settings["steps"]):
        values = forward(weights, points, settings["activation"])
        delta = (1 / (1 + np.exp(-values[-1])) - labels[:, None]) / len(labels)
        grads = []
        for i in reversed(range(len(weights))):
            grads.append([delta.T @ values[i], delta.sum(0)])
            h = values[i]
            bend = {"tanh": 1 - h**2, "relu": h > 0, "sigmoid": h * (1 - h)}
            delta = (delta @ weights[i][0]) * bend[settings["activation"]]
        for pair, velocity, grad in zip(weights, speed, reversed(grads), strict=True):
            for k in (0, 1):
                velocity[k] = 0.9 * velocity[k] + grad[k]
                pair[k] = pair[k] - settings["lr"] * velocity[k]
    return weights
