"""Measures that are not the average of batches: over NumPy arrays, short enough to read."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

Boxes = Sequence[np.ndarray]


def confusion_matrix(predicted: np.ndarray, targets: np.ndarray, classes: int) -> np.ndarray:
    """How often each class was taken for each.

    Parameters
    ----------
    predicted, targets : ndarray
        Class indices of the same shape.
    classes : int
        Number of classes.

    Returns
    -------
    ndarray
        int64 (classes, classes): a row for each true class, a column for each predicted one.

    Raises
    ------
    ValueError
        If the shapes differ or an index is not a class.
    """
    predicted, targets = np.asarray(predicted), np.asarray(targets)
    if predicted.shape != targets.shape:
        raise ValueError(f"predicted {predicted.shape} and targets {targets.shape} differ in shape")
    both = np.concatenate([predicted.ravel(), targets.ravel()])
    if both.size and not 0 <= both.min() <= both.max() < classes:
        raise ValueError(f"classes go from {both.min()} to {both.max()}, not 0 to {classes - 1}")
    pairs = targets.ravel() * classes + predicted.ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def precision_recall_f1(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and their harmonic mean for each class.

    Parameters
    ----------
    confusion : ndarray
        (C, C) from `confusion_matrix`.

    Returns
    -------
    tuple of ndarray
        Three of shape (C,), from 0 to 1; 0 where a class never occurs.
    """
    right = np.diag(confusion).astype(float)
    precision, recall = _ratio(right, confusion.sum(0)), _ratio(right, confusion.sum(1))
    return precision, recall, _ratio(2 * precision * recall, precision + recall)


def class_iou(confusion: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, as segmentation is judged; its mean is the mIoU.

    Parameters
    ----------
    confusion : ndarray
        (C, C) from `confusion_matrix` over pixels.

    Returns
    -------
    ndarray
        (C,) from 0 to 1.
    """
    right = np.diag(confusion).astype(float)
    return _ratio(right, confusion.sum(0) + confusion.sum(1) - right)


def perplexity(losses: np.ndarray) -> float:
    """Exponential of the mean cross-entropy: among how many words the model seems to choose.

    Parameters
    ----------
    losses : ndarray
        Cross-entropy of each token in nats.

    Returns
    -------
    float
        At least 1.
    """
    return float(np.exp(np.mean(losses)))


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair of boxes.

    Parameters
    ----------
    first, second : ndarray
        (N, 4) and (M, 4): left, top, right, bottom in any unit.

    Returns
    -------
    ndarray
        (N, M) from 0 to 1.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    opposite = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (opposite - corner).clip(0).prod(-1)  # (N, M)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (first, second)]
    return _ratio(shared, areas[0][:, None] + areas[1][None] - shared)


def average_precision(boxes: Boxes, scores: Sequence[np.ndarray], truths: Boxes, iou: float = 0.5) -> float:
    """Area under the precision-recall curve of one class of objects; its mean over classes is the mAP.

    Parameters
    ----------
    boxes : sequence of ndarray
        Found boxes (N, 4) of each picture.
    scores : sequence of ndarray
        Their scores (N,).
    truths : sequence of ndarray
        True boxes (M, 4) of each picture.
    iou : float
        From which overlap on a box counts as found. Each true box can be found once.

    Returns
    -------
    float
        From 0 to 1; NaN if there is no true box.

    References
    ----------
    M. Everingham and others, The Pascal VOC Challenge, IJCV 2010; all points, as from 2010 on.
    """
    total = sum(len(truth) for truth in truths)
    hits: list[tuple[float, bool]] = []
    for found, score, truth in zip(boxes, scores, truths, strict=True):
        free = np.ones(len(truth), dtype=bool)
        overlaps = box_iou(np.reshape(found, (-1, 4)), np.reshape(truth, (-1, 4)))
        for index in np.argsort(-np.asarray(score), kind="stable"):
            best = int(np.argmax(overlaps[index])) if len(truth) else -1
            hit = best >= 0 and overlaps[index, best] >= iou and bool(free[best])
            free[best:][:1] &= not hit
            hits.append((float(score[index]), hit))
    if total == 0:
        return float("nan")
    right = np.cumsum([hit for _, hit in sorted(hits, key=lambda pair: -pair[0])])
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], right / total])
    return float((np.diff(recall) * envelope).sum())


def bleu(candidates: Sequence[Sequence[str]], references: Sequence[Sequence[str]], n: int = 4) -> float:
    """Shared n-grams of translations and their references, over the whole corpus.

    Parameters
    ----------
    candidates, references : sequence of sequence of str
        Tokens of each sentence, one reference a sentence.
    n : int
        Longest n-gram.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    K. Papineni and others, BLEU, ACL 2002, section 2.3.
    """
    logarithms = 0.0
    for order in range(1, n + 1):
        shared = total = 0
        for candidate, reference in zip(candidates, references, strict=True):
            found = _ngrams(candidate, order)
            shared += (found & _ngrams(reference, order)).total()
            total += found.total()
        if shared == 0:
            return 0.0
        logarithms += np.log(shared / total) / n
    ratio = sum(map(len, references)) / sum(map(len, candidates))
    return float(np.exp(min(0.0, 1 - ratio) + logarithms))


def rouge(candidate: Sequence[str], reference: Sequence[str], n: int | None = None) -> float:
    """Overlap of a summary and its reference as the F1 of n-grams or of the longest subsequence.

    Parameters
    ----------
    candidate, reference : sequence of str
        Tokens.
    n : int, optional
        ROUGE-n; ROUGE-L if left out.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    C.-Y. Lin, ROUGE, ACL workshop 2004.
    """
    if n is not None:
        found, wanted = _ngrams(candidate, n), _ngrams(reference, n)
        shared, sizes = (found & wanted).total(), (found.total(), wanted.total())
    else:
        shared, sizes = _longest_common(candidate, reference), (len(candidate), len(reference))
    return 2 * shared / sum(sizes) if shared else 0.0


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    row = [0] * (len(second) + 1)
    for token in first:
        above = row.copy()
        for index, other in enumerate(second):
            row[index + 1] = above[index] + 1 if token == other else max(above[index + 1], row[index])
    return row[-1]


def _ngrams(tokens: Sequence[str], n: int) -> "Counter[tuple[str, ...]]":
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Division that gives 0 where there is nothing to divide by."""
    whole = np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
