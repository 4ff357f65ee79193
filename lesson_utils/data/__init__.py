"""Data sets of the lessons: NumPy arrays out of installed packages, or the full sets by download.

``load(name, split)`` works offline for the embedded sets. ``LESSONS_DATA=full`` in the environment
makes the same call give the full public set where there is one, and ``python -m lesson_utils.data`` lists
and fetches them.
"""

import os
from pathlib import Path
from typing import Any

from lesson_utils.data import catalogue
from lesson_utils.data.download import DownloadError
from lesson_utils.data.download import fetch as fetch_file

__all__ = ["DownloadError", "fetch", "load"]


def load(name: str, split: str = "train") -> Any:
    """Load a data set.

    Parameters
    ----------
    name : str
        See the table; ``python -m lesson_utils.data`` prints it with sizes and licences.
    split : str
        ``"train"``, ``"test"`` or ``"all"``. Splits of the embedded sets are seeded and, with
        classes, stratified.

    Returns
    -------
    tuple of ndarray, or what the table says
        ============================  ==============================================================
        mnist, fashion_mnist, faces   images float32 (N, 1, H, W) in [0, 1], labels int64 (N,)
        digits8x8, cifar10            images float32 (N, C, H, W) in [0, 1], labels int64 (N,)
        boston                        features float32 (N, 13), price in $1,000 float32 (N,)
        reviews, imdb                 texts (N,) of str, labels int64 (N,): 1 good, 0 bad
        translation, tatoeba, dates   sources (N,) of str, targets (N,) of str
        scenes                        images float32 (N, 1, 64, 64), boxes float32 (N, 3, 5): class,
                                      left, top, right, bottom in [0, 1], class -1 where there is
                                      none; masks int64 (N, 64, 64): class + 1, background 0
        banana                        images uint8 (N, 3, 256, 256), boxes float32 (N, 1, 5) as above
        photos                        one picture, uint8 (H, W) or (H, W, 3), `split` being its name;
                                      with "all" a dict of them
        prose, time_machine           a str
        minilm, voc2012               the Path of a folder
        ============================  ==============================================================

    Raises
    ------
    ValueError
        If there is no such data set or split; the message names the nearest.
    ModuleNotFoundError
        If the package that brings it is not installed.
    DownloadError
        If it has to be downloaded and cannot be; the message says how to do it by hand.

    Examples
    --------
    >>> images, labels = load("mnist", "test")
    >>> images.shape, labels.shape
    ((1000, 1, 28, 28), (1000,))
    """
    dataset = catalogue.find(name, prefer_full=os.environ.get("LESSONS_DATA") == "full")
    if name != "photos" and split not in ("train", "test", "all"):
        raise ValueError(f"there is no split {split!r}; use 'train', 'test' or 'all'")
    try:
        return dataset.read(split, *catalogue.paths(dataset, fetch_file))
    except ModuleNotFoundError as error:
        error.add_note(f"Data set {name!r} comes with {dataset.origin}, which is not installed")
        raise


def fetch(name: str) -> list[Path]:
    """Download a full data set into the cache, unless it is there already.

    Parameters
    ----------
    name : str
        A data set.

    Returns
    -------
    list of Path
        Its files; none for a data set that comes with a package.

    Raises
    ------
    ValueError
        If there is no such data set.
    DownloadError
        If no mirror gives it; the message says how to do it by hand.
    """
    return catalogue.paths(catalogue.find(name, prefer_full=True), fetch_file)
