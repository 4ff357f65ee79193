"""What the notes "PyTorch ↔ Paddle" of the chapter detection claim."""

import numpy as np
import paddle
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "detection/boxes-and-iou": 4,
    "detection/nms": 2,
    "detection/yolov3": 3,
    "detection/anchors": 3,
}


def test_boxes_in_torchvision_and_paddle():
    from torchvision import ops

    corners = torch.tensor([[10.0, 20.0, 50.0, 80.0]])
    assert ops.box_convert(corners, "xyxy", "cxcywh").tolist() == [[30, 50, 40, 60]]
    assert ops.box_convert(corners, "xyxy", "xywh").tolist() == [[10, 20, 40, 60]]
    point = torch.tensor([[1.0, 1.0, 1.0, 1.0]])
    assert ops.box_iou(point, point).isnan().all()
    one_pixel = torch.zeros(1, 4, 4, dtype=torch.bool)
    one_pixel[0, 2, 3] = True
    assert ops.masks_to_boxes(one_pixel).tolist() == [[3, 2, 3, 2]]
    for name in ("box_iou", "box_convert", "masks_to_boxes"):
        assert not hasattr(paddle.vision.ops, name), f"Paddle has {name} now; mend the note"


def test_paddles_nms_gives_its_iou_away():
    boxes = paddle.to_tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])  # IoU 1/3
    kept = [len(paddle.vision.ops.nms(boxes, threshold)) for threshold in (0.32, 0.35)]
    assert kept == [1, 2]


def test_gradient_of_a_product_with_a_zero_factor():
    sides = torch.tensor([[0.0, 3.0]], requires_grad=True)
    sides.prod(dim=1).sum().backward()
    assert sides.grad.tolist() == [[3, 0]]
    other = paddle.to_tensor([[0.0, 3.0]], stop_gradient=False)
    other.prod(axis=1).sum().backward()
    assert np.isnan(other.grad.numpy()).any()


def test_arguments_and_equal_scores_of_nms():
    from torchvision import ops

    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [20, 0, 30, 10]], dtype=np.float32)
    assert ops.nms(torch.tensor(boxes), torch.tensor([0.5, 0.5, 0.9]), 0.5).tolist() == [2, 0]
    ranked = paddle.to_tensor(boxes)
    assert paddle.vision.ops.nms(ranked, 0.5).tolist() == [0, 2]  # no scores: the order is the ranking
    assert paddle.vision.ops.nms(ranked, 0.5, paddle.to_tensor([0.5, 0.6, 0.9])).tolist() == [2, 1]
    generator, unstable = np.random.default_rng(0), 0
    for _ in range(20):
        apart = np.arange(40)[:, None] * 10 + np.array([0, 0, 5, 5])
        scores = generator.integers(0, 3, 40) / 4
        expected = np.argsort(-scores, kind="stable").tolist()
        tensors = torch.tensor(apart.astype("float32")), torch.tensor(scores)
        assert ops.nms(tensors[0], tensors[1].float(), 0.5).tolist() == expected
        theirs = paddle.vision.ops.nms(paddle.to_tensor(apart.astype("float32")), 0.5, paddle.to_tensor(scores))
        unstable += theirs.tolist() != expected
    assert unstable, "Paddle's nms has become stable; mend the note"


def test_suppression_within_classes():
    from torchvision import ops

    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], dtype=np.float32)
    scores, classes = np.array([0.9, 0.8, 0.7], dtype=np.float32), np.array([0, 1, 0])
    expected = ops.batched_nms(torch.tensor(boxes), torch.tensor(scores), torch.tensor(classes), 0.2)
    tensors = [paddle.to_tensor(array) for array in (boxes, scores, classes)]
    theirs = paddle.vision.ops.nms(tensors[0], 0.2, tensors[1], category_idxs=tensors[2], categories=[0, 1])
    assert expected.tolist() == theirs.tolist() == [0, 1]


def test_paddle_has_yolov3s_operators():
    import torchvision

    for name in ("yolo_box", "yolo_loss"):
        assert hasattr(paddle.vision.ops, name) and not hasattr(torchvision.ops, name)
    head, size = paddle.zeros([1, 2 * 6, 2, 2]), paddle.to_tensor(np.array([[64, 64]], "int32"))
    boxes, scores = paddle.vision.ops.yolo_box(head, size, [10, 20, 16, 8], 1, 0.0, 32)
    assert boxes.shape == [1, 8, 4] and scores.shape == [1, 8, 1]
    assert np.allclose(boxes[0, :2].numpy(), [[11, 6, 21, 26], [43, 6, 53, 26]])  # two cells of the first anchor
    assert np.allclose(boxes[0, 4].numpy(), [8, 12, 24, 20])  # the second anchor comes after all four
    assert np.allclose(scores.numpy(), 0.25)  # a sigmoid for the one class, a softmax would give 0.5


def test_where_cross_entropy_expects_the_classes_of_many_rows():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(2, 6, 10)).astype("float32"), random.integers(0, 10, (2, 6))
    rows = torch.tensor(logits), torch.tensor(labels)
    with pytest.raises((RuntimeError, ValueError)):
        torch.nn.functional.cross_entropy(*rows)
    expected = torch.nn.functional.cross_entropy(rows[0].flatten(0, 1), rows[1].flatten()).item()
    theirs = paddle.nn.functional.cross_entropy(paddle.to_tensor(logits), paddle.to_tensor(labels))
    assert theirs.item() == pytest.approx(expected, rel=1e-5)


def test_first_weights_of_a_convolution():
    paddle.seed(0)
    torch.manual_seed(0)
    ours = torch.nn.Conv2d(64, 64, 3).weight.std().item()
    theirs = paddle.nn.Conv2D(64, 64, 3).weight.numpy().std()
    assert theirs / ours == pytest.approx(6**0.5, rel=0.03)


def test_ratio_and_place_of_ready_made_anchors():
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    generator = AnchorGenerator(((16,),), ((4.0, 0.5),))
    theirs = generator.grid_anchors([[1, 2]], [[torch.tensor(8)] * 2])[0].tolist()
    assert theirs[0] == [-4, -16, 4, 16]  # height : width is 4, the corner of the cell
    assert theirs[1] == [-11, -6, 11, 6]  # sides 22.6 and 11.3, halves rounded
    assert theirs[2] == [4, -16, 12, 16]
    maps = paddle.zeros([1, 1, 1, 2]), paddle.zeros([1, 1, 32, 64])
    boxes, constants = paddle.vision.ops.prior_box(*maps, [16.0], aspect_ratios=[4.0])
    assert boxes.shape == [1, 2, 2, 4]  # ratio 1 is added, and goes first
    expected = np.array([[8, 8, 24, 24], [0, 12, 32, 20]]) / [64, 32, 64, 32]  # width : height is 4
    assert np.allclose(boxes[0, 0].numpy(), expected)
    assert np.allclose(constants[0, 0, 0].numpy(), [0.1, 0.1, 0.2, 0.2])


def test_matching_is_torchvisions_only():
    from torchvision.models.detection._utils import Matcher

    table = torch.tensor([[0.45, 0.2, 0.1], [0.42, 0.3, 0.35]])  # object x anchor
    assert Matcher(0.5, 0.4, False)(table).tolist() == [-2, -1, -1]
    assert Matcher(0.5, 0.4, True)(table).tolist() == [0, -1, -1]  # the second object goes without
    names = [name.lower() for name in dir(paddle.vision.ops)]
    assert not [name for name in names if "match" in name or "assign" in name]


def test_offsets_of_box_coder():
    from torchvision.models.detection._utils import BoxCoder

    anchors, boxes = np.array([[0, 0, 10, 20], [5, 5, 15, 15]]), np.array([[2, 2, 14, 20], [0, 0, 5, 5]])
    constants, coder = [0.1, 0.1, 0.2, 0.2], BoxCoder((10.0, 10.0, 5.0, 5.0))
    rows = coder.encode_single(torch.tensor(boxes).double(), torch.tensor(anchors).double()).numpy()
    tensors = paddle.to_tensor(anchors.astype("float32")), paddle.to_tensor(boxes.astype("float32"))
    every = paddle.vision.ops.box_coder(tensors[0], constants, tensors[1])
    assert every.shape == [2, 2, 4]  # every object with every anchor
    assert np.allclose(every.numpy()[range(2), range(2)], rows, atol=1e-4)
    longer = paddle.vision.ops.box_coder(tensors[0], constants, tensors[1], box_normalized=False)
    assert longer[0, 0, 2].item() == pytest.approx(np.log(13 / 11) / 0.2, rel=1e-4)
    large, small = [[0, 0, 45.0, 45.0]], [[0, 0, 20.0, 20.0]]  # exp(9) of 20, or the cap
    theirs = coder.decode_single(torch.tensor(large), torch.tensor(small))[0]
    assert (theirs[2] - theirs[0]).item() == pytest.approx(20 * 62.5, rel=1e-4)
    code = [paddle.to_tensor(small), constants, paddle.to_tensor([large]), "decode_center_size"]
    other = paddle.vision.ops.box_coder(*code)[0, 0]
    assert (other[2] - other[0]).item() == pytest.approx(20 * np.exp(9), rel=1e-4)


def test_box_coder_decodes_float64_wrongly():
    wrong = {}
    for kind in ("float32", "float64"):
        anchors = paddle.to_tensor(np.array([[0, 0, 10, 20], [5, 5, 15, 15]], kind))
        boxes, constants = np.array([[2, 2, 14, 20], [0, 0, 5, 5]], kind), [0.1, 0.1, 0.2, 0.2]
        code = paddle.vision.ops.box_coder(anchors, constants, paddle.to_tensor(boxes))
        back = paddle.vision.ops.box_coder(anchors, constants, code, "decode_center_size", axis=0).numpy()
        wrong[kind] = abs(back - boxes[:, None]).max()
    assert wrong["float32"] < 1e-3
    assert wrong["float64"] > 0.1, "Paddle decodes float64 boxes rightly now; mend the note"
