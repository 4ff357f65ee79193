"""Python's help pages as pairs of sentences with hidden words: what the small BERT of `pretraining` learns from.

The help pages repeat one another, so a paragraph is kept on the first page that has it and nowhere else. Every
eighth page judges and is never trained on.
"""

import re
from collections import Counter
from functools import cache

import numpy as np

from lesson_utils.data.embedded import prose

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)
LENGTH = 48

Pages = list[list[list[str]]]  # pages of sentences of words
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


@cache
def pages() -> Pages:
    """Give the help pages as sentences, without code, tables and what another page has said before.

    Returns
    -------
    list
        Pages of sentences of at least five words, in lower case; punctuation marks are words.
    """
    text, found, seen = prose("all"), [], set()
    starts = [match.start() for match in re.finditer(r"(?m)^.+\n\*{3,}$", text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        page: list[list[str]] = []
        for raw in re.split(r"\n\s*\n", text[start:end]):
            paragraph = " ".join(raw.split())
            letters = sum(char.isalpha() or char in ' "*' for char in paragraph)
            if paragraph in seen or letters < 0.85 * len(paragraph) or not paragraph.endswith((".", ":")):
                continue
            seen.add(paragraph)
            for sentence in re.split(r"(?<=[.!?:]) (?=[A-Z_])", paragraph):
                words = re.findall(r"[a-z_]+|[0-9]+|[^\sa-z0-9_]", sentence.lower())
                page += [words] if len(words) >= 5 else []
        if len(page) > 1:
            found.append(page)
    return found


def corpus() -> tuple[list[str], list[list[np.ndarray]], list[list[np.ndarray]]]:
    """Split the pages and number the words.

    Returns
    -------
    vocabulary : list of str
        Five marks, then the words that the training pages have three times or more, frequent ones first.
    train, held_out : list
        Pages of sentences, arrays of numbers of words.
    """
    train, held = [p for i, p in enumerate(pages()) if i % 8], pages()[::8]
    counts = Counter(word for page in train for sentence in page for word in sentence)
    vocabulary = SPECIAL + sorted((w for w in counts if counts[w] > 2), key=lambda w: (-counts[w], w))
    number = {word: i for i, word in enumerate(vocabulary)}
    coded = [[[np.array([number.get(w, UNK) for w in s]) for s in page] for page in part] for part in (train, held)]
    return vocabulary, coded[0], coded[1]


def pairs(documents: list[list[np.ndarray]], rng: np.random.Generator) -> Batch:
    """Pair every sentence with the one that follows it or, half the time, with one of another page.

    Parameters
    ----------
    documents : list
        Pages of sentences.
    rng : numpy.random.Generator

    Returns
    -------
    ids, segments : ndarray
        (N, LENGTH): [CLS] a [SEP] b [SEP], and 0 or 1 for the sentence.
    follows : ndarray
        (N,): 1 where the second follows the first.
    """
    places = [(page, i) for page, sentences in enumerate(documents) for i in range(len(sentences))]
    ids, segments, follows = [], [], []
    for page, i in places:
        if i + 1 == len(documents[page]):
            continue
        after = rng.random() < 0.5
        other, j = page, i + 1
        while not after and other == page:
            other, j = places[rng.integers(len(places))]
        a = documents[page][i][: (LENGTH - 3) // 2]
        b = documents[other][j][: LENGTH - 3 - len(a)]
        row = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        ids.append(np.pad(row, (0, LENGTH - len(row))))
        segments.append(np.arange(LENGTH) > len(a) + 1)
        follows.append(int(after))
    order = rng.permutation(len(ids))
    return np.array(ids)[order], np.array(segments, dtype=np.int64)[order], np.array(follows)[order]


def mask(
    ids: np.ndarray, size: int, rng: np.random.Generator, masked: float = 0.8, swapped: float = 0.1, rate: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """Choose words and hide most of them.

    Parameters
    ----------
    ids : ndarray
        Numbers of words; the five marks are never chosen.
    size : int
        Of the vocabulary.
    rng : numpy.random.Generator
    masked, swapped : float
        Shares of the chosen words that become [MASK] and random words.
    rate : float
        Share of the words that are chosen.

    Returns
    -------
    inputs : ndarray
        What the model sees.
    chosen : ndarray of bool
        Where it is asked.
    """
    chosen = (ids > MASK) & (rng.random(ids.shape) < rate)
    lot = rng.random(ids.shape)
    inputs = np.where(chosen & (lot < masked), MASK, ids)
    replaced = chosen & (masked <= lot) & (lot < masked + swapped)
    return np.where(replaced, rng.integers(MASK + 1, size, ids.shape), inputs), chosen
