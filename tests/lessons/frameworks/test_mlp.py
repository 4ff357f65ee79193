"""What the notes "PyTorch ↔ Paddle" of the chapter mlp claim."""

import warnings

import numpy as np
import paddle
import pytest
import torch

import lesson_utils  # noqa: F401

NOTES = {  # lesson -> how many of its notes are tested here
    "mlp/softmax-and-losses": 2,
    "mlp/linear-regression": 1,
    "mlp/perceptron-to-mlp": 2,
    "mlp/digits-first-model": 2,
    "mlp/stability": 2,
    "mlp/runner": 2,
    "mlp/regularization": 2,
}


def test_where_cross_entropy_looks_for_the_classes():
    logits, labels = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32"), np.zeros((2, 4, 4), int)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
    ours, target = paddle.to_tensor(logits), paddle.to_tensor(labels)
    assert paddle.nn.functional.cross_entropy(ours, target, axis=1).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError):
        paddle.nn.functional.cross_entropy(ours, target)


def test_paddles_softmax_stops_at_64_on_the_cpu():
    scores = [[0.0, 200.0, 0.0]]
    theirs = paddle.nn.functional.cross_entropy(paddle.to_tensor(scores, place="cpu"), paddle.to_tensor([0]))
    assert theirs.item() == pytest.approx(64, abs=1e-3)
    assert torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor([0])).item() == 200


def test_mse_loss_of_a_column_and_a_row():
    column, row = torch.zeros(4, 1), torch.tensor([1.0, 2.0, 3.0, 4.0])
    with pytest.warns(UserWarning, match="broadcasting"):
        assert torch.nn.functional.mse_loss(column, row).item() == 7.5  # of the 4 × 4 table
    column, row = paddle.zeros([4, 1]), paddle.to_tensor([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paddle.nn.functional.mse_loss(column, row).item() == 7.5


def test_a_square_weight_copied_untransposed_fits_and_is_wrong():
    weight, x = np.array([[1.0, 2.0], [3.0, 4.0]], dtype="float32"), np.array([[1.0, 0.0]], dtype="float32")
    layer, other = torch.nn.Linear(2, 2, bias=False), paddle.nn.Linear(2, 2, bias_attr=False)
    layer.weight.data = torch.tensor(weight)
    other.weight.set_value(weight)
    assert layer(torch.tensor(x)).tolist() == [[1, 3]]
    assert other(paddle.to_tensor(x)).tolist() == [[1, 2]]
    with pytest.raises((ValueError, AssertionError)):
        paddle.nn.Linear(2, 3).weight.set_value(torch.nn.Linear(2, 3).weight.detach().numpy())


def test_momentum_is_an_argument_in_torch_and_a_class_in_paddle():
    layer, other = torch.nn.Linear(1, 1, bias=False), paddle.nn.Linear(1, 1, bias_attr=False)
    torch.nn.init.zeros_(layer.weight)
    other.weight.set_value(np.zeros((1, 1), "float32"))
    optimizers = [
        torch.optim.SGD(layer.parameters(), lr=0.2, momentum=0.9),
        paddle.optimizer.Momentum(0.2, 0.9, parameters=other.parameters()),
    ]
    w = v = 0.0
    for _ in range(4):
        v = 0.9 * v + 1
        w -= 0.2 * v
        for module, optimizer in zip((layer, other), optimizers, strict=True):
            module.weight.sum().backward()  # gradient 1
            optimizer.step()
            (optimizer.zero_grad if module is layer else optimizer.clear_grad)()
            assert module.weight.item() == pytest.approx(w, rel=1e-6)
    with pytest.raises(TypeError):
        paddle.optimizer.SGD(0.2, momentum=0.9, parameters=other.parameters())


def test_squared_error_broadcasts_targets_of_another_shape():
    outputs, targets = np.zeros((4, 1), "float32"), np.arange(4, dtype="float32")
    every_pair = float(np.mean(np.arange(4.0) ** 2))
    with pytest.warns(UserWarning, match="broadcasting"):
        loss = torch.nn.functional.mse_loss(torch.tensor(outputs), torch.tensor(targets), reduction="none")
    assert loss.shape == (4, 4) and loss.mean().item() == every_pair
    other = paddle.nn.functional.mse_loss(paddle.to_tensor(outputs), paddle.to_tensor(targets), reduction="none")
    assert other.shape == [4, 4] and other.mean().item() == every_pair


def test_squared_error_of_whole_numbers():
    outputs, targets = np.zeros((4, 1), "float32"), np.arange(4)[:, None]
    assert torch.nn.functional.mse_loss(torch.tensor(outputs), torch.tensor(targets)).item() == 3.5
    with pytest.raises(TypeError):
        paddle.nn.functional.mse_loss(paddle.to_tensor(outputs), paddle.to_tensor(targets))


def test_loading_the_weights_of_another_model():
    with pytest.raises(RuntimeError, match="size mismatch"):
        torch.nn.Linear(4, 3).load_state_dict(torch.nn.Linear(4, 2).state_dict())
    source, target = paddle.nn.Linear(4, 2), paddle.nn.Sequential(paddle.nn.Linear(4, 3))
    before = target[0].weight.numpy()
    renamed = {"0.weight": source.weight, "1.weight": source.weight}
    with pytest.warns(UserWarning, match="Skip loading"):
        missing, unexpected = target.set_state_dict(renamed)
    assert "0.bias" in missing and "1.weight" in unexpected
    assert np.array_equal(target[0].weight.numpy(), before)


def test_what_linear_starts_with():
    torch.manual_seed(0)
    paddle.seed(0)
    theirs, ours = torch.nn.Linear(400, 120), paddle.nn.Linear(400, 120)
    assert theirs.weight.abs().max().item() <= 400**-0.5 and 0 < theirs.bias.abs().max().item() <= 400**-0.5
    assert theirs.weight.var().item() == pytest.approx(1 / (3 * 400), rel=0.03)
    bound = (6 / (400 + 120)) ** 0.5
    assert 0.98 * bound < float(ours.weight.abs().max()) <= bound * 1.0001 and float(ours.bias.abs().max()) == 0
    assert float(ours.weight.var()) == pytest.approx(2 / (400 + 120), rel=0.03)


def test_clipping_in_three_places():
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.grad = torch.tensor([[3.0, 4.0]])
    assert torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item() == pytest.approx(5)
    assert model.weight.grad.tolist()[0] == pytest.approx([0.6, 0.8], rel=1e-5)
    ours = paddle.nn.Linear(2, 1, bias_attr=False)
    (ours(paddle.to_tensor([[3.0, 4.0]]))).sum().backward()
    assert float(paddle.nn.utils.clip_grad_norm_(ours.parameters(), 1.0)) == pytest.approx(5)
    assert ours.weight.grad.numpy().ravel() == pytest.approx([0.6, 0.8], rel=1e-5)
    clipped = paddle.nn.Linear(2, 1, bias_attr=False)
    before = clipped.weight.numpy().copy()
    fuse = paddle.nn.ClipGradByGlobalNorm(1.0)
    optimizer = paddle.optimizer.SGD(1.0, parameters=clipped.parameters(), grad_clip=fuse)
    clipped(paddle.to_tensor([[3.0, 4.0]])).sum().backward()
    optimizer.step()
    np.testing.assert_allclose((before - clipped.weight.numpy()).ravel(), [0.6, 0.8], rtol=1e-5)


def test_the_runner_clips_in_both():
    import inspect

    import lesson_utils.paddle
    import lesson_utils.torch

    for framework in (lesson_utils.torch, lesson_utils.paddle):
        assert "clip_norm" in inspect.signature(framework.Runner.__init__).parameters


def test_weights_that_do_not_fit():
    model = torch.nn.Linear(3, 2)
    with pytest.raises(RuntimeError):
        model.load_state_dict({"weight": model.weight.detach()})
    with pytest.raises(RuntimeError):
        model.load_state_dict({"weight": torch.zeros(5, 5), "bias": torch.zeros(2)})
    layer = paddle.nn.Linear(3, 2)
    before = layer.weight.numpy().copy()
    with pytest.warns(UserWarning):
        missing, unexpected = layer.set_state_dict({"weight": paddle.zeros([5, 5]), "extra": paddle.zeros([2])})
    assert "bias" in missing and "weight" in missing and "extra" in unexpected
    assert (layer.weight.numpy() == before).all()


def test_relu_of_nan():
    assert torch.relu(torch.tensor([float("nan")])).isnan().all()
    relu = paddle.nn.functional.relu(paddle.to_tensor([float("nan")], place="cpu"))
    assert relu.tolist() == [0], "Paddle passes nan on now; mend the note and the lesson"


def test_weight_decay_acts_on_everything_unless_there_are_groups():
    layer, other = torch.nn.Linear(1, 1), paddle.nn.Linear(1, 1)
    for groups in (False, True):
        torch.nn.init.constant_(layer.bias, 2.0)
        other.bias.set_value(np.array([2.0], "float32"))
        torch_groups = [{"params": [layer.weight], "weight_decay": 0.5}, {"params": [layer.bias]}]
        paddle_groups = [{"params": [other.weight], "weight_decay": 0.5}, {"params": [other.bias]}]
        optimizers = [
            torch.optim.SGD(torch_groups, lr=0.1)
            if groups
            else torch.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.5),
            paddle.optimizer.SGD(0.1, parameters=paddle_groups)
            if groups
            else paddle.optimizer.SGD(0.1, parameters=other.parameters(), weight_decay=0.5),
        ]
        for module, optimizer in zip((layer, other), optimizers, strict=True):
            before = module.weight.item()
            loss = 0 * module.weight.sum() + 0 * module.bias.sum()
            loss.backward()
            optimizer.step()
            (optimizer.zero_grad if module is layer else optimizer.clear_grad)()
            assert loss.item() == 0  # the price is not in the loss
            assert module.weight.item() == pytest.approx(0.95 * before, rel=1e-5)
            assert module.bias.item() == pytest.approx(2.0 if groups else 1.9)


def test_paddle_has_an_l1_price_for_an_optimizer_or_a_layer():
    decay = paddle.regularizer.L1Decay(0.5)
    whole, one = paddle.nn.Linear(1, 1), paddle.nn.Linear(1, 1, weight_attr=paddle.ParamAttr(regularizer=decay))
    for layer, options in ((whole, {"weight_decay": decay}), (one, {})):
        layer.weight.set_value(np.array([[-2.0]], "float32"))
        optimizer = paddle.optimizer.SGD(0.1, parameters=layer.parameters(), **options)
        (0 * layer.weight.sum()).backward()
        optimizer.step()
        assert layer.weight.item() == pytest.approx(-1.95)
    with pytest.raises(TypeError):
        torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, weight_decay=decay)


def test_adam_puts_the_decay_into_the_gradient_and_adamw_does_not():
    # A loss with gradient 100 beside a decay of 0.5 · 2: in Adam the decay vanishes in the division.
    for name, expected in (("Adam", 2 - 0.1), ("AdamW", 2 * 0.95 - 0.1)):
        w = torch.nn.Parameter(torch.tensor([2.0]))
        optimizer = getattr(torch.optim, name)([w], lr=0.1, weight_decay=0.5)
        (100 * w).sum().backward()
        optimizer.step()
        assert w.item() == pytest.approx(expected, abs=1e-4)
        v = paddle.create_parameter([1], "float32")
        v.set_value(np.array([2.0], "float32"))
        optimizer = getattr(paddle.optimizer, name)(0.1, parameters=[v], weight_decay=0.5)
        (100 * v).sum().backward()
        optimizer.step()
        assert v.item() == pytest.approx(expected, abs=1e-4)


def test_defaults_of_adam_and_adamw():
    w = torch.nn.Parameter(torch.ones(1))
    assert torch.optim.AdamW([w]).defaults["weight_decay"] == 0.01
    assert torch.optim.Adam([w]).defaults["weight_decay"] == 0
    for name, kept in (("AdamW", 1 - 0.1 * 0.01), ("Adam", 1.0)):
        v = paddle.create_parameter([1], "float32")
        v.set_value(np.ones(1, "float32"))
        optimizer = getattr(paddle.optimizer, name)(0.1, parameters=[v])
        (0 * v).sum().backward()
        optimizer.step()
        assert v.item() == pytest.approx(kept, abs=1e-6)


def test_the_gradient_of_a_size_at_zero_is_zero():
    a = torch.zeros(1, requires_grad=True)
    a.abs().sum().backward()
    b = paddle.to_tensor([0.0], stop_gradient=False)
    b.abs().sum().backward()
    assert a.grad.item() == 0 and b.grad.item() == 0


def test_two_ways_to_keep_the_mean_under_dropout():
    ones = np.ones((50, 40), "float32")
    for layer, x in ((torch.nn.Dropout(0.25), torch.tensor(ones)), (paddle.nn.Dropout(0.25), paddle.to_tensor(ones))):
        assert set(np.unique(np.round(layer(x).numpy(), 4))) == {0.0, np.float32(1.3333)}
        layer.eval()
        assert (layer(x).numpy() == 1).all()
    layer = paddle.nn.Dropout(0.25, mode="downscale_in_infer")
    assert set(np.unique(layer(paddle.to_tensor(ones)).numpy())) == {0.0, 1.0}
    layer.eval()
    np.testing.assert_allclose(layer(paddle.to_tensor(ones)).numpy(), 0.75)
