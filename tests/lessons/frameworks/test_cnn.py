"""What the notes "PyTorch ↔ Paddle" of the chapter cnn claim."""

import warnings
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import paddle
import pytest
import torch
import torchvision
from PIL import Image
from torchinfo import summary
from torchvision import datasets

NOTES = {  # lesson -> how many of its notes are tested here
    "cnn/convolution": 1,
    "cnn/receptive-field": 1,
    "cnn/lenet": 1,
    "cnn/padding-stride-channels": 1,
    "cnn/modern-cnns": 1,
    "cnn/distillation": 1,
    "cnn/image-classification": 1,
    "cnn/batch-norm": 2,
    "cnn/resnet": 1,
    "cnn/pooling": 2,
    "cnn/augmentation": 3,
    "cnn/fine-tuning": 2,
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


def test_counting_tools():
    ours = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.BatchNorm2d(6))
    theirs = paddle.nn.Sequential(paddle.nn.Conv2D(1, 6, 5), paddle.nn.BatchNorm2D(6))
    counted = summary(ours, (1, 1, 12, 12), verbose=0)
    assert counted.total_params == 6 * 26 + 12
    assert counted.total_mult_adds == 6 * 26 * 64 + 12  # weights and biases at 8 × 8 places, γ and β once
    with redirect_stdout(StringIO()):
        table = paddle.summary(theirs, (1, 1, 12, 12))
        with pytest.raises(TypeError):
            paddle.flops(theirs, [1, 1, 12, 12])
    assert table["trainable_params"] == 6 * 26 + 12
    assert table["total_params"] == 6 * 26 + 12 + 12  # running mean and variance


def test_probabilities_as_targets():
    logits = np.random.default_rng(0).normal(size=(4, 10)).astype(np.float32)
    soft = np.random.default_rng(1).dirichlet(np.ones(10), 4).astype(np.float32)
    ours = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(soft)).item()
    theirs, given = paddle.nn.functional.cross_entropy, (paddle.to_tensor(logits), paddle.to_tensor(soft))
    assert theirs(*given, soft_label=True).item() == pytest.approx(ours, rel=1e-5)
    with pytest.raises(ValueError):
        theirs(*given)


def test_is_valid_file(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (8, 8)).save(tmp_path / name / f"{number}.png")

    def only_first(path):
        return path.endswith("0.png")

    assert len(datasets.ImageFolder(str(tmp_path), is_valid_file=only_first)) == 2
    assert len(paddle.vision.datasets.DatasetFolder(str(tmp_path), is_valid_file=only_first)) == 4
    for build in (datasets.ImageFolder, paddle.vision.datasets.DatasetFolder):
        album = build(str(tmp_path))
        album.samples = [(str(tmp_path / "b" / "1.png"), 1)]
        assert len(album) == 1 and album[0][1] == 1


def test_momentum_and_running_variance_of_batch_norm():
    warnings.filterwarnings("ignore", message="When training, we now")
    x = np.random.default_rng(0).normal(2, 3, (4, 3)).astype("float32")
    first, second = torch.nn.BatchNorm1d(3, momentum=0.1), paddle.nn.BatchNorm1D(3, momentum=0.9)
    assert first.momentum == torch.nn.BatchNorm1d(3).momentum and second._momentum == paddle.nn.BatchNorm1D(3)._momentum
    np.testing.assert_allclose(first(torch.tensor(x)).detach(), second(paddle.to_tensor(x)).numpy(), atol=1e-5)
    for mean in (first.running_mean.numpy(), second._mean.numpy()):
        np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(first.running_var.numpy(), 0.9 + 0.1 * x.var(axis=0, ddof=1), atol=1e-5)
    np.testing.assert_allclose(second._variance.numpy(), 0.9 + 0.1 * x.var(axis=0), atol=1e-5)


def test_batch_norm_of_a_single_number_and_its_parameters():
    warnings.filterwarnings("ignore", message="When training, we now")
    x = np.array([[4.0, 5.0, 6.0]], "float32")
    first, second = torch.nn.BatchNorm1d(3), paddle.nn.BatchNorm1D(3)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        first(torch.tensor(x))
    assert second(paddle.to_tensor(x)).numpy().tolist() == x.tolist()
    assert [name for name, _ in first.named_parameters()] == ["weight", "bias"]
    learns = {name: not parameter.stop_gradient for name, parameter in second.named_parameters()}
    assert learns == {"weight": True, "bias": True, "_mean": False, "_variance": False}


def test_resnet18_of_both_zoos():
    first, second = torchvision.models.resnet18(weights=None).eval(), paddle.vision.models.resnet18()
    second.eval()
    assert sum(p.numel() for p in first.parameters()) == 11_689_512
    assert sum(int(p.size) for p in second.parameters()) == 11_689_512 + 9_600
    assert sum(int(p.size) for p in second.parameters() if not p.stop_gradient) == 11_689_512
    values = [v.numpy() for name, v in first.state_dict().items() if "num_batches" not in name]
    for (name, target), value in zip(second.state_dict().items(), values, strict=True):
        target.set_value(value.T if name == "fc.weight" else value)
    x = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype("float32")
    with torch.no_grad():
        expected = first(torch.tensor(x)).numpy()
    found = second(paddle.to_tensor(x)).numpy()
    assert abs(found - expected).max() < 1e-4 * abs(expected).max()


def test_who_counts_the_zeros_of_the_padding():
    x = np.arange(1, 17, dtype="float32").reshape(1, 1, 4, 4)
    ours = torch.nn.AvgPool2d(3, 2, 1)(torch.tensor(x)).numpy()
    theirs = paddle.nn.AvgPool2D(3, 2, 1)(paddle.to_tensor(x)).numpy()
    assert ours[0, 0, 0, 0] == pytest.approx(14 / 9) and theirs[0, 0, 0, 0] == pytest.approx(14 / 4)
    same = paddle.nn.AvgPool2D(3, 2, 1, exclusive=False)(paddle.to_tensor(x)).numpy()
    np.testing.assert_allclose(ours, same, rtol=1e-6)
    same = torch.nn.AvgPool2d(3, 2, 1, count_include_pad=False)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(theirs, same, rtol=1e-6)


def test_windows_that_see_nothing():
    x = np.full((1, 1, 3, 3), -1, dtype="float32")
    ours = torch.nn.MaxPool2d(2, 2, 1, ceil_mode=True)(torch.tensor(x))
    assert ours.shape[-2:] == (2, 2)
    largest = paddle.nn.MaxPool2D(2, 2, 1, ceil_mode=True)(paddle.to_tensor(x)).numpy()
    mean = paddle.nn.AvgPool2D(2, 2, 1, ceil_mode=True)(paddle.to_tensor(x)).numpy()
    assert largest.shape[-2:] == (3, 3) and largest[0, 0, 2, 2] < -3e38
    assert mean.shape[-2:] == (3, 3) and np.isnan(mean[0, 0, 2, 2])
    with pytest.raises(RuntimeError, match="pad should be at most half"):
        torch.nn.MaxPool2d(2, 2, 2)(torch.tensor(x))
    assert paddle.nn.MaxPool2D(2, 2, 2)(paddle.to_tensor(x)).numpy()[0, 0, 0, 0] < -3e38


def test_who_rolls_the_dice_of_the_transforms():
    import random

    import paddle.vision.transforms
    import torchvision.transforms
    from PIL import Image

    picture = Image.fromarray((np.arange(784) % 251).astype(np.uint8).reshape(28, 28))

    def repeats(library, seed):
        chain = library.Compose([library.RandomCrop(28, padding=9), library.ColorJitter(0.5, 0.5)])
        results = []
        for _ in range(2):
            seed()
            results.append(np.asarray(chain(picture)))
        return bool((results[0] == results[1]).all())

    def both():
        random.seed(0)
        np.random.seed(0)

    assert repeats(torchvision.transforms, lambda: torch.manual_seed(0))
    assert not repeats(torchvision.transforms, both)
    assert repeats(paddle.vision.transforms, both)
    assert not repeats(paddle.vision.transforms, lambda: paddle.seed(0))


def test_a_batch_is_changed_alike_by_torchvision_and_refused_or_taken_apart_by_paddle():
    import importlib.util

    import paddle.vision.transforms
    import torchvision.transforms

    spot = torch.zeros(50, 1, 28, 28)
    spot[:, :, 14, 14] = 1
    moved = torchvision.transforms.RandomCrop(28, padding=5)(spot)
    assert len({int(picture.argmax()) for picture in moved}) == 1
    spots = np.zeros((1, 28, 28), np.float32)
    spots[0, 14, 14] = 1
    assert paddle.vision.transforms.RandomCrop(28, padding=5)(paddle.to_tensor(spots)).shape == [1, 28, 28]
    if importlib.util.find_spec("cv2") is None:
        with pytest.raises(ImportError, match="cv2"):
            paddle.vision.transforms.RandomCrop(28, padding=5)(spots.transpose(1, 2, 0))
    theta = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    grids = [
        torch.nn.functional.affine_grid(torch.tensor(theta), [4, 1, 5, 5], align_corners=False).numpy(),
        paddle.nn.functional.affine_grid(paddle.to_tensor(theta), [4, 1, 5, 5], align_corners=False).numpy(),
    ]
    np.testing.assert_allclose(*grids, atol=1e-5)


def test_targets_that_are_probabilities():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    y = np.full((4, 3), 1 / 3, np.float32)
    ours = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(y)).item()
    cross_entropy = paddle.nn.functional.cross_entropy
    theirs = cross_entropy(paddle.to_tensor(logits), paddle.to_tensor(y), soft_label=True).item()
    assert ours == pytest.approx(theirs, rel=1e-5)
    with pytest.raises(Exception):  # noqa: B017  it asks for whole numbers of shape (N,) or (N, 1)
        cross_entropy(paddle.to_tensor(logits), paddle.to_tensor(y))


def test_rates_of_parameter_groups():
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam([{"params": layer.parameters(), "lr": 0.1}], lr=0.003)
    before = layer.weight.detach().clone()
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert (layer.weight - before).abs().max().item() == pytest.approx(0.1, rel=1e-3)
    other = paddle.nn.Linear(2, 2)
    groups = [{"params": other.parameters(), "learning_rate": 0.1}]
    optimizer = paddle.optimizer.Adam(0.003, parameters=groups)
    before = other.weight.numpy().copy()
    other(paddle.ones([1, 2])).sum().backward()
    optimizer.step()
    assert abs(other.weight.numpy() - before).max() == pytest.approx(0.1 * 0.003, rel=1e-3)


def test_freezing():
    layer, other = torch.nn.Linear(2, 2).requires_grad_(False), paddle.nn.Linear(2, 2)
    assert not layer.weight.requires_grad and not layer(torch.ones(1, 2)).requires_grad
    for parameter in other.parameters():
        parameter.stop_gradient = True
    assert other(paddle.ones([1, 2])).stop_gradient


def test_last_layer_of_a_zoo_model():
    import inspect

    import paddle.vision.models
    import torchvision.models

    ours, theirs = torchvision.models.resnet18(weights=None), paddle.vision.models.resnet18(pretrained=False)
    assert ours.fc.in_features == theirs.fc.weight.shape[0] == 512
    assert "weights" in inspect.signature(torchvision.models.resnet18).parameters
    assert "pretrained" in inspect.signature(paddle.vision.models.resnet18).parameters
    assert not hasattr(theirs.fc, "in_features")
    counts = [sum(p.numel() for p in ours.parameters()), sum(int(p.size) for p in theirs.parameters())]
    assert counts[1] - counts[0] == sum(b.numel() for b in ours.buffers() if b.ndim) == 9600
