"""Convolution: where every number of an output comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Whole


class Convolution(LessonWidget):
    """Two-dimensional convolution, one output cell at a time.

    Parameters
    ----------
    size : int
        Height and width of the input, 3 to 9 pixels.
    kernel_size, stride, padding, dilation : int
        As in ``Conv2d``: 1 to 5, 1 to 4, 0 to 2, 1 to 3.
    in_channels, out_channels, groups : int
        1 to 4 channels; the groups divide both.
    image : array_like, shape (C, H, W) or (H, W), optional
        Pixels. The size and the channels follow it unless they are stated too.
    kernel : array_like, shape (out_channels, in_channels / groups, k, k), optional
        Weights. What image and kernel leave open is filled from ``seed``.
    seed : int
        0 draws a seven and edge kernels, any other number draws random ones.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range or does not fit the others; the message names it.

    Examples
    --------
    >>> Convolution(size=7, kernel_size=3, stride=2).describe()  # doctest: +ELLIPSIS
    'Convolution of a 7 by 7 input with a 3 by 3 kernel, stride 2, ... gives a 3 by 3 output.'
    """

    title = "Convolution, cell by cell"
    size = Whole(7, 3, 9)
    kernel_size = Whole(3, 1, 5)
    stride = Whole(1, 1, 4)
    padding = Whole(0, 0, 2)
    dilation = Whole(1, 1, 3)
    in_channels = Whole(1, 1, 4)
    out_channels = Whole(1, 1, 4)
    groups = Whole(1, 1, 4)
    image = Numbers("channel row column", ((1, 4), (3, 9), (3, 9)))
    kernel = Numbers("output input row column", ((1, 4), (1, 4), (1, 5), (1, 5)))
    seed = Whole(0, 0, 999)

    def __init__(self, **settings: Any) -> None:
        image, kernel = _array(settings.get("image")), _array(settings.get("kernel"))
        if image.ndim == 2:
            settings["image"] = image = image[None]
        if image.ndim == 3:
            _follow(settings, "image", ["in_channels", "size", "size"], image.shape)
        if kernel.ndim == 4:
            names = ["out_channels", "in_channels", "kernel_size", "kernel_size"]
            one_group = settings.get("groups", 1) == 1
            _follow(settings, "kernel", names if one_group else [names[0], "", *names[2:]], kernel.shape)
        super().__init__(**settings)

    @t.validate("groups", "in_channels", "out_channels")
    def _groups_divide(self, proposal: Any) -> int:
        channels = {"in_channels": self.in_channels, "out_channels": self.out_channels}
        values = {**channels, "groups": self.groups, proposal["trait"].name: proposal["value"]}
        for name in channels:
            if values[name] % values["groups"]:
                raise t.TraitError(f"'groups' ({values['groups']}) must divide '{name}' ({values[name]})")
        return proposal["value"]

    def describe(self) -> str:
        """Say what goes in and what comes out."""
        k, n = self.kernel_size, self.size
        out = output_size(n, k, self.stride, self.padding, self.dilation)
        return (
            f"Convolution of a {n} by {n} input with a {k} by {k} kernel, stride {self.stride}, "
            f"padding {self.padding}, dilation {self.dilation}, {self.in_channels} channels in, "
            f"{self.out_channels} out, {self.groups} groups: gives a {out} by {out} output."
        )


def _array(value: Any) -> np.ndarray:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return np.zeros(0)  # the trait says better what is wrong


def _follow(settings: dict[str, Any], source: str, names: list[str], shape: tuple[int, ...]) -> None:
    for name, length in zip(names, shape, strict=True):
        if name and settings.setdefault(name, length) != length:
            raise t.TraitError(f"'{source}' has the shape {shape}, but '{name}' is {settings[name]}")


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return how many windows fit: the floor formula of Conv2d, 0 if not even one fits."""
    return max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def counts(
    size: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    cin: int,
    cout: int,
    groups: int,
) -> dict[str, int]:
    """Return the weights and the multiply-adds of one image (no bias)."""
    weights = cout * (cin // groups) * kernel**2
    return {
        "weights": weights,
        "macs": weights * output_size(size, kernel, stride, padding, dilation) ** 2,
    }


def convolve(
    image: np.ndarray,
    kernel: np.ndarray,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide a kernel (O, C / groups, k, k) over an image (C, H, W); nothing is flipped."""
    cout, per_group, k, _ = kernel.shape
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    side = output_size(image.shape[1], k, stride, padding, dilation)
    out = np.zeros((cout, side, side))
    reach = dilation * (k - 1) + 1
    for o, y, x in np.ndindex(*out.shape):
        first = o // (cout // groups) * per_group
        window = padded[first : first + per_group, y * stride :, x * stride :]
        out[o, y, x] = (window[:, :reach:dilation, :reach:dilation] * kernel[o]).sum()
    return out
