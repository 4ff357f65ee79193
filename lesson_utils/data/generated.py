"""Data sets that are made on the spot, the same every time."""

import calendar
from datetime import date

import numpy as np

from lesson_utils.data.embedded import Pair, mnist, shuffled


def scenes(split: str, size: int = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One to three digits on a cluttered canvas, with boxes and masks.

    Parameters
    ----------
    split : str
        ``"train"`` 1,000, ``"test"`` 200; made of digits of the same split of mnist.
    size : int
        Height and width in pixels.

    Returns
    -------
    images : ndarray
        float32 (N, 1, size, size) in [0, 1].
    boxes : ndarray
        float32 (N, 3, 5): class, left, top, right, bottom in [0, 1]; class -1 where there is none.
    masks : ndarray
        int64 (N, size, size): 0 for the background, class + 1 on a digit.
    """
    if split == "all":
        parts = zip(scenes("train", size), scenes("test", size), strict=True)
        return tuple(np.concatenate(part) for part in parts)  # type: ignore[return-value]
    count, generator = {"train": (1000, 1), "test": (200, 2)}[split]
    random = np.random.default_rng(generator)
    digits, labels = mnist(split)
    images = _clutter(random, digits, count, size)
    boxes = np.full((count, 3, 5), -1, dtype=np.float32)
    masks = np.zeros((count, size, size), dtype=np.int64)
    for image, box, mask in zip(images[:, 0], boxes, masks, strict=True):
        for slot in range(random.integers(1, 4)):
            index = random.integers(len(digits))
            _paste(random, digits[index, 0], int(labels[index]), image, box[slot], mask)
    return images, boxes, masks


def _clutter(random: np.random.Generator, digits: np.ndarray, count: int, size: int) -> np.ndarray:
    """Scraps of digits and noise: things that are not to be found."""
    images = random.uniform(0, 0.15, (count, 1, size, size)).astype(np.float32)
    for image in images[:, 0]:
        for _ in range(8):
            scrap = digits[random.integers(len(digits)), 0, 8:16, 8:16]
            y, x = random.integers(0, size - 8, 2)
            image[y : y + 8, x : x + 8] = np.maximum(image[y : y + 8, x : x + 8], scrap * 0.7)
    return images


def _paste(
    random: np.random.Generator,
    digit: np.ndarray,
    label: int,
    image: np.ndarray,
    box: np.ndarray,
    mask: np.ndarray,
) -> None:
    rows, cols = np.flatnonzero(digit.max(1) > 0.3), np.flatnonzero(digit.max(0) > 0.3)
    digit = digit[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    (height, width), size = digit.shape, len(image)
    for _ in range(20):  # look for a free place; leave the digit out if there is none
        y, x = random.integers(0, size - height + 1), random.integers(0, size - width + 1)
        place = np.s_[y : y + height, x : x + width]
        if not mask[place].any():
            image[place] = np.maximum(image[place], digit)
            mask[place][digit > 0.3] = label + 1
            corners = np.array([x, y, x + width, y + height]) / size
            box[:] = [label, *corners]
            return


def dates(split: str) -> Pair:
    """Dates as people write them, and as ISO 8601 does: 10,000 pairs."""
    random = np.random.default_rng(0)
    first = date(1950, 1, 1).toordinal()
    days = [date.fromordinal(first + int(n)) for n in random.integers(0, 36525, 10_000)]
    forms = (
        lambda d: f"{calendar.month_name[d.month]} {d.day}, {d.year}",
        lambda d: f"{d.day} {calendar.month_abbr[d.month]} {d.year}",
        lambda d: f"{calendar.day_name[d.weekday()]}, {d.day} {calendar.month_name[d.month]} {d.year}",
        lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
        lambda d: f"{d.year}年{d.month}月{d.day}日",
    )
    written = [forms[random.integers(len(forms))](day) for day in days]
    iso = [day.isoformat() for day in days]
    return shuffled(np.array(written, dtype=object), np.array(iso, dtype=object), split)
