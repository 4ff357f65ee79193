"""The small metrics against the libraries that everybody uses."""

import numpy as np
import pytest
import sklearn.metrics
import torch
import torchvision
from rouge_score import rouge_scorer
from torchmetrics.functional.text import bleu_score, perplexity

from lesson_utils import metrics

RANDOM = np.random.default_rng(0)
WORDS = "the a cat dog sat on mat and ran away".split()


def sentences(count):
    return [[WORDS[i] for i in RANDOM.integers(0, len(WORDS), RANDOM.integers(5, 15))] for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_classification(seed):
    random = np.random.default_rng(seed)
    targets, predicted = random.integers(0, 5, 200), random.integers(0, 6, 200)
    confusion = metrics.confusion_matrix(predicted, targets, 6)
    np.testing.assert_array_equal(confusion, sklearn.metrics.confusion_matrix(targets, predicted, labels=range(6)))
    expected = sklearn.metrics.precision_recall_fscore_support(targets, predicted, labels=range(6), zero_division=0)[:3]
    np.testing.assert_allclose(metrics.precision_recall_f1(confusion), expected)
    iou = sklearn.metrics.jaccard_score(targets, predicted, labels=range(6), average=None, zero_division=0)
    np.testing.assert_allclose(metrics.class_iou(confusion), iou)


def test_confusion_matrix_complains():
    with pytest.raises(ValueError, match=r"\(3,\) and targets \(2,\)"):
        metrics.confusion_matrix(np.zeros(3, int), np.zeros(2, int), 2)
    with pytest.raises(ValueError, match="go from 0 to 2, not 0 to 1"):
        metrics.confusion_matrix(np.array([2]), np.array([0]), 2)


def test_perplexity():
    logits, targets = torch.randn(2, 7, 11), torch.randint(0, 11, (2, 7))
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    np.testing.assert_allclose(metrics.perplexity(losses.numpy()), perplexity(logits, targets), rtol=1e-5)


def boxes(count, random):
    corners = random.uniform(0, 20, (count, 2))
    return np.concatenate([corners, corners + random.uniform(1, 8, (count, 2))], 1)


def test_box_iou():
    first, second = boxes(20, RANDOM), boxes(30, RANDOM)
    expected = torchvision.ops.box_iou(torch.from_numpy(first), torch.from_numpy(second))
    np.testing.assert_allclose(metrics.box_iou(first, second), expected, rtol=1e-12)
    assert metrics.box_iou(np.zeros((1, 4)), np.zeros((1, 4))) == 0
    assert metrics.box_iou(first[:0], second).shape == (0, 30)


def test_average_precision_by_hand():
    truth = [np.array([[0, 0, 10, 10], [20, 20, 30, 30]]), np.array([[5, 5, 15, 15]])]
    found = [np.array([[0, 0, 10, 9], [1, 0, 10, 10], [50, 50, 60, 60]]), np.array([[5, 5, 15, 14]])]
    scores = [np.array([0.9, 0.8, 0.6]), np.array([0.7])]
    # hit, miss (already found), hit, miss: recall 1/3 at precision 1, 2/3 at 2/3; one is never found
    assert metrics.average_precision(found, scores, truth) == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert metrics.average_precision(found, scores, truth, iou=0.95) == 0
    assert metrics.average_precision(truth, [np.ones(2), np.ones(1)], truth) == 1
    assert np.isnan(metrics.average_precision([np.zeros((0, 4))], [np.zeros(0)], [np.zeros((0, 4))]))
    assert metrics.average_precision([np.zeros((0, 4))], [np.zeros(0)], truth[1:]) == 0


def test_average_precision_against_the_area_under_the_curve():
    """Without overlaps every box is either a clear hit or a clear miss, and AP is a ranking's."""
    truth = np.array([[10.0 * i, 0, 10 * i + 5, 5] for i in range(12)])
    missed = truth + [0, 100, 0, 100]
    found, scores = np.concatenate([truth, missed[:9]]), RANDOM.permutation(21) / 21.0
    precision, recall, _ = sklearn.metrics.precision_recall_curve([1] * 12 + [0] * 9, scores)
    envelope = np.maximum.accumulate(precision)
    expected = -(np.diff(recall) * envelope[:-1]).sum()
    assert metrics.average_precision([found], [scores], [truth]) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_bleu(n):
    candidates, references = sentences(30), sentences(30)
    expected = bleu_score([" ".join(c) for c in candidates], [[" ".join(r)] for r in references], n_gram=n)
    assert metrics.bleu(candidates, references, n) == pytest.approx(float(expected), rel=1e-5)
    assert metrics.bleu(references, references, n) == pytest.approx(1)
    assert metrics.bleu([["x"]], [["y"]], n) == 0


def test_rouge():
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
    for candidate, reference in zip(sentences(30), sentences(30), strict=True):
        expected = scorer.score(" ".join(reference), " ".join(candidate))
        for n, name in [(1, "rouge1"), (2, "rouge2"), (None, "rougeL")]:
            assert metrics.rouge(candidate, reference, n) == pytest.approx(expected[name].fmeasure)
    assert metrics.rouge([], ["a"]) == 0
