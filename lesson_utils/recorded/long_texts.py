"""Texts too long for BERT, and five ways to shorten them: pages of SciPy's reference, one docstring each.

A page has more than 512 pieces; the question is which submodule it belongs to. The model of the lesson reads
128 pieces at once, which stand in for the 512 of BERT.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import getdoc, isclass, isroutine
from typing import Any
from zlib import crc32

import numpy as np

from lesson_utils.data.embedded import minilm

CLASSES = ("interpolate", "linalg", "ndimage", "optimize", "signal", "special", "stats")
PAGES, LONG, LIMIT, CHUNKS = 24, 512, 128, 4  # pages a class, shortest page, pieces read at once, chunks
MODULES = "|".join([*CLASSES, "cluster", "csgraph", "distance", "fft", "integrate", "io", "sparse", "spatial"])
WAYS = ("head", "tail", "head+tail", "pooling", "compressing", "everything")


def masked(page: str) -> str:
    """Take out what names the submodule outright: imports, ``scipy`` and prefixes (``signal.``)."""
    lines = [line for line in page.splitlines() if not re.match(r"[\s>.]*(import|from) \w", line)]
    return re.sub(rf"(?i)\bscipy\b(\.\w+)*\.?|\b({MODULES})\.(?=\w)", "", "\n".join(lines))


def segments(page: str) -> list[str]:
    """Cut a page after sentences and at empty lines."""
    return [" ".join(part.split()) for part in re.split(r"(?<=[.!?:]) *\n|(?<=[.!?]) |\n\s*\n", page) if part.strip()]


@cache
def tokenizer() -> Any:
    """Give the WordPiece tokenizer of the model."""
    found = import_module("tokenizers").Tokenizer.from_file(str(minilm("all") / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def pieces(parts: list[str]) -> list[list[int]]:
    """Give the numbers of the pieces of each segment."""
    return [found.ids for found in tokenizer().encode_batch(parts, add_special_tokens=False)]


def candidates(name: str) -> Iterator[str]:
    """Give the pages of a submodule in an order that depends on the names only."""
    module = import_module(f"scipy.{name}")
    for item in sorted(module.__all__, key=lambda item: crc32(item.encode())):
        thing = getattr(module, item)
        page = getdoc(thing) or ""
        if len(page) > 1500 and (isclass(thing) or isroutine(thing) or "ufunc" in type(thing).__name__.lower()):
            yield page


@cache
def pages() -> tuple[list[list[str]], np.ndarray]:
    """Give the pages as lists of segments, and their labels.

    Returns
    -------
    texts : list of list of str
        24 pages of each class, each longer than 512 pieces after masking; of two of which one
        shares 17 of 20 words with the other only one.
    labels : ndarray
        Numbers into ``CLASSES``.
    """
    texts, labels = [], []
    for label, name in enumerate(CLASSES):
        kept: list[set[str]] = []
        for raw in candidates(name):
            page = masked(raw)
            words = set(re.findall(r"[a-z]{3,}", page.lower()))
            if any(len(words & old) > 0.85 * min(len(words), len(old)) for old in kept):
                continue
            if len(tokenizer().encode(page, add_special_tokens=False).ids) > LONG:
                kept.append(words)
                texts.append(segments(page))
                labels.append(label)
            if len(kept) == PAGES:
                break
    return texts, np.array(labels)


def rotated(page: list[str], seed: int) -> list[str]:
    """Cut a page between two segments and put the second part first."""
    cut = int(np.random.default_rng(seed).integers(1, len(page)))
    return page[cut:] + page[:cut]


def rank(parts: list[str], rounds: int = 30, damping: float = 0.85) -> np.ndarray:
    """Score segments by TextRank: one that resembles many well-ranked ones ranks well."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(token_pattern=r"[a-z]{2,}").fit_transform(parts)
    links = (vectors @ vectors.T).toarray()
    np.fill_diagonal(links, 0)
    links /= np.maximum(links.sum(0), 1e-9)
    scores = np.full(len(parts), 1 / len(parts))
    for _ in range(rounds):
        scores = (1 - damping) / len(parts) + damping * links @ scores
    return scores


def compress(parts: list[str], size: int) -> list[int]:
    """Take the best-ranked segments until the budget is spent; in the order of the page."""
    numbers, left, chosen = pieces(parts), size, {}
    for index in np.argsort(-rank(parts), kind="stable"):
        chosen[int(index)] = numbers[index][:left]
        left -= len(chosen[int(index)])
        if not left:
            break
    return [number for index in sorted(chosen) for number in chosen[index]]


def spread(ids: list[int], size: int, count: int) -> list[list[int]]:
    """Cut chunks of one size at even distances: the first at the start, the last at the end."""
    starts = np.linspace(0, len(ids) - size, count).astype(int)
    return [ids[start : start + size] for start in starts]


def shorten(parts: list[str], way: str, limit: int = LIMIT) -> list[list[int]]:
    """Make inputs of a page: one, or some to be averaged; two places of each are for the marks.

    Parameters
    ----------
    parts : list of str
        Segments.
    way : str
        Of ``WAYS``.
    limit : int
        Pieces that all inputs together may have; with ``"everything"`` each.

    Returns
    -------
    list of list of int
    """
    ids = [number for part in pieces(parts) for number in part]
    size = limit - 2
    if way == "pooling":
        inputs = spread(ids, limit // CHUNKS - 2, CHUNKS)
    elif way == "everything":
        inputs = spread(ids, size, -(-len(ids) // size))
    elif way == "compressing":
        inputs = [compress(parts, size)]
    else:
        front = {"head": size, "tail": 0, "head+tail": size // 4}[way]
        inputs = [ids[:front] + ids[len(ids) - (size - front) :]]
    return [[101, *numbers, 102] for numbers in inputs]
