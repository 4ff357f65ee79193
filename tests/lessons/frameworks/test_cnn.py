"""What the notes "PyTorch ↔ Paddle" of the chapter cnn claim."""

import numpy as np
import paddle
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "cnn/convolution": 1,
    "cnn/receptive-field": 1,
    "cnn/lenet": 1,
    "cnn/padding-stride-channels": 1,
}


def test_layouts_of_weights():
    assert list(torch.nn.Conv2d(3, 8, 5).weight.shape) == list(paddle.nn.Conv2D(3, 8, 5).weight.shape) == [8, 3, 5, 5]
    assert list(torch.nn.Linear(400, 120).weight.shape) == [120, 400]
    assert list(paddle.nn.Linear(400, 120).weight.shape) == [400, 120]


def test_default_initialisers():
    fan_in = 64 * 9
    layer, other = torch.nn.Conv2d(64, 128, 3), paddle.nn.Conv2D(64, 128, 3)
    assert layer.weight.abs().max().item() <= fan_in**-0.5 and layer.bias.abs().max() > 0
    assert layer.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.03)
    assert float(other.weight.std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.03)
    assert float(other.bias.abs().max()) == 0
    linear, other = torch.nn.Linear(400, 120), paddle.nn.Linear(400, 120)
    assert linear.weight.abs().max().item() <= 400**-0.5
    bound = (6 / (400 + 120)) ** 0.5
    assert bound * 0.98 < float(other.weight.abs().max()) <= bound and float(other.bias.abs().max()) == 0


def test_labels_of_cross_entropy():
    logits, labels = np.zeros((3, 4), dtype=np.float32), np.array([0, 1, 2])
    for kind in (np.int64, np.uint8):
        torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels.astype(kind)))
    with pytest.raises((RuntimeError, IndexError)):
        torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels.astype(np.int32)))
    for kind in (np.int64, np.int32):
        for shape in ((3,), (3, 1)):
            target = paddle.to_tensor(labels.astype(kind).reshape(shape))
            assert paddle.nn.functional.cross_entropy(paddle.to_tensor(logits), target).item() == pytest.approx(
                np.log(4)
            )


def test_gradients_can_be_asked_for_without_leaving_any_behind():
    model, inputs = torch.nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(model(inputs).sum(), inputs)
    assert slope.shape == (1, 2) and inputs.grad is None and model.weight.grad is None
    model, inputs = paddle.nn.Linear(2, 1), paddle.ones([1, 2])
    inputs.stop_gradient = False
    (slope,) = paddle.grad(model(inputs).sum(), inputs)
    assert slope.shape == [1, 2] and inputs.grad is None and model.weight.grad is None


def test_padding_called_same():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1, 1, 8, 8)).astype(np.float32)
    w = generator.normal(size=(1, 1, 3, 3)).astype(np.float32)

    def ours(*settings):
        return torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), None, *settings).numpy()

    def theirs(*settings):
        return paddle.nn.functional.conv2d(paddle.to_tensor(x), paddle.to_tensor(w), None, *settings).numpy()

    with pytest.raises(RuntimeError, match="strided"):
        ours(2, "same")
    right = torch.nn.functional.pad(torch.tensor(x), (0, 1, 0, 1))  # the odd zero right and below
    right = torch.nn.functional.conv2d(right, torch.tensor(w), None, 2).numpy()
    np.testing.assert_allclose(theirs(2, "SAME"), right, atol=1e-5)
    np.testing.assert_allclose(theirs(2, [0, 1, 0, 1]), right, atol=1e-5)
    assert not np.allclose(theirs(2, 1), right, atol=0.1)
    np.testing.assert_allclose(theirs(1, "SAME", 2), ours(1, 1, 1), atol=1e-5)  # dilation forgotten
    np.testing.assert_allclose(ours(1, "same", 2), ours(1, 2, 2), atol=1e-5)
    np.testing.assert_allclose(theirs(1, 2, 2), ours(1, 2, 2), atol=1e-5)
