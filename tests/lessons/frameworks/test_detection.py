"""What the notes "PyTorch ↔ Paddle" of the chapter detection claim."""

import numpy as np
import paddle
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "detection/boxes-and-iou": 4,
    "detection/nms": 2,
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
