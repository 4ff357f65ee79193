"""Figures of the lessons: one style, one palette, alt text always.

Figures are SVG with text as text.
"""

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lesson_utils.palette import COLORS, GRID, INK, MUTED, PAPER

if TYPE_CHECKING:
    from lesson_utils.history import History

STYLE: Any = {
    "figure.figsize": (6.4, 3.4), "figure.facecolor": PAPER, "figure.constrained_layout.use": True,
    "axes.facecolor": PAPER, "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.titlecolor": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS), "axes.titlesize": 11, "axes.labelsize": 10.5,
    "grid.color": GRID, "grid.linewidth": 0.7, "text.color": INK, "xtick.color": MUTED,
    "ytick.color": MUTED, "legend.frameon": False, "legend.labelcolor": INK, "lines.linewidth": 1.9, "font.size": 10.5,
    "font.family": "sans-serif", "svg.fonttype": "none", "svg.hashsalt": "lessons", "image.cmap": "gray",
}  # fmt: skip
# One style for the whole kernel: legends and labels are added after the axes exist, so a context would miss them.
plt.rcParams.update(STYLE)


def figure(rows: int = 1, cols: int = 1, size: tuple[float, float] | None = None, **kwargs: Any) -> Any:
    """``plt.subplots`` in the style of the book.

    Parameters
    ----------
    rows, cols : int
        Grid of axes.
    size : tuple of float, optional
        Width and height in inches; a page column is 6.4 wide.
    **kwargs
        Handed on to ``plt.subplots``.

    Returns
    -------
    fig : Figure
    axes : Axes or ndarray of Axes
    """
    fig, axes = plt.subplots(rows, cols, figsize=size, **kwargs)
    plt.close(fig)  # shown by `show`, and only there
    return fig, axes


def show(fig: Figure, alt: str) -> None:
    """Display a figure as themed SVG with alternative text.

    Parameters
    ----------
    fig : Figure
        From `figure`, `curves`, `images` or matplotlib itself.
    alt : str
        What the figure shows, for those who cannot see it: the shape of the curve, the finding.

    Raises
    ------
    ValueError
        If `alt` has fewer than 15 characters.
    """
    from IPython.display import display

    if len(alt.strip()) < 15:
        raise ValueError(f"alt text {alt!r} says too little; write what the figure shows")
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    plt.close(fig)
    display({"image/svg+xml": tidy_svg(buffer.getvalue()), "text/plain": alt}, raw=True)


def tidy_svg(svg: str) -> str:
    """Make matplotlib's SVG fit to stand inline in a page.

    Parameters
    ----------
    svg : str
        As matplotlib writes it.

    Returns
    -------
    str
        From ``<svg`` on, without metadata, group ids and style elements (in a page they would act on
        everything else); styles as attributes, which a strict content security policy allows; coordinates
        rounded to a hundredth of a point, so that other machines' last digits change nothing.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", svg, flags=re.S)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r' style="([^"]*)"', lambda found: _as_attributes(found[1]), svg)
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    # Base64 pictures hold no point, so inside a tag digits, a point and digits are always a coordinate.
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"\d+\.\d{3,}", _rounded, tag[0]), svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"|<defs>\s*</defs>', "", svg)
    return re.sub(r"\s*\n\s*", "\n", svg).strip()


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _as_attributes(style: str) -> str:
    pairs = [part.split(":", 1) for part in style.split(";") if ":" in part]
    found = {name.strip(): value.strip().replace("px", "") for name, value in pairs}
    if "font-family" in found:
        found["font-family"] = "sans-serif"
    return "".join(f' {name}="{value}"' for name, value in found.items())


def curves(history: "History", metric: str = "accuracy") -> Figure:
    """Loss and metric of a training run against the epoch.

    Parameters
    ----------
    history : History
        What ``Runner.train`` returned.
    metric : str
        Name of the metric column without ``train_`` or ``val_``.

    Returns
    -------
    Figure
        Two panels: loss on the left, metric on the right.
    """
    table = history.frame()
    fig, axes = figure(1, 2, (6.4, 2.7))
    for axis, name in zip(axes, ["loss", metric], strict=True):
        for part, color, marker in [("train", COLORS[0], "o"), ("val", COLORS[1], "s")]:
            if f"{part}_{name}" in table:
                label = {"train": "training", "val": "validation"}[part]
                axis.plot(table["epoch"], table[f"{part}_{name}"], marker=marker, ms=4, color=color, label=label)
        axis.set(xlabel="epoch", ylabel=name)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    return fig


def images(
    array: Any,
    titles: list[str] | None = None,
    cols: int = 8,
    size: float = 0.8,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """A grid of pictures.

    Parameters
    ----------
    array : array
        (N, H, W), (N, 1, H, W) or (N, 3, H, W); any range, shared by all pictures.
    titles : list of str, optional
        One for each picture.
    cols : int
        Pictures in a row.
    size : float
        Width and height of a picture in inches.
    limits : tuple of float, optional
        Values drawn black and white; the smallest and largest value by default.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the array is not a stack of pictures, or there are not as many titles as pictures.
    """
    pictures = np.asarray(array)
    if pictures.ndim == 4 and pictures.shape[1] in (1, 3):
        pictures = pictures[:, 0] if pictures.shape[1] == 1 else pictures.transpose(0, 2, 3, 1)
    if pictures.ndim < 3:
        raise ValueError(f"images expects (N, H, W) or (N, C, H, W), not shape {np.shape(array)}")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures but {len(titles)} titles")
    rows = -(-len(pictures) // cols)
    low, high = limits or (pictures.min(), pictures.max())
    fig, axes = figure(rows, cols, (cols * size, rows * size * (1.3 if titles else 1)), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for index, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, vmin=low, vmax=high, interpolation="nearest")
        if titles is not None:
            axis.set_title(titles[index], fontsize=9)
    return fig
