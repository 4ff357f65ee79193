"""Masks, pairs and the loss of bert/pretraining: shares, places, and the recorded module's own versions."""

import numpy as np
import pytest
import torch

from lesson_utils.recorded import help_pages as recorded
from tests.lessons.from_source import functions

LESSON = "bert/pretraining"
MARKS = {"PAD": 0, "UNK": 1, "CLS": 2, "SEP": 3, "MASK": 4, "LENGTH": 48}
OURS = functions(LESSON, "mask", "join", "pairs", "masked_loss", "whole_words", "kept", np=np, **MARKS)


@pytest.mark.parametrize(("masked", "swapped", "rate"), [(0.8, 0.1, 0.15), (1, 0, 0.3), (0, 1, 0.15), (0, 0, 0.5)])
def test_shares_of_the_rule(masked, swapped, rate):
    ids = np.random.default_rng(0).integers(0, 2000, (400, 500))
    inputs, chosen = OURS.mask(ids, 2000, np.random.default_rng(1), masked, swapped, rate)
    words = ids > 4
    assert not chosen[~words].any() and (inputs[~chosen] == ids[~chosen]).all()
    assert chosen.sum() / words.sum() == pytest.approx(rate, abs=0.005)
    seen, true = inputs[chosen], ids[chosen]
    assert (seen == 4).mean() == pytest.approx(masked, abs=0.01)
    assert ((seen != 4) & (seen != true)).mean() == pytest.approx(swapped, abs=0.01)
    assert (seen == true).mean() == pytest.approx(1 - masked - swapped, abs=0.01)
    assert seen.min() >= 4 and seen.max() < 2000


def test_random_words_are_drawn_evenly():
    ids = np.full(200_000, 5)
    inputs, _ = OURS.mask(ids, 25, np.random.default_rng(0), 0, 1, 0.9)
    assert np.bincount(inputs, minlength=25)[6:] / len(ids) == pytest.approx(0.9 / 20, abs=0.003)


def test_masks_equal_the_recorded_ones():
    ids = np.random.default_rng(2).integers(0, 99, (30, 48))
    for found, expected in zip(
        OURS.mask(ids, 99, np.random.default_rng(3)), recorded.mask(ids, 99, np.random.default_rng(3)), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_pairs_equal_the_recorded_ones_and_say_the_truth():
    _, _, held = recorded.corpus()
    found = OURS.pairs(held, np.random.default_rng(0))
    for ours, theirs in zip(found, recorded.pairs(held, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    ids, segments, follows = found
    true = {tuple(OURS.join(a, b)[0]) for page in held for a, b in zip(page, page[1:], strict=False)}
    assert all(tuple(row) in true for row in ids[follows == 1])
    assert 0.4 < follows.mean() < 0.6 and ids.shape == segments.shape == (len(follows), 48)
    for row, segment in zip(ids, segments, strict=True):
        ends = np.flatnonzero(row == 3)
        assert len(ends) == 2 and row[0] == 2 and (row == 2).sum() == 1 and not row[ends[1] + 1 :].any()
        assert not segment[: ends[0] + 1].any() and segment[ends[0] + 1 :].all()


def test_loss_equals_ignored_labels():
    rng = np.random.default_rng(0)
    logits, ids, chosen = rng.normal(size=(3, 7, 11)), rng.integers(0, 11, (3, 7)), rng.random((3, 7)) < 0.4
    labels = torch.tensor(np.where(chosen, ids, -100)).flatten()
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits).reshape(-1, 11), labels)
    assert OURS.masked_loss(logits, ids, chosen) == pytest.approx(expected.item())


def test_visible_words_are_kept_as_often_as_bayes_says():
    rng, size, p = np.random.default_rng(0), 10, np.array([0.5, *[0.5 / 9] * 9])
    true = rng.choice(size, 400_000, p=p)
    swapped = rng.random(len(true)) < 0.5
    seen = np.where(swapped, rng.integers(0, size, len(true)), true)
    for word in (0, 3):
        share = (~swapped)[seen == word].mean()
        assert OURS.kept(p[word], size) == pytest.approx(share, abs=0.01)
