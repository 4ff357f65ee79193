"""Suppression and average precision of detection/nms against torchvision, d2l, Paddle and the library."""

import d2l.torch as d2l
import numpy as np
import paddle
import pytest
import torch
from torchvision import ops

from lesson_utils.metrics import average_precision, box_iou
from lesson_utils.widgets.boxes import suppress
from tests.lessons.from_source import functions

LESSON = "detection/nms"
NAMES = "nms nms_per_class soft_nms curve ap ap_at match class_ap merge best_threshold".split()
OURS = functions(LESSON, *NAMES, np=np, box_iou=box_iou)
THRESHOLDS = [0, 0.2, 0.25, 1 / 3, 0.5, 0.7, 1]


def random_case(generator, ties=False):
    """Boxes on a small grid: they touch, nest, coincide, lie exactly at a threshold or have no area."""
    count = int(generator.integers(0, 20))
    corner = generator.integers(0, 8, (count, 2))
    boxes = np.concatenate([corner, corner + generator.integers(0, 6, (count, 2))], axis=1).astype(float)
    scores = generator.integers(0, 4, count) / 4 if ties else generator.permutation(count) / max(count, 1)
    return boxes, scores, generator.integers(0, 3, count), float(generator.choice(THRESHOLDS))


@pytest.mark.parametrize("seed", range(4))
def test_suppression_equals_torchvision(seed):
    generator = np.random.default_rng(seed)
    for case in range(300):
        boxes, scores, classes, threshold = random_case(generator, ties=case % 2 == 0)
        tensors = torch.tensor(boxes), torch.tensor(scores)
        assert OURS.nms(boxes, scores, threshold) == ops.nms(*tensors, threshold).tolist()
        expected = ops.batched_nms(*tensors, torch.tensor(classes), threshold).tolist()
        assert OURS.nms_per_class(boxes, scores, classes, threshold) == expected


@pytest.mark.parametrize("seed", range(4))
def test_suppression_equals_d2l(seed):
    """On boxes with an area; of two without, d2l drops the second, since nan is not at most the threshold."""
    generator = np.random.default_rng(10 + seed)
    for _ in range(300):
        boxes, scores, _, threshold = random_case(generator)
        boxes[:, 2:] += 1
        expected = d2l.nms(torch.tensor(boxes), torch.tensor(scores), threshold).tolist()
        assert OURS.nms(boxes, scores, threshold) == expected


def test_suppression_equals_paddle():
    generator = np.random.default_rng(20)
    for _ in range(200):
        boxes, scores, classes, threshold = random_case(generator)
        tensors = paddle.to_tensor(boxes), threshold, paddle.to_tensor(scores)
        assert OURS.nms(boxes, scores, threshold) == paddle.vision.ops.nms(*tensors).tolist()
        theirs = paddle.vision.ops.nms(*tensors, paddle.to_tensor(classes), [0, 1, 2]).tolist()
        assert OURS.nms_per_class(boxes, scores, classes, threshold) == theirs


def test_special_boxes():
    boxes = np.array([[0, 0, 4, 4], [4, 0, 8, 4], [1, 1, 2, 2], [0, 0, 4, 4], [3, 3, 3, 3], [3, 3, 3, 3]], float)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert OURS.nms(np.zeros((0, 4)), np.zeros(0), 0.5) == []
    assert OURS.nms(boxes, scores, 0.5) == [0, 1, 2, 4, 5]  # touching and nested stay, the copy goes, points stay
    assert OURS.nms(boxes, scores, 1 / 16) == [0, 1, 2, 4, 5]  # at the threshold a box stays
    assert OURS.nms(boxes, scores, 0.06) == [0, 1, 4, 5]
    assert OURS.nms(boxes, scores, 0) == [0, 1, 4, 5]
    assert OURS.nms_per_class(boxes - 9, scores, np.array([0, 0, 1, 1, 2, 2]), 0) == [0, 1, 2, 4, 5]


def test_soft_suppression_equals_the_widgets():
    generator = np.random.default_rng(30)
    for _ in range(200):
        boxes, scores, classes, _ = random_case(generator)
        boxes[:, 2:] += 1
        sigma, least = float(generator.uniform(0.05, 2)), float(generator.uniform(0, 0.3))
        settings = {"score_threshold": least, "iou_threshold": 0.5, "sigma": sigma, "soft": True, "per_class": False}
        expected = suppress(boxes, scores, classes, settings)
        kept, lowered = OURS.soft_nms(boxes, scores, sigma, least)
        assert kept == [i for i, _ in expected]
        np.testing.assert_allclose(lowered, [score for _, score in expected], rtol=1e-9)


def detections(generator):
    pictures = []
    for _ in range(int(generator.integers(1, 6))):
        truth = generator.integers(0, 6, (int(generator.integers(0, 4)), 4)).astype(float)
        truth[:, 2:] = truth[:, :2] + 1 + generator.integers(0, 4, (len(truth), 2))
        boxes = generator.integers(0, 6, (int(generator.integers(0, 8)), 4)).astype(float)
        boxes[:, 2:] = boxes[:, :2] + 1 + generator.integers(0, 4, (len(boxes), 2))
        pictures.append((boxes, generator.uniform(size=len(boxes)), truth))
    return pictures


def test_average_precision_equals_the_librarys():
    generator, compared = np.random.default_rng(40), 0
    for _ in range(400):
        pictures, iou = detections(generator), float(generator.choice([0.2, 0.5, 0.75]))
        if sum(len(truth) for *_, truth in pictures):
            expected = average_precision(*zip(*pictures, strict=True), iou)
            assert OURS.class_ap(pictures, iou) == pytest.approx(expected, abs=1e-12)
            compared += 1
    assert compared > 300


def test_many_points_come_near_all_points():
    generator = np.random.default_rng(50)
    for _ in range(40):
        hits = generator.random(int(generator.integers(1, 30))) < 0.5
        precision, recall = OURS.curve(hits, max(1, hits.sum() + int(generator.integers(0, 4))))
        assert OURS.ap_at(precision, recall, 2001) == pytest.approx(OURS.ap(precision, recall), abs=2e-3)
    assert OURS.ap(*OURS.curve(np.array([True, True]), 2)) == 1


def test_merged_boxes_lie_within_their_heaps():
    generator = np.random.default_rng(60)
    for _ in range(100):
        boxes, scores, _, threshold = random_case(generator)
        merged = OURS.merge(boxes, scores + 0.1, threshold)
        assert len(merged) == len(OURS.nms(boxes, scores, threshold))
        assert len(merged) == 0 or (merged.min() > boxes.min() - 1e-9 and merged.max() < boxes.max() + 1e-9)
