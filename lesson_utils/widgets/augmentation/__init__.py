"""Augmentation: what one picture, and its label, become on the way into a batch."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Real, Whole
from ..draws import normal, uniform

GREY = np.array([0.2989, 0.587, 0.114])
REACH = 6  # pixels to either side that the blur looks at


class _Pictures(t.TraitType[Any, Any]):
    """Two square pictures as base64 text, made from arrays of numbers from 0 to 1 or of bytes."""

    def validate(self, obj: Any, value: Any) -> list[str]:
        if isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(one, str) for one in value):
            if len({shape_of(one) for one in value}) == 1 and shape_of(value[0]):
                return list(value)
        try:
            array = np.asarray(value)
            array = (array if array.dtype == np.uint8 else np.floor(255 * array.astype(float) + 0.5)) + 0.0
        except (TypeError, ValueError, OverflowError):
            array = np.zeros(0)
        if array.ndim == 4 and array.shape[1] == 1:
            array = array[:, 0]
        square = array.ndim in (3, 4) and len(array) == 2 and array.shape[1] == array.shape[2]
        if not square or not 8 <= array.shape[1] <= 64 or array.shape[3:] not in {(), (3,)}:
            self._fail()
        if not ((array >= 0) & (array <= 255)).all():
            self._fail()
        return [base64.b64encode(one.astype(np.uint8).tobytes()).decode("ascii") for one in array]

    def _fail(self) -> None:
        words = "needs two square pictures (2, S, S) or (2, S, S, 3), S from 8 to 64, of numbers from 0 to 1"
        raise t.TraitError(f"'{self.name}' {words}")


class _Labels(t.TraitType[Any, Any]):
    """The names of the two pictures."""

    def validate(self, obj: Any, value: Any) -> list[str]:
        good = isinstance(value, (list, tuple)) and len(value) == 2
        if not good or not all(isinstance(one, str) and 0 < len(one) <= 20 for one in value):
            raise t.TraitError(f"'{self.name}' needs two names of up to 20 letters")
        return list(value)


def shape_of(text: str) -> tuple[int, int] | None:
    """Return side and channels of a picture in base64; a length fits only one pair of them."""
    try:
        size = len(base64.b64decode(text, validate=True))
    except ValueError:
        return None
    for channels in (1, 3):
        side = round((size / channels) ** 0.5)
        if 8 <= side <= 64 and side * side * channels == size:
            return side, channels
    return None


class Augmentation(LessonWidget):
    """One picture turned, moved, coloured, spoilt and mixed with another, with the label it then has.

    Parameters
    ----------
    pictures : array_like, shape (2, S, S) or (2, S, S, 3), optional
        The picture and the one it is mixed with, 8 to 64 pixels a side, numbers from 0 to 1 or bytes;
        a cat and a cup of coffee by default.
    labels : list of str
        What the two show.
    flip : bool
        Left and right exchanged.
    shift_x, shift_y : int
        Pixels to the right and down, -16 to 16.
    rotation : float
        Degrees clockwise, -180 to 180.
    scale : float
        0.5 to 2; above 1 the borders are cropped away.
    shear : float
        Pixels to the right for each pixel down, -0.6 to 0.6.
    perspective : float
        How far the picture is swung about its upright axis, -0.6 to 0.6.
    blur : float
        Spread of the blur in pixels, 0 to 3.
    brightness, contrast, saturation : float
        Factors from 0 to 2.
    noise : float
        Spread of the noise, 0 to 0.5.
    erase : float
        Side of the black box as a share of the picture's, 0 to 0.6.
    mix : float
        Share of the second picture, 0 to 1.
    seed : int
        Of the noise and the place of the box.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Augmentation(flip=True, mix=0.3).describe()
    'A picture of 48 by 48 pixels, augmented: flipped, mixed with another. Label: 70 % cat, 30 % coffee.'
    """

    title = "What the network is shown"
    pictures = _Pictures().tag(sync=True)
    labels = _Labels(["cat", "coffee"]).tag(sync=True)
    flip = t.Bool(False).tag(sync=True)
    shift_x = Whole(0, -16, 16)
    shift_y = Whole(0, -16, 16)
    rotation = Real(0, -180, 180)
    scale = Real(1, 0.5, 2)
    shear = Real(0, -0.6, 0.6)
    perspective = Real(0, -0.6, 0.6)
    blur = Real(0, 0, 3)
    brightness = Real(1, 0, 2)
    contrast = Real(1, 0, 2)
    saturation = Real(1, 0, 2)
    noise = Real(0, 0, 0.5)
    erase = Real(0, 0, 0.6)
    mix = Real(0, 0, 1)
    seed = Whole(0, 0, 999)

    @t.default("pictures")
    def _cat_and_coffee(self) -> list[str]:
        from lesson_utils.data import load  # reads two files: only if they are wanted

        cat, coffee = load("photos", "chelsea")[6:294, 100:388], load("photos", "coffee")[30:366, 130:466]
        return [_shrunk(cat, 48), _shrunk(coffee, 48)]

    def describe(self) -> str:
        """Say what is done and which label results."""
        steps = {
            "flipped": self.flip,
            "moved": self.shift_x or self.shift_y,
            "turned": self.rotation,
            "scaled": self.scale != 1,
            "sheared": self.shear or self.perspective,
            "blurred": self.blur,
            "recoloured": (self.brightness, self.contrast, self.saturation) != (1, 1, 1),
            "noisy": self.noise,
            "partly erased": self.erase,
            "mixed with another": self.mix,
        }
        done = ", ".join(step for step, wanted in steps.items() if wanted) or "not at all"
        side, _ = shape_of(self.pictures[0]) or (0, 0)
        shares = zip(self.labels, (1 - self.mix, self.mix), strict=True)
        label = ", ".join(f"{share:.0%}".replace("%", " %") + f" {name}" for name, share in shares if share)
        return f"A picture of {side} by {side} pixels, augmented: {done}. Label: {label}."


def _shrunk(picture: np.ndarray, side: int) -> str:
    block = len(picture) // side
    means = picture.reshape(side, block, side, block, 3).mean(axis=(1, 3))
    return base64.b64encode(np.round(means).astype(np.uint8).tobytes()).decode("ascii")


def pixels(text: str) -> np.ndarray:
    """Return a picture of the setting `pictures` as numbers from 0 to 1, shape (S, S, C)."""
    side, channels = shape_of(text) or (0, 1)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(side, side, channels) / 255


def matrix(s: dict[str, Any], side: int) -> np.ndarray:
    """Return the 3 by 3 matrix from a place of the result to the place it is read from.

    Places run from -1 to 1 across the picture, as for ``grid_sample``.
    """
    turn, h = np.deg2rad(s["rotation"]), s["shear"]
    back = np.array([[1, -h], [0, 1]]) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    back = np.diag([-1 if s["flip"] else 1, 1]) @ back / s["scale"]
    m = np.eye(3)
    m[:2, :2] = back
    m[:2, 2] = -back @ np.array([s["shift_x"], s["shift_y"]]) * 2 / side
    return m @ np.array([[1, 0, 0], [0, 1, 0], [s["perspective"], 0, 1]])


def warp(x: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, float]:
    """Read a picture at the places a matrix names; black lies around it.

    Returns
    -------
    ndarray, shape (S, S, C)
    float
        Share of the places outside the picture.
    """
    side = len(x)
    centres = (2 * np.arange(side) + 1) / side - 1
    across, down = np.meshgrid(centres, centres)
    u, v, w = np.einsum("ij,jyx->iyx", m, np.stack([across, down, np.ones_like(down)]))
    u, v = u / w, v / w
    column, row = ((place + 1) * side / 2 - 0.5 for place in (u, v))
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    out = np.zeros_like(x)
    for dy in (0, 1):
        for dx in (0, 1):
            y, z = top + dy, left + dx
            inside = (y >= 0) & (y < side) & (z >= 0) & (z < side)
            weight = (1 - abs(row - y)) * (1 - abs(column - z)) * inside
            out += weight[..., None] * x[y.clip(0, side - 1), z.clip(0, side - 1)]
    return out, float(((abs(u) > 1) | (abs(v) > 1)).mean())


def blurred(x: np.ndarray, spread: float) -> np.ndarray:
    """Blur with a Gaussian cut off six pixels away; the border's pixels are repeated outwards."""
    if not spread:
        return x
    places = np.arange(-REACH, REACH + 1)
    kernel = np.exp(-(places**2) / (2 * spread**2))
    kernel /= kernel.sum()
    side = len(x)
    padded = np.pad(x, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    rows = np.array([w * padded[i : i + side] for i, w in enumerate(kernel)]).sum(0)
    return np.array([w * rows[:, i : i + side] for i, w in enumerate(kernel)]).sum(0)


def solve(s: dict[str, Any]) -> dict[str, Any]:
    """Return everything that is shown for these settings.

    Returns
    -------
    dict
        pixels (S, S, C), label (2,), box (top, left, side), and the shares of the pixels that come
        from outside and of the values that were cut off at black or white.
    """
    x, other = map(pixels, s["pictures"])
    side = len(x)
    x, outside = warp(x, matrix(s, side))
    x = blurred(x, s["blur"])
    lost = np.zeros(x.shape, bool)

    def clipped(y: np.ndarray) -> np.ndarray:
        nonlocal lost
        lost = lost | (y < -1e-9) | (y > 1 + 1e-9)
        return y.clip(0, 1)

    if s["brightness"] != 1:
        x = clipped(s["brightness"] * x)
    if s["contrast"] != 1:
        x = clipped(_grey(x).mean() + s["contrast"] * (x - _grey(x).mean()))
    if s["saturation"] != 1:
        x = clipped(_grey(x) + s["saturation"] * (x - _grey(x)))
    if s["noise"]:
        x = clipped(x + s["noise"] * normal(s["seed"], 1, np.arange(x.size)).reshape(x.shape))
    size = int(s["erase"] * side + 0.5)
    top, left = (int(uniform(s["seed"], key) * (side - size + 1)) for key in (2, 3))
    x[top : top + size, left : left + size] = 0
    mixed = (1 - s["mix"]) * x + s["mix"] * other
    label = [1 - s["mix"], s["mix"]]
    return {"pixels": mixed, "label": label, "box": [top, left, size], "outside": outside, "lost": float(lost.mean())}


def _grey(x: np.ndarray) -> np.ndarray:
    return (x * GREY).sum(-1, keepdims=True) if x.shape[-1] == 3 else x
