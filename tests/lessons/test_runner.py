"""The Runner that mlp/runner builds, from its source, against the one of lesson_utils, in both frameworks."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from publishing.lesson import SOURCES, framework_of, read_lesson, tags

CLASSES = ("Averages", "Basics", "Measuring", "Training", "Storing", "RunnerV3")
EPOCHS = 3


def lesson_space(framework: str) -> dict[str, Any]:
    """Run the lesson's imports and the cells that define its classes, and nothing else."""
    space: dict[str, Any] = {}
    defined = []
    for cell in read_lesson(SOURCES / "mlp/runner.md").cells:
        if cell.cell_type != "code" or framework_of(cell) not in (None, framework) or "stub" in tags(cell):
            continue
        name = cell.source.removeprefix("class ").split("(")[0].split(":")[0]
        if cell.source.startswith("class ") and name in CLASSES:
            defined.append(name)
        elif "setup" not in tags(cell):
            continue
        exec(cell.source.split("\n\n\n")[0], space)  # what follows two blank lines prints
    assert tuple(defined) == CLASSES, "the lesson's classes have other names or another order"
    return space


@pytest.fixture(scope="module", params=["torch", "paddle"])
def framework(request) -> SimpleNamespace:
    space = lesson_space(request.param)
    utils = import_module(f"lesson_utils.{request.param}")
    return SimpleNamespace(name=request.param, ours=space["RunnerV3"], real=utils.Runner, space=space, utils=utils)


def network(framework: SimpleNamespace) -> Any:
    """A model with dropout and with batch normalisation, whose buffers belong to the state too."""
    nn = framework.space["nn"]
    norm = nn.BatchNorm1d if framework.name == "torch" else nn.BatchNorm1D
    model = nn.Sequential(nn.Linear(6, 16), norm(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    framework.utils.fill_weights(model, seed=1)
    return model


def new(framework: SimpleNamespace, kind: Callable[..., Any], **settings: Any) -> Any:
    model = network(framework)
    if framework.name == "torch":
        from torch.optim import SGD

        optimizer: Any = SGD(model.parameters(), lr=0.1, momentum=0.9)
    else:
        from paddle.optimizer import Momentum

        optimizer = Momentum(0.1, 0.9, parameters=model.parameters())
    loss_fn = framework.space["F"].cross_entropy
    return kind(model, optimizer, loss_fn, framework.utils.accuracy, **settings)


def loaders(framework: SimpleNamespace) -> tuple[Any, Any]:
    """103 and 41 examples in batches of 16: the last ones are smaller."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(144, 6)).astype(np.float32)
    labels = (inputs[:, :3] + generator.normal(size=(144, 3))).argmax(axis=1)
    loader = framework.utils.ArrayLoader
    train = loader(inputs[:103], labels[:103], batch_size=16, shuffle=True, seed=3)
    return train, loader(inputs[103:], labels[103:], batch_size=16)


def weights(framework: SimpleNamespace, runner: Any) -> dict[str, np.ndarray]:
    state = runner.model.state_dict()
    return {name: np.array(framework.utils.to_numpy(tensor)) for name, tensor in state.items()}


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.fixture(scope="module")
def pair(framework, tmp_path_factory) -> SimpleNamespace:
    """Both runners, trained alike, and the folders with the best weights of each."""
    folder = tmp_path_factory.mktemp(framework.name)
    ours, real = new(framework, framework.ours), new(framework, framework.real, precision="float32")
    framework.utils.seed_everything(7)
    rows = ours.train(*loaders(framework), epochs=EPOCHS, best=folder / "best.safetensors")
    framework.utils.seed_everything(7)
    history = real.train(*loaders(framework), epochs=EPOCHS, checkpoint=folder / "real")
    return SimpleNamespace(ours=ours, real=real, rows=rows, history=history, folder=folder)


def test_training_does_something(framework, pair):
    before = weights(framework, new(framework, framework.ours))
    after = weights(framework, pair.ours)
    assert max(abs(after[name] - before[name]).max() for name in before) > 0.05
    assert pair.rows[-1]["train_loss"] < pair.rows[0]["train_loss"]


def test_history_is_the_same(pair):
    assert len(pair.rows) == EPOCHS
    for row, expected in zip(pair.rows, pair.history.rows, strict=True):
        assert row.keys() == expected.keys() - {"lr"}
        assert row == pytest.approx({name: expected[name] for name in row}, rel=1e-6)


def test_weights_are_the_same(framework, pair):
    assert_same(weights(framework, pair.ours), weights(framework, pair.real))


def test_evaluate_is_the_same_and_weighs_the_examples(framework, pair):
    _, val_loader = loaders(framework)
    ours, real = pair.ours.evaluate(val_loader), pair.real.evaluate(val_loader)
    assert ours == pytest.approx(real, rel=1e-6)
    inputs = np.concatenate([framework.utils.to_numpy(inputs) for inputs, _ in val_loader])
    labels = np.concatenate([framework.utils.to_numpy(targets) for _, targets in val_loader])
    right = framework.utils.to_numpy(pair.ours.predict(inputs)).argmax(axis=1) == labels
    assert ours["accuracy"] == pytest.approx(right.mean(), abs=1e-6)


def test_evaluate_changes_nothing_but_the_mode(framework, pair):
    before = weights(framework, pair.ours)
    pair.ours.model.train()
    pair.ours.evaluate(loaders(framework)[1])
    assert not pair.ours.model.training
    assert_same(before, weights(framework, pair.ours))


@pytest.mark.parametrize("count", [1, 7, 300])  # the real one predicts 256 at a time
def test_predict_is_the_same(framework, pair, count):
    inputs = np.random.default_rng(count).normal(size=(count, 6)).astype(np.float32)
    ours, real = (framework.utils.to_numpy(runner.predict(inputs)) for runner in (pair.ours, pair.real))
    assert ours.shape == (count, 3)
    np.testing.assert_allclose(ours, real, rtol=1e-5, atol=1e-6)


def test_best_weights_are_the_same(framework, pair):
    assert min(row["val_loss"] for row in pair.rows) == pytest.approx(min(pair.history["val_loss"]))
    ours, real = new(framework, framework.ours), new(framework, framework.real)
    ours.load_model(pair.folder / "best.safetensors")
    real.load_model(pair.folder / "real" / "best.safetensors")
    assert_same(weights(framework, ours), weights(framework, real))
    lowest = min(row["val_loss"] for row in pair.rows)
    assert ours.evaluate(loaders(framework)[1])["loss"] == pytest.approx(lowest, rel=1e-6)


def test_save_and_load(framework, pair, tmp_path):
    other = new(framework, framework.ours)
    pair.ours.save_model(tmp_path / "weights.safetensors")
    kept = weights(framework, pair.ours)
    other.load_model(tmp_path / "weights.safetensors")
    assert_same(weights(framework, other), kept)


@pytest.mark.filterwarnings("ignore:Skip loading")
def test_weights_of_another_model_are_refused(framework, pair, tmp_path):
    pair.ours.save_model(tmp_path / "weights.safetensors")
    pair.real.save_model(tmp_path / "real.safetensors")
    ours, real = new(framework, framework.ours), new(framework, framework.real)
    for runner in (ours, real):
        runner.model = framework.space["nn"].Linear(6, 3)
    with pytest.raises((RuntimeError, ValueError)):
        ours.load_model(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError):
        real.load_model(tmp_path / "real.safetensors")
