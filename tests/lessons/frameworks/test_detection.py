"""What the notes "PyTorch ↔ Paddle" of the chapter detection claim."""

import numpy as np
import paddle
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "detection/boxes-and-iou": 4,
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
