"""Anchors, labels, offsets and k-means of detection/anchors against torchvision, d2l, Paddle and scikit-learn."""

import d2l.torch as d2l
import numpy as np
import paddle
import pytest
import torch
from torchvision import ops
from torchvision.models.detection import _utils
from torchvision.models.detection.anchor_utils import AnchorGenerator

from lesson_utils.metrics import box_iou
from lesson_utils.widgets.boxes import anchors as widget_anchors
from tests.lessons.from_source import functions

LESSON = "detection/anchors"
NAMES = """count every_box cost anchor_shapes corners centre_size placed by_thresholds without label encode decode
    shape_iou minus_squares k_means count_least largest_stride mine""".split()
LAYERS = [(1, 8, 5, 2, 2), (8, 16, 5, 0, 2), (16, 32, 5, 0, 1), (32, 11, 1, 0, 1)]
CONTEXT = {"np": np, "box_iou": box_iou, "LAYERS": LAYERS, "NOTHING": -1, "IGNORED": -2}
OURS = functions(LESSON, *NAMES, **CONTEXT)
# The twin of Paddle is tested against what torchvision's matcher says.
TWIN = functions(LESSON, "by_thresholds", "their_rule", framework="paddle", paddle=paddle, **CONTEXT)


def random_boxes(generator, count, whole=False):
    low = generator.uniform(0, 40, (count, 2))
    boxes = np.concatenate([low, low + generator.uniform(1, 24, (count, 2))], axis=1)
    return np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1) if whole else boxes


def random_table(generator):
    """IoU of anchors with objects: any, on whole pixels (ties), few and coarse anchors, no objects."""
    kind = generator.choice(["any", "whole", "coarse", "empty"])
    objects = 0 if kind == "empty" else int(generator.integers(1, 7))
    truth = random_boxes(generator, objects, kind == "whole")
    if kind == "coarse":
        return box_iou(OURS.placed(64, 64, 32, OURS.anchor_shapes([24], [0.5, 1, 2])), truth)
    return box_iou(random_boxes(generator, int(generator.integers(1, 60)), kind == "whole"), truth)


def test_counts_equal_loops():
    for width in range(1, 9):
        for height in range(1, 7):
            boxes = OURS.every_box(width, height)
            assert OURS.count(width, height) == len(boxes) == len(set(boxes))
            assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in boxes)
            for least in range(1, 10):
                left = sum(x2 - x1 >= least and y2 - y1 >= least for x1, y1, x2, y2 in boxes)
                assert OURS.count_least(width, height, least) == left


def test_cost_equals_what_the_layers_do():
    """Weights times places of each convolution, places counted on the maps of a real network."""
    for side in (28, 64, 92):
        inputs, total = torch.zeros(1, 1, side, side), 0
        for before, after, kernel, padding, pooling in LAYERS:
            layer = torch.nn.Conv2d(before, after, kernel, padding=padding)
            inputs = layer(inputs)
            total += layer.weight.numel() * inputs.shape[-1] ** 2
            inputs = torch.nn.functional.max_pool2d(inputs, pooling)
        assert OURS.cost(side) == (total, inputs.shape[-1])


def test_shapes_keep_area_and_ratio():
    generator = np.random.default_rng(0)
    for _ in range(1000):
        scales, ratios = generator.uniform(1, 200, 3), generator.uniform(0.1, 10, 4)
        shapes = OURS.anchor_shapes(scales, ratios).reshape(3, 4, 2)
        np.testing.assert_allclose(shapes.prod(axis=-1), np.tile(scales[:, None] ** 2, 4), rtol=1e-12)
        np.testing.assert_allclose(shapes[..., 0] / shapes[..., 1], np.tile(ratios, (3, 1)), rtol=1e-12)


def test_anchors_equal_torchvisions():
    """Theirs have height : width, stand on corners, and are rounded to whole halves of sides."""
    generator = np.random.default_rng(1)
    for _ in range(200):
        scales, ratios = generator.uniform(8, 80, 3), generator.uniform(0.3, 3, 3)
        stride, rows, columns = (int(generator.integers(*ends)) for ends in ((4, 33), (1, 6), (1, 6)))
        ours = OURS.placed(columns * stride + stride - 1, rows * stride, stride, OURS.anchor_shapes(scales, ratios))
        theirs = AnchorGenerator((tuple(scales),), (tuple(1 / ratios),))
        theirs = theirs.grid_anchors([[rows, columns]], [[torch.tensor(stride)] * 2])[0].numpy()
        theirs = theirs.reshape(-1, 3, 3, 4).swapaxes(1, 2).reshape(-1, 4)
        assert abs(theirs + stride / 2 - ours).max() <= 0.5 + 1e-4


def test_anchors_equal_paddles_and_d2ls_and_the_widgets():
    generator = np.random.default_rng(2)
    for _ in range(40):
        stride, rows, columns = (int(generator.integers(*ends)) for ends in ((4, 33), (1, 6), (1, 6)))
        scale, size = float(generator.uniform(4, 80)), np.array([columns, rows, columns, rows]) * stride
        ours = OURS.placed(columns * stride, rows * stride, stride, OURS.anchor_shapes([scale], [1, 0.5, 2]))
        maps = paddle.zeros([1, 1, rows, columns]), paddle.zeros([1, 1, rows * stride, columns * stride])
        theirs, _ = paddle.vision.ops.prior_box(*maps, [scale], aspect_ratios=[1.0, 0.5, 2.0])
        np.testing.assert_allclose(ours, theirs.numpy().reshape(-1, 4) * size, rtol=1e-4, atol=1e-3)
        height = rows * stride  # d2l measures its scale in heights
        theirs = d2l.multibox_prior(torch.zeros(1, 1, rows, columns), [scale / height], [1, 0.5, 2])[0].numpy()
        np.testing.assert_allclose(ours, theirs * size, rtol=1e-4, atol=1e-3)
    for grid, scale, ratio in [(4, 45, 2), (5, 40, 1.5), (1, 90, 4)]:
        ours = OURS.placed(100, 100, 100 // grid, OURS.anchor_shapes([scale], [ratio, 1, 1 / ratio]))
        np.testing.assert_allclose(ours, widget_anchors(grid, scale, ratio), atol=1e-9)


def test_thresholds_equal_torchvisions_matcher():
    generator, compared = np.random.default_rng(3), 0
    for _ in range(1400):
        table, (low, high) = random_table(generator), np.sort(generator.uniform(0.05, 0.9, 2))
        if table.shape[1]:
            theirs = _utils.Matcher(high, low, False)(torch.tensor(table.T)).numpy()
            np.testing.assert_array_equal(OURS.by_thresholds(table, high, low), theirs)
            compared += 1
    assert compared >= 1000


def test_labels_equal_d2ls_and_a_loop():
    """d2l ignores nothing and keeps the best for every object, even where they do not touch."""
    generator, compared = np.random.default_rng(4), 0
    for _ in range(1300):
        anchors = random_boxes(generator, int(generator.integers(8, 60)))
        truth = random_boxes(generator, int(generator.integers(1, 7)))
        table, left = box_iou(anchors, truth), box_iou(anchors, truth)
        ours, expected = OURS.label(table, 0.5, 0.4), OURS.by_thresholds(table, 0.5, 0.4)
        for _ in range(len(truth)):
            i, j = max(np.ndindex(*left.shape), key=lambda at: left[at])
            if left[i, j] > 0:
                expected[i] = j
            left[i], left[:, j] = 0, 0
        np.testing.assert_array_equal(ours, expected)
        if OURS.without(table, ours) == 0:  # every object touches an anchor of its own
            theirs = d2l.assign_anchor_to_bbox(torch.tensor(truth), torch.tensor(anchors), "cpu").numpy()
            np.testing.assert_array_equal(OURS.label(table, 0.5, 0.5), theirs)
            compared += 1
    assert compared >= 1000


def test_labels_equal_torchvisions_where_no_two_objects_want_one_anchor():
    generator, compared, lost = np.random.default_rng(5), 0, 0
    for _ in range(3000):
        table = random_table(generator).round(6)
        if not table.shape[1]:
            assert (OURS.label(table) == -1).all()
            continue
        theirs = _utils.Matcher(0.5, 0.4, allow_low_quality_matches=True)(torch.tensor(table.T)).numpy()
        np.testing.assert_array_equal(TWIN.their_rule(table), theirs)
        top, ours = table.argmax(axis=0), OURS.label(table)
        one_each = (table == table.max(axis=0)).sum() == len(top) and table.max(axis=0).min() > 0
        if one_each and (table[top].argmax(axis=1) == np.arange(len(top))).all():
            np.testing.assert_array_equal(ours, theirs)
            compared += 1
        lost += OURS.without(table, theirs)
        if table.max(axis=0).min() > 0:  # theirs gives an object that touches nothing any anchor, even all of them
            assert OURS.without(table, ours) <= OURS.without(table, theirs)
    assert compared >= 1000 and lost > 100


def test_labels_of_special_tables():
    assert OURS.label(np.zeros((5, 0))).tolist() == [-1] * 5
    assert OURS.label(np.zeros((3, 2))).tolist() == [-1] * 3  # touches nothing
    crowd = OURS.label(np.array([[0.9, 0.8, 0.7]]))  # three objects, one anchor
    assert crowd.tolist() == [0]
    assert OURS.label(np.array([[0.45, 0.42], [0.2, 0.3], [0.1, 0.35]])).tolist() == [0, -1, 1]


def test_offsets_equal_torchvisions_and_d2ls_and_paddles():
    generator = np.random.default_rng(6)
    coder = _utils.BoxCoder((10.0, 10.0, 5.0, 5.0))
    constants = [0.1, 0.1, 0.2, 0.2]
    for case in range(1000):
        boxes, anchors = random_boxes(generator, 8, case % 2 == 0), random_boxes(generator, 8, case % 3 == 0)
        tensors, offsets = (torch.tensor(boxes), torch.tensor(anchors)), OURS.encode(boxes, anchors)
        np.testing.assert_allclose(OURS.decode(offsets, anchors), boxes, atol=1e-9)
        scaled = offsets / constants
        np.testing.assert_allclose(scaled, coder.encode_single(*tensors).numpy(), atol=1e-9)
        np.testing.assert_allclose(coder.decode_single(torch.tensor(scaled), tensors[1]).numpy(), boxes, atol=1e-9)
        np.testing.assert_allclose(scaled, d2l.offset_boxes(tensors[1], tensors[0], eps=0).numpy(), atol=1e-9)
        theirs = d2l.offset_inverse(tensors[1], torch.tensor(scaled)).numpy()
        np.testing.assert_allclose(OURS.decode(offsets, anchors), theirs, atol=1e-9)
        if case < 100:
            pair = [paddle.to_tensor(part.astype("float32")) for part in (anchors, boxes)]
            every = paddle.vision.ops.box_coder(pair[0], constants, pair[1]).numpy()
            np.testing.assert_allclose(every[range(8), range(8)], scaled, rtol=1e-3, atol=1e-3)


def test_shape_iou_equals_torchvisions():
    generator = np.random.default_rng(7)
    for case in range(1000):
        a, b = (generator.uniform(1, 40, (int(generator.integers(1, 9)), 2)) for _ in range(2))
        if case % 2:
            a, b = a.round(), b.round()
        boxes = [torch.tensor(np.concatenate([-part / 2, part / 2], axis=1)) for part in (a, b)]
        np.testing.assert_allclose(OURS.shape_iou(a, b), ops.box_iou(*boxes).numpy(), atol=1e-9)


@pytest.mark.parametrize("alike", ["shape_iou", "minus_squares"])
def test_k_means_ends_where_nothing_moves(alike):
    measure = getattr(OURS, alike)
    for seed in range(20):
        shapes = np.random.default_rng(seed).uniform(2, 40, (200, 2))
        centres, path = OURS.k_means(shapes, 4, np.random.default_rng(1), measure, steps=1000)
        assert (np.diff(centres.prod(axis=1)) >= 0).all()
        nearest = measure(shapes, centres).argmax(axis=1)
        moved = np.array([shapes[nearest == j].mean(axis=0) for j in range(4)])
        np.testing.assert_allclose(moved, centres, rtol=1e-4)
        assert measure(shapes, centres).max(axis=1).mean() == pytest.approx(path[-1], rel=1e-4)
        if alike == "minus_squares":
            assert (np.diff(path) >= -1e-9).all()


def test_k_means_by_squares_equals_scikit_learns():
    from sklearn.cluster import KMeans

    for seed in range(20):
        shapes = np.random.default_rng(seed).uniform(2, 40, (150, 2))
        start = shapes[np.random.default_rng(9).choice(150, 5, replace=False)]
        theirs = KMeans(5, init=start, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(shapes).cluster_centers_
        ours, _ = OURS.k_means(shapes, 5, np.random.default_rng(9), OURS.minus_squares, steps=1000)
        np.testing.assert_allclose(ours, theirs[theirs.prod(axis=1).argsort()], rtol=1e-4)


def test_the_largest_stride_just_suffices():
    generator = np.random.default_rng(8)
    for _ in range(200):
        side, wanted = generator.uniform(4, 60), generator.uniform(0.2, 0.95)
        half = OURS.largest_stride(side, wanted) / 2
        square = np.array([[0, 0, side, side]])
        assert box_iou(square, square + half)[0, 0] == pytest.approx(wanted)


def test_hard_negatives():
    generator = np.random.default_rng(9)
    for _ in range(1000):
        labels, loss = generator.integers(-2, 2, 30), generator.permutation(30) / 30
        kept = OURS.mine(loss, labels)
        assert (np.diff(kept) > 0).all() and set(np.flatnonzero(labels >= 0)) <= set(kept)
        negative, positive = kept[labels[kept] < 0], (labels >= 0).sum()
        assert (labels[negative] == -1).all() and len(negative) == min(3 * positive, (labels == -1).sum())
        others = np.setdiff1d(np.flatnonzero(labels == -1), negative)
        assert not len(negative) or not len(others) or loss[negative].min() > loss[others].max()
