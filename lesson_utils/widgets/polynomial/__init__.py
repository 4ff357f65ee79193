"""Polynomial: least squares of a chosen degree through noisy points, judged on points it never saw."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import LessonWidget, Real, Whole
from ..draws import normal, uniform

DEGREES = range(16)
VALIDATION = 100  # points, never fitted


class Polynomial(LessonWidget):
    """A polynomial fitted to noisy points of a known curve, with training and validation error.

    Parameters
    ----------
    degree : int
        0 to 15; the polynomial has one coefficient more.
    samples : int
        5 to 60 training points.
    noise : float
        0 to 1; standard deviation added to the curve, for training and validation alike.
    ridge : float
        0 to 1; this times the sum of the squared coefficients is added to the mean squared error.
    seed : int
        Number of the points.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Polynomial(degree=1, samples=20).describe()
    'A polynomial of degree 1 fitted to 20 points with noise 0.3: training error 0.71, validation error 0.80.'
    """

    title = "How much should a curve bend?"
    degree = Whole(9, 0, 15)
    samples = Whole(15, 5, 60)
    noise = Real(0.3, 0, 1)
    ridge = Real(0, 0, 1)
    seed = Whole(0, 0, 999)

    def describe(self) -> str:
        """Say the polynomial, the points and both errors."""
        x, y = points(self.samples, self.noise, self.seed)
        a = fit(x, y, self.degree, self.ridge)
        fresh = points(VALIDATION, self.noise, self.seed, part=1)
        return (
            f"A polynomial of degree {self.degree} fitted to {self.samples} points with noise {self.noise:g}: "
            f"training error {error(a, x, y):.2f}, validation error {error(a, *fresh):.2f}."
        )


def truth(x: Any) -> Any:
    """Return the curve behind the points, sin(4 x + 1)."""
    return np.sin(4 * np.asarray(x) + 1)


def points(samples: int, noise: float, seed: int, part: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return x, one in each of equal cells of [-1, 1], and noisy y; part 0 trains, part 1 validates."""
    # Away from the cells' borders, so that no two x are equal and least squares stays solvable.
    each = np.arange(samples)
    cells = (each + 0.1 + 0.8 * uniform(seed, part, each, 3)) / samples
    x = [round(float(2 * cell - 1), 3) for cell in cells]
    y = [round(float(truth(a) + noise * b), 3) for a, b in zip(x, normal(seed, part, each), strict=True)]
    return np.array(x), np.array(y)


def basis(x: np.ndarray, degree: int) -> np.ndarray:
    """Return the Chebyshev polynomials T_0 to T_degree at x, one a column."""
    return np.polynomial.chebyshev.chebvander(x, degree)


def fit(x: np.ndarray, y: np.ndarray, degree: int, ridge: float = 0.0) -> np.ndarray:
    """Return the coefficients of least mean squared error plus ridge times their squares.

    With fewer points than coefficients and no ridge, the shortest of all exact solutions.
    """
    penalty = np.sqrt(len(x) * ridge) * np.eye(degree + 1)
    table = np.vstack([basis(x, degree), penalty])
    return np.linalg.lstsq(table, np.append(y, np.zeros(degree + 1)), rcond=None)[0]


def error(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Return the root of the mean squared error, in the units of y."""
    off = basis(x, len(coefficients) - 1) @ coefficients - y
    return float(np.sqrt((off**2).mean()))
