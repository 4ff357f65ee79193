"""Sentences to translate: number words and digits, and an interface in English and Chinese."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np

from lesson_utils.data.embedded import translation

PADDING, START, END, UNKNOWN = 0, 1, 2, 3
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()

Texts = list[list[str]]


def in_words(n: int) -> str:
    """Say a number below a million as English does.

    Parameters
    ----------
    n : int
        From 0 to 999,999.

    Returns
    -------
    str
        For example ``"three hundred and seven"``.
    """
    if n < 20:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10 - 2] + (f" {SMALL[n % 10]}" if n % 10 else "")
    size, name = (100, "hundred") if n < 1000 else (1000, "thousand")
    rest = n % size
    link = " and " if size == 100 or rest < 100 else " "
    return f"{in_words(n // size)} {name}" + (link + in_words(rest) if rest else "")


def english_words(text: str) -> list[str]:
    """Split a string of an interface into small letters' words, numbers and signs."""
    return re.findall(r"%\d|[a-z]+|\d|[^\sa-z\d]", text.lower())


@cache
def texts(task: str) -> tuple[Texts, Texts, Texts, Texts]:
    """Give the sentences of a task, cut into tokens.

    Parameters
    ----------
    task : {"numbers", "interface"}
        11,000 numbers of one to six digits; strings of up to 12 words and 24 characters.

    Returns
    -------
    sources, targets, test_sources, test_targets : list of list of str
        No source of the test is in training.
    """
    if task == "numbers":
        rng = np.random.default_rng(0)
        drawn = dict.fromkeys((10 ** rng.uniform(0, 6, 40_000)).astype(int).tolist())
        numbers = rng.permutation(np.array(list(drawn)))[:11_000].tolist()
        sources, targets = [in_words(n).split() for n in numbers], [list(str(n)) for n in numbers]
        return sources[1000:], targets[1000:], sources[:1000], targets[:1000]
    found: list[Texts] = []
    for split in ("train", "test"):
        pairs = [(english_words(e), list(c)) for e, c in zip(*translation(split), strict=True)]
        kept = [pair for pair in pairs if 0 < len(pair[0]) <= 12 and len(pair[1]) <= 24]
        known = {tuple(source) for source in found[0]} if found else set()
        kept = [pair for pair in kept if tuple(pair[0]) not in known]
        found += [[source for source, _ in kept], [target for _, target in kept]]
    return found[0], found[1], found[2], found[3]


class Vocabulary:
    """Tokens and their numbers; what occurs less than `least` times is unknown."""

    def __init__(self, sentences: Texts, least: int = 1) -> None:
        counts = Counter(token for sentence in sentences for token in sentence)
        self.tokens = ["", "", "", "?", *sorted(token for token, n in counts.items() if n >= least)]
        self.number = {token: i for i, token in enumerate(self.tokens) if i > UNKNOWN}

    def rows(self, sentences: Texts, marks: bool) -> np.ndarray:
        """Numbers (N, T), filled up with padding; with start and end where asked."""
        rows = [[self.number.get(token, UNKNOWN) for token in sentence] for sentence in sentences]
        rows = [[START, *row, END] for row in rows] if marks else rows
        table = np.zeros((len(rows), max(map(len, rows))), np.int64)
        for line, row in zip(table, rows, strict=True):
            line[: len(row)] = row
        return table

    def text(self, row: Sequence[int]) -> str:
        """What a row says before its end."""
        row = list(row)
        return "".join(self.tokens[i] for i in (row[: row.index(END)] if END in row else row))
