"""Optimizer race: six update rules from one start on one surface."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole

SURFACES = ("quadratic", "rosenbrock", "saddle", "ripples")
RULES = ("SGD", "Momentum", "AdaGrad", "RMSProp", "Adam", "AdamW")


class OptimizerRace(LessonWidget):
    """Paths of six optimizers over a surface of two parameters.

    Parameters
    ----------
    surface : {"quadratic", "rosenbrock", "saddle", "ripples"}
        What is minimised.
    start : list of float
        First x and y, from -3 to 3 and from -2 to 2.
    lr, beta, weight_decay : float
        Learning rate, momentum (Adam's first beta) and decay; all rules use the same.
    kappa : float
        Condition number of the quadratic bowl.
    steps : int
        10 to 200 updates.
    follow : {"SGD", "Momentum", "AdaGrad", "RMSProp", "Adam", "AdamW"}
        The rule drawn in bold and written as code.
    compare : bool
        Draw the other rules too.
    seed : int
        Number of the start point that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> OptimizerRace(lr=0.09).describe()
    'Six optimizers, quadratic surface, 60 steps at learning rate 0.09; SGD ends at loss 3.8e-05.'
    """

    title = "A race of optimizers"
    surface = t.Enum(SURFACES, "quadratic").tag(sync=True)
    start = Numbers("coordinate", ((2, 2),), -3, 3, [-2.5, 1.2])
    lr = Real(0.09, 0.0001, 2)
    beta = Real(0.9, 0, 0.99)
    weight_decay = Real(0, 0, 1)
    kappa = Real(20, 1, 100)
    steps = Whole(60, 10, 200)
    follow = t.Enum(RULES, "SGD").tag(sync=True)
    compare = t.Bool(True).tag(sync=True)
    seed = Whole(0, 0, 999)

    def describe(self) -> str:
        """Say the surface, the learning rate and how the rule followed ends."""
        path = descend(self.follow, self.public_state())
        end = f"ends at loss {loss(path[-1], self.surface, self.kappa):.1e}"
        if len(path) <= self.steps:
            end = f"diverges at step {len(path) - 1}"
        return (
            f"Six optimizers, {self.surface} surface, {self.steps} steps at learning rate "
            f"{self.lr:g}; {self.follow} {end}."
        )


def loss(point: Any, surface: str, kappa: float = 20.0) -> float:
    """Return the height of a surface; every surface has its minimum at 0."""
    x, y = (float(v) for v in point)
    if surface == "quadratic":
        return 0.5 * (x * x + kappa * y * y)
    if surface == "rosenbrock":
        return (1 - x) ** 2 + 10 * (y - x * x) ** 2
    if surface == "saddle":
        return 0.5 * x * x - 0.5 * y * y + 0.1 * y**4 + 0.625
    return 0.5 * (x * x + y * y) + 0.5 * (2 - np.cos(4 * x) - np.cos(4 * y))


def slope(point: Any, surface: str, kappa: float = 20.0) -> np.ndarray:
    """Return the gradient of a surface."""
    x, y = (float(v) for v in point)
    if surface == "quadratic":
        return np.array([x, kappa * y])
    if surface == "rosenbrock":
        return np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)])
    if surface == "saddle":
        return np.array([x, -y + 0.4 * y**3])
    return np.array([x + 2 * np.sin(4 * x), y + 2 * np.sin(4 * y)])


def descend(rule: str, settings: dict[str, Any]) -> np.ndarray:
    """Return the path (steps + 1, 2) of a rule as torch.optim computes it; ends early above 1e6."""
    lr, beta, decay = (settings[name] for name in ("lr", "beta", "weight_decay"))
    point = np.array(settings["start"], dtype=float)
    first, second = np.zeros(2), np.zeros(2)
    path = [point]
    for i in range(1, settings["steps"] + 1):
        g = slope(point, settings["surface"], settings["kappa"])
        if rule == "AdamW":
            point = point * (1 - lr * decay)
        else:
            g = g + decay * path[-1]
        if rule == "SGD":
            move = g
        elif rule == "Momentum":
            first = move = beta * first + g
        elif rule in ("AdaGrad", "RMSProp"):
            keep, add = (1, 1) if rule == "AdaGrad" else (0.99, 0.01)
            second = keep * second + add * g * g
            move = g / (np.sqrt(second) + (1e-10 if rule == "AdaGrad" else 1e-8))
        else:
            first, second = beta * first + (1 - beta) * g, 0.999 * second + 0.001 * g * g
            move = first / (1 - beta**i) / (np.sqrt(second / (1 - 0.999**i)) + 1e-8)
        point = point - lr * move
        path.append(point)
        if not (np.abs(point) < 1e6).all():
            break
    return np.array(path)
