"""TextRank, chunks and means of bert/fine-tuning against networkx, plain slices and the recorded module."""

import networkx as nx
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from lesson_utils.recorded import long_texts
from tests.lessons.from_source import functions

NAMES = "truncate chunks rank overlapping masked_mean".split()
OURS = functions("bert/fine-tuning", *NAMES, np=np, TfidfVectorizer=TfidfVectorizer)
WORDS = "signal filter noise matrix spline root sample mean axis window".split()


def random_sentences(generator):
    """Sentences that share the word "the", so that none is without a neighbour."""
    return ["the " + " ".join(generator.choice(WORDS, 5)) for _ in range(int(generator.integers(3, 12)))]


@pytest.mark.parametrize("seed", range(10))
def test_textrank_equals_the_page_rank_of_networkx(seed):
    sentences = random_sentences(np.random.default_rng(seed))
    bags = TfidfVectorizer().fit_transform(sentences)
    links = (bags @ bags.T).toarray()
    np.fill_diagonal(links, 0)
    expected = nx.pagerank(nx.from_numpy_array(links), alpha=0.85, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(OURS.rank(sentences, rounds=200), list(expected.values()), atol=1e-8)
    np.testing.assert_array_equal(OURS.rank(sentences), long_texts.rank(sentences))


@pytest.mark.parametrize("length", [128, 129, 500, 1000])
def test_truncation_and_chunks_equal_slices(length):
    ids = list(range(length))
    assert OURS.truncate(ids, 126, 126) == ids[:126]
    assert OURS.truncate(ids, 126, 0) == ids[-126:]
    assert OURS.truncate(ids, 126, 31) == ids[:31] + ids[-95:]
    for count in (2, 4, 9):
        parts = OURS.chunks(ids, 30, count)
        assert parts[0] == ids[:30] and parts[-1] == ids[-30:] and [len(part) for part in parts] == [30] * count
        assert parts == long_texts.spread(ids, 30, count)


@pytest.mark.parametrize("seed", range(50))
def test_overlapping_chunks_lose_nothing(seed):
    generator = np.random.default_rng(seed)
    length, size = int(generator.integers(1, 200)), int(generator.integers(2, 50))
    shared = int(generator.integers(0, size))
    ids = list(range(length))
    parts = OURS.overlapping(ids, size, shared)
    assert sorted(set(sum(parts, []))) == ids
    assert all(len(part) == min(size, length) for part in parts)
    for part, following in zip(parts, parts[1:], strict=False):
        assert len(set(part) & set(following)) >= shared
    for part, following in zip(parts, parts[1:-1], strict=False):
        assert part[size - shared :] == following[:shared]


def test_masked_mean_equals_the_mean_of_what_is_there():
    generator = np.random.default_rng(0)
    x, lengths = generator.normal(size=(6, 9, 4)), generator.integers(1, 10, 6)
    mask = np.arange(9) < lengths[:, None]
    expected = [row[:length].mean(0) for row, length in zip(x, lengths, strict=True)]
    np.testing.assert_allclose(OURS.masked_mean(x, mask), expected)
