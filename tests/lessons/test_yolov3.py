"""Anchors, k-means, offsets and assignment of detection/yolov3 against torchvision, d2l and scikit-learn."""

import d2l.torch as d2l
import numpy as np
import pytest
import torch
from torchvision import ops
from torchvision.models.detection import _utils
from torchvision.models.detection.anchor_utils import AnchorGenerator

from lesson_utils.metrics import box_iou
from tests.lessons.from_source import functions

LESSON = "detection/yolov3"
NAMES = "layout corners placed shape_iou k_means encode decode assign pixels sigmoid verdicts".split()
SIZE, STRIDES = 64, (8, 16, 32)
OURS = functions(LESSON, *NAMES, np=np, box_iou=box_iou, SIZE=SIZE, STRIDES=STRIDES)


def random_shapes(generator, count=9):
    shapes = generator.uniform(2, 40, (count, 2))
    return shapes[shapes.prod(axis=1).argsort()]


def centred(shapes):
    return torch.tensor(np.concatenate([-shapes / 2, shapes / 2], axis=1))


def random_truth(generator, kind):
    """True boxes inside the canvas: none, on a grid of cells, nested, degenerate or anywhere."""
    if kind == "empty":
        return np.zeros((0, 5))
    count = int(generator.integers(1, 6))
    low = generator.integers(0, 56, (count, 2)).astype(float)
    size = generator.integers(1, 8, (count, 2)).astype(float)
    if kind == "touching":  # corners and centres on the lines of the grids
        low, size = low // 8 * 8, np.full((count, 2), 8.0)
    elif kind == "nested":
        low[1:], size[0] = low[0], 8
    elif kind == "degenerate":  # thinner than a thousandth of a pixel
        size[:, 0] = 1e-4
    elif kind == "large":
        low, size = low / 4, size * 6
    return np.concatenate([generator.integers(0, 10, (count, 1)), low, low + size], axis=1)


KINDS = ["empty", "touching", "nested", "degenerate", "large", "any"]


def test_anchors_equal_torchvisions():
    """Its generator stands anchors on the corners of the cells, ours stand in their middles."""
    for seed in range(50):
        shapes = random_shapes(np.random.default_rng(seed))
        cells, sizes = OURS.layout(shapes)
        assert cells.shape == (252, 3) and sizes.shape == (252, 2)
        generator = AnchorGenerator(((1,),) * 3, ((1.0,),) * 3)
        generator.cell_anchors = [centred(three).float() for three in shapes.reshape(3, 3, 2)]
        sides, strides = [[SIZE // s] * 2 for s in STRIDES], [[torch.tensor(s)] * 2 for s in STRIDES]
        theirs = torch.cat(generator.grid_anchors(sides, strides)).numpy()
        np.testing.assert_allclose(OURS.placed(cells, sizes) - cells[:, 2:] / 2, theirs, atol=1e-4)


def test_anchors_equal_d2ls():
    for scale, stride in enumerate(STRIDES):
        wide = np.array([[6.0, 24.0], [12.0, 12.0], [24.0, 6.0]])  # one area, ratios 1/4, 1 and 4
        cells, sizes = OURS.layout(np.tile(wide, (3, 1)))
        side = SIZE // stride
        theirs = d2l.multibox_prior(torch.zeros(1, 1, side, side), [12 / SIZE], [0.25, 1, 4])[0].numpy() * SIZE
        np.testing.assert_allclose(OURS.placed(cells, sizes)[cells[:, 2] == stride], theirs, atol=1e-4)
        assert scale == STRIDES.index(stride)


def test_shape_iou_equals_torchvision_and_d2l():
    generator = np.random.default_rng(0)
    for case in range(1000):
        a, b = random_shapes(generator, int(generator.integers(0, 9))), random_shapes(generator, 5)
        if case % 2:  # whole numbers: equal, nested and crossed shapes
            a, b = a.round(), b.round()
        ours = OURS.shape_iou(a, b)
        np.testing.assert_allclose(ours, ops.box_iou(centred(a), centred(b)).numpy(), atol=1e-9)
        np.testing.assert_allclose(ours, d2l.box_iou(centred(a), centred(b)).numpy(), atol=1e-9)


@pytest.mark.parametrize("k", [1, 3, 9])
def test_k_means_ends_where_nothing_moves(k):
    for seed in range(10):
        shapes = random_shapes(np.random.default_rng(seed), 200)
        centres = OURS.k_means(shapes, k, np.random.default_rng(1), steps=1000)
        assert (np.diff(centres.prod(axis=1)) >= 0).all()
        nearest = OURS.shape_iou(shapes, centres).argmax(axis=1)
        for j in range(k):
            np.testing.assert_allclose(shapes[nearest == j].mean(axis=0), centres[j], rtol=1e-4)


def test_k_means_finds_what_scikit_learn_finds():
    """Where the groups lie far apart, the distance does not matter."""
    from sklearn.cluster import KMeans

    generator = np.random.default_rng(2)
    middles = np.array([[5.0, 20.0], [20.0, 5.0], [40.0, 40.0]])
    shapes = (middles[:, None] + generator.uniform(-1, 1, (3, 50, 2))).reshape(-1, 2)
    theirs = KMeans(3, n_init=10, random_state=0).fit(shapes).cluster_centers_
    runs = [OURS.k_means(shapes, 3, np.random.default_rng(seed)) for seed in range(10)]
    ours = max(runs, key=lambda centres: OURS.shape_iou(shapes, centres).max(axis=1).mean())
    np.testing.assert_allclose(np.sort(ours, axis=0), np.sort(theirs, axis=0), atol=1e-6)


@pytest.mark.parametrize("kind", ["touching", "nested", "degenerate", "large", "any"])
def test_offsets_equal_d2ls_and_torchvisions(kind):
    """Sizes are the same logarithm everywhere; centres are shares of a cell here, of an anchor there."""
    generator, coder = np.random.default_rng(3), _utils.BoxCoder((1.0, 1.0, 1.0, 1.0))
    cells, sizes = OURS.layout(random_shapes(generator))
    for _ in range(250):
        boxes = random_truth(generator, kind)[:, 1:]
        rows = generator.integers(0, 252, len(boxes))
        c, s = cells[rows], sizes[rows]
        ours = OURS.encode(boxes, c, s)
        anchors = torch.tensor(OURS.placed(c, s))
        theirs = coder.encode_single(torch.tensor(boxes), anchors).numpy()
        np.testing.assert_allclose(ours[:, 2:], theirs[:, 2:], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((ours[:, :2] - 0.5) * c[:, 2:] / s, theirs[:, :2], rtol=1e-6, atol=1e-6)
        scaled = d2l.offset_boxes(anchors, torch.tensor(boxes), eps=0).numpy() / [10, 10, 5, 5]
        np.testing.assert_allclose(theirs, scaled, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(OURS.decode(ours[:, :2], ours[:, 2:], c, s), boxes, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_assignment(kind):
    """Written as loops over digits and rows; torchvision counts the overlaps."""
    generator = np.random.default_rng(4)
    for _ in range(200):
        cells, sizes = OURS.layout(random_shapes(generator))
        least = float(generator.choice([0.3, 0.5, 1]))
        truth = random_truth(generator, kind)
        targets = OURS.assign(truth, cells, sizes, least)
        overlap = ops.box_iou(torch.tensor(OURS.placed(cells, sizes)), torch.tensor(truth[:, 1:])).numpy()
        owner, agreed = np.full(252, -1), np.zeros(252)
        for j, (_, x1, y1, x2, y2) in enumerate(truth):
            agree = np.zeros(252)
            for i, ((column, row, stride), shape) in enumerate(zip(cells, sizes, strict=True)):
                if (x1 + x2) / 2 // stride == column and (y1 + y2) / 2 // stride == row:
                    wide, high = x2 - x1, y2 - y1
                    shared = min(wide, shape[0]) * min(high, shape[1])
                    agree[i] = shared / (wide * high + shape.prod() - shared)
            for i in np.flatnonzero(agree):
                if (agree[i] > least and agree[i] > agreed[i]) or i == agree.argmax():
                    owner[i], agreed[i] = j, agree[i]
        for i, j in enumerate(owner):
            if j < 0:
                assert targets[i, 0] == (-1 if overlap[i].max(initial=0) > 0.5 else 0)
                assert (targets[i, 1:] == 0).all()
            else:
                assert targets[i, 0] == 1 and targets[i, 5] == truth[j, 0]
                back = OURS.decode(targets[i : i + 1, 1:3], targets[i : i + 1, 3:5], cells[i : i + 1], sizes[i : i + 1])
                np.testing.assert_allclose(back[0], truth[j, 1:], atol=1e-3)


def test_the_best_anchor_is_the_one_d2l_would_match():
    """One digit in the middle of its cell: the best shape is the largest overlap (or one of several, if nested)."""
    generator = np.random.default_rng(5)
    for _ in range(300):
        cells, sizes = OURS.layout(np.tile(random_shapes(generator, 3), (3, 1)))
        middle = (generator.integers(0, 8, 2) + 0.5) * 8
        box = OURS.corners(middle, generator.uniform(2, 30, 2))[None]
        targets = OURS.assign(np.concatenate([[[7]], box], axis=1), cells, sizes, least=1)
        anchors = torch.tensor(OURS.placed(cells, sizes))
        matched = d2l.assign_anchor_to_bbox(torch.tensor(box), anchors, "cpu", iou_threshold=1.1).numpy()
        assert (targets[:, 0] == 1).sum() == (matched == 0).sum() == 1
        overlap = ops.box_iou(anchors, torch.tensor(box)).numpy()[:, 0]
        assert overlap[targets[:, 0] == 1] == pytest.approx(overlap[matched == 0], abs=1e-12)


def test_verdicts():
    truth = np.array([[3, 0, 0, 10, 10], [4, 20, 0, 30, 10], [5, 40, 0, 50, 10], [6, 0, 40, 10, 50.0]])
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [45, 0, 55, 10], [50, 50, 60, 60], [0, 40, 10, 50.0]])
    scores, kinds = np.array([0.9, 0.9, 0.9, 0.9, 0.4]), np.array([3, 9, 5, 1, 6])
    words = OURS.verdicts((boxes, scores, kinds, kinds), truth)
    assert words == ["found", "misread", "misplaced", "missed", "alarm"]
    nothing = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), np.zeros(0, int)
    assert OURS.verdicts(nothing, truth) == ["missed"] * 4
    assert OURS.verdicts(nothing, np.zeros((0, 5))) == []


def test_decoding_equals_paddles():
    """yolo_box gives all cells of the first anchor, then those of the second; it has no part in the class score."""
    import paddle

    random = np.random.default_rng(6)
    for case in range(12):
        shapes = random_shapes(random).round()
        cells, sizes = OURS.layout(shapes)
        stride = STRIDES[case % 3]
        side, here = SIZE // stride, cells[:, 2] == stride
        logits = random.normal(size=(2, side, side, 3, 15)).astype("float32")
        head = logits.reshape(2, side, side, 45).transpose(0, 3, 1, 2)
        theirs, _ = paddle.vision.ops.yolo_box(
            paddle.to_tensor(np.ascontiguousarray(head)), paddle.to_tensor(np.full((2, 2), SIZE, "int32")),
            shapes.reshape(3, 3, 2)[case % 3].astype(int).ravel().tolist(), 10, 0.0, stride, clip_bbox=False,
        )  # fmt: skip
        theirs = theirs.numpy().reshape(2, 3, side, side, 4).transpose(0, 2, 3, 1, 4).reshape(2, -1, 4)
        rows = logits.reshape(2, -1, 15)
        ours = OURS.decode(OURS.sigmoid(rows[..., :2]), rows[..., 2:4], cells[here], sizes[here])
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_a_box_without_area_teaches_nothing():
    cells, sizes = OURS.layout(random_shapes(np.random.default_rng(7)))
    point = np.array([[3, 20.0, 20.0, 20.0, 20.0]])
    assert (OURS.assign(point, cells, sizes) == 0).all()
    whole = np.array([[3, 10.0, 10.0, 30.0, 30.0]])
    both = np.concatenate([point, whole])
    np.testing.assert_array_equal(OURS.assign(both, cells, sizes), OURS.assign(whole, cells, sizes))
