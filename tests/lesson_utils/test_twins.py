"""PyTorch and Paddle side by side: the same names, signatures, numbers and complaints."""

import copy
import importlib
import inspect
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lesson_utils.checkpoint import CheckpointError

FRAMEWORKS = ["torch", "paddle"]
ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((60, 1, 12, 12)).astype(np.float32)
LABELS = RANDOM.integers(0, 4, 60)


def model_of(framework, classes=4):
    nn = importlib.import_module(f"{framework}.nn")
    convolution = nn.Conv2d if framework == "torch" else nn.Conv2D
    return nn.Sequential(convolution(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(300, classes))


def runner_of(framework, model=None, loss="CrossEntropyLoss", lr=0.05, **options):
    utils = importlib.import_module(f"lesson_utils.{framework}")
    nn = importlib.import_module(f"{framework}.nn")
    model = model_of(framework) if model is None else model
    utils.fill_weights(model, seed=1)
    if framework == "torch":
        optimizer = importlib.import_module("torch.optim").SGD(model.parameters(), lr=lr)
    else:
        optimizer = importlib.import_module("paddle").optimizer.SGD(lr, parameters=model.parameters())
    options = {"metric": utils.accuracy, "device": "cpu"} | options
    return utils.Runner(model, optimizer, getattr(nn, loss)(), **options)


def loader_of(framework, images=IMAGES, labels=LABELS, **options):
    utils = importlib.import_module(f"lesson_utils.{framework}")
    return utils.ArrayLoader(images, labels, **{"batch_size": 16, "device": "cpu"} | options)


def test_same_names_and_signatures():
    torch, paddle = (importlib.import_module(f"lesson_utils.{name}") for name in FRAMEWORKS)
    assert torch.__all__ == paddle.__all__
    for name in torch.__all__:
        first, second = getattr(torch, name), getattr(paddle, name)
        assert list(inspect.signature(first).parameters) == list(inspect.signature(second).parameters), name
        for parameter in inspect.signature(first).parameters.values():
            assert parameter.default == inspect.signature(second).parameters[parameter.name].default
    public = [name for name in dir(torch.Runner) if not name.startswith("_")]
    assert public == [name for name in dir(paddle.Runner) if not name.startswith("_")]
    for name in public:
        if callable(getattr(torch.Runner, name)):
            first, second = (inspect.signature(getattr(utils.Runner, name)) for utils in (torch, paddle))
            assert list(first.parameters) == list(second.parameters), name


def test_no_framework_is_imported_before_it_is_asked_for():
    code = (
        "import sys, lesson_utils, lesson_utils.data, lesson_utils.metrics, lesson_utils.schedules;"
        "lesson_utils.data.load('mnist'); assert not {'torch', 'paddle'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_same_weights_batch_and_training_give_the_same_numbers():
    rows, logits = [], []
    for framework in FRAMEWORKS:
        runner = runner_of(framework, clip_norm=0.5)
        train_loader = loader_of(framework, shuffle=True, seed=2)
        rows.append(runner.train(train_loader, loader_of(framework), epochs=3).rows)
        logits.append(runner.predict(IMAGES).numpy())
    for first, second in zip(*rows, strict=True):
        assert first.keys() == second.keys()
        np.testing.assert_allclose(list(first.values()), list(second.values()), rtol=1e-4)
    np.testing.assert_allclose(*logits, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_runner_equals_the_loop_it_replaces(framework):
    runner = runner_of(framework)
    runner.train(loader_of(framework, shuffle=True, seed=4), epochs=2)
    plain = runner_of(framework)
    loader = loader_of(framework, shuffle=True, seed=4)
    for _ in range(2):
        for inputs, targets in loader:
            plain.loss_fn(plain.model(inputs), targets).backward()
            plain.optimizer.step()
            plain.optimizer.clear_grad() if framework == "paddle" else plain.optimizer.zero_grad()
    for ours, theirs in zip(runner.model.parameters(), plain.model.parameters(), strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())


def test_pictures_are_kept_channels_last_and_give_what_the_usual_layout_gives():
    import torch
    from torch import nn

    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 4)]
    usual, laid_out = (runner_of("torch", nn.Sequential(*copy.deepcopy(layers))) for _ in range(2))
    usual.model.to(memory_format=torch.contiguous_format)
    usual.hardware = replace(usual.hardware, channels_last=False)
    rows = [runner.train(loader_of("torch"), epochs=3).rows[-1] for runner in (usual, laid_out)]
    assert not laid_out.model[2].weight.is_contiguous() and usual.model[2].weight.is_contiguous()
    np.testing.assert_allclose(*(list(row.values()) for row in rows), rtol=1e-4)
    assert runner_of("torch", nn.Conv2d(1, 4, 3)).predict(IMAGES).is_contiguous()


@pytest.mark.parametrize(
    ("device", "norm", "answer"),
    [
        ("cpu", ("ReLU",), True),
        ("cpu", ("BatchNorm2d", 16), True),
        ("cpu", ("BatchNorm2d", 6), False),  # ten times slower than in the usual layout
        ("cpu", ("GroupNorm", 2, 6), False),
        ("cuda", ("BatchNorm2d", 6), True),
        ("mps", ("ReLU",), False),
    ],
)
def test_channels_last_is_chosen_where_it_is_faster(device, norm, answer):
    import torch
    from torch import nn

    from lesson_utils.torch.device import prefers_channels_last

    name, *numbers = norm
    model = nn.Sequential(nn.Conv2d(1, 16, 3), getattr(nn, name)(*numbers))
    assert prefers_channels_last(model, torch.device(device)) is answer
    assert not prefers_channels_last(nn.Linear(2, 2), torch.device(device))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_gradients_of_earlier_experiments_do_not_leak_into_training(framework):
    rows = []
    for experiment in (False, True):
        runner = runner_of(framework)
        if experiment:
            inputs, targets = next(iter(loader_of(framework)))
            (100 * runner.loss_fn(runner.model(inputs), targets)).backward()
        rows.append(runner.train(loader_of(framework), epochs=1).rows)
    assert rows[0] == rows[1]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_evaluate_weighs_a_smaller_last_batch_by_its_size(framework):
    runner = runner_of(framework)
    logits = runner.predict(IMAGES).numpy().astype(np.float64)
    picked = logits[np.arange(60), LABELS]
    expected = (np.log(np.exp(logits).sum(1)) - picked).mean()
    measured = runner.evaluate(loader_of(framework, batch_size=13))
    np.testing.assert_allclose(measured["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(measured["accuracy"], (logits.argmax(1) == LABELS).mean(), rtol=1e-6)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_predict_takes_arrays_tensors_and_loaders(framework):
    runner = runner_of(framework)
    expected = runner.predict(IMAGES).numpy()
    tensor = importlib.import_module(framework).to_tensor(IMAGES) if framework == "paddle" else None
    if framework == "torch":
        tensor = importlib.import_module("torch").from_numpy(IMAGES)
    for inputs in (tensor, IMAGES.astype(np.float64), loader_of(framework, batch_size=7)):
        np.testing.assert_allclose(runner.predict(inputs).numpy(), expected, rtol=1e-5, atol=1e-6)
    big = np.repeat(IMAGES, 10, axis=0)  # more than one batch of 256
    np.testing.assert_allclose(runner.predict(big).numpy()[::10], expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="nothing to predict"):
        runner.predict(IMAGES[:0])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_model_is_saved_and_loaded(framework, tmp_path):
    runner = runner_of(framework)
    runner.save_model(tmp_path / "new" / "lenet.safetensors")
    expected = runner.predict(IMAGES).numpy()
    other = runner_of(framework)
    importlib.import_module(f"lesson_utils.{framework}").fill_weights(other.model, seed=9)
    assert not np.allclose(other.predict(IMAGES).numpy(), expected)
    other.load_model(str(tmp_path / "new" / "lenet.safetensors"))
    np.testing.assert_array_equal(other.predict(IMAGES).numpy(), expected)
    runner.train(loader_of(framework), epochs=1, checkpoint=tmp_path / "run")
    other.load_model(tmp_path / "run" / "last.safetensors")  # a training checkpoint has weights too
    np.testing.assert_array_equal(other.predict(IMAGES).numpy(), runner.predict(IMAGES).numpy())


def test_batch_normalisation_gets_the_same_weights_and_keeps_its_averages():
    losses = {}
    for framework in FRAMEWORKS:
        utils, nn = (importlib.import_module(name) for name in (f"lesson_utils.{framework}", f"{framework}.nn"))
        convolution, norm = (nn.Conv2d, nn.BatchNorm2d) if framework == "torch" else (nn.Conv2D, nn.BatchNorm2D)
        model = nn.Sequential(convolution(1, 4, 3), norm(4), nn.ReLU(), nn.Flatten(), nn.Linear(400, 10))
        utils.fill_weights(model, seed=0)
        averages = (model[1].running_mean, model[1].running_var) if framework == "torch" else (
            model[1]._mean, model[1]._variance)  # fmt: skip
        assert [float(utils.to_numpy(one).mean()) for one in averages] == [0.0, 1.0]
        (inputs, targets), *_ = loader_of(framework)
        losses[framework] = float(nn.CrossEntropyLoss()(model(inputs), targets))
    assert losses["torch"] == pytest.approx(losses["paddle"], rel=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS)
class TestWrongUse:
    def test_empty_loader(self, framework):
        with pytest.raises(ValueError, match="training loader is empty"):
            runner_of(framework).train([])
        with pytest.raises(ValueError, match="training loader is empty"):
            runner_of(framework).train(iter([]))
        with pytest.raises(ValueError, match="loader is empty"):
            runner_of(framework).evaluate([])

    @pytest.mark.parametrize(
        "images, labels, message",
        [
            (IMAGES[:0], LABELS[:0], "no examples.*(0, 1, 12, 12)"),
            (IMAGES, LABELS[:7], r"differ in length.*\(7,\)"),
        ],
    )
    def test_arrays_that_make_no_batches(self, framework, images, labels, message):
        with pytest.raises(ValueError, match=message):
            loader_of(framework, images, labels)

    def test_labels_out_of_range(self, framework):
        with pytest.raises(ValueError, match="labels go from 3 to 6, but the model has 4 outputs: 0 to 3"):
            runner_of(framework).train(loader_of(framework, labels=LABELS + 3, batch_size=60))

    def test_a_label_out_of_range_in_a_later_batch(self, framework):
        labels = LABELS.copy()
        labels[50] = 4
        with pytest.raises(ValueError, match="labels go from . to 4, but the model has 4 outputs"):
            runner_of(framework).train(loader_of(framework, labels=labels))

    def test_labels_that_are_not_integers(self, framework):
        with pytest.raises(TypeError, match="float32; class labels must be integers"):
            runner_of(framework).train(loader_of(framework, labels=LABELS.astype(np.float32)))

    def test_targets_that_would_be_broadcast(self, framework):
        runner = runner_of(framework, model_of(framework, 1), "MSELoss", metric=None)
        with pytest.raises(ValueError, match=r"logits \(16, 1\) and targets \(16,\).*broadcast"):
            runner.train(loader_of(framework, labels=LABELS.astype(np.float32)))

    def test_inputs_of_another_shape(self, framework):
        with pytest.raises(Exception) as caught:  # the frameworks have types of their own for it
            runner_of(framework).train(loader_of(framework, images=IMAGES[:, :, :9]))
        assert "(16, 1, 9, 12)" in "".join(caught.value.__notes__)

    def test_a_view_across_channels_and_pixels(self, framework):
        nn = importlib.import_module(f"{framework}.nn")

        class Tutorial(nn.Module if framework == "torch" else nn.Layer):
            def __init__(self):
                super().__init__()
                self.layers = model_of(framework)

            def forward(self, images):
                maps = self.layers[0](images)
                return self.layers[3](maps.view(-1, 300) if framework == "torch" else maps.view([-1, 300]))

        runner = runner_of(framework, Tutorial())
        if framework == "paddle":  # keeps its memory in the order of the axes
            assert len(runner.predict(IMAGES)) == 60
            return
        with pytest.raises(RuntimeError) as caught:
            runner.train(loader_of(framework))
        assert "write .flatten(1) or .reshape(…) where it says .view" in "".join(caught.value.__notes__)

    def test_loss_that_is_no_longer_a_number(self, framework):
        images = IMAGES.copy()
        images[35] = np.nan  # in the third batch
        nn = importlib.import_module(f"{framework}.nn")
        runner = runner_of(framework, nn.Sequential(nn.Flatten(), nn.Linear(144, 4)))
        message = r"nan since step 3 of epoch 1 \(learning rate 0.05\).*clip_norm"
        with pytest.raises(FloatingPointError, match=message):
            runner.train(loader_of(framework, images=images), epochs=2)

    def test_weights_that_are_lost_behind_a_relu(self, framework):
        images = IMAGES.copy()
        images[35] = np.nan
        with pytest.raises(FloatingPointError, match="nan since step 3|weights .* are not .*NaN in the inputs"):
            runner_of(framework).train(loader_of(framework, images=images), epochs=1)

    def test_unknown_metric(self, framework):
        with pytest.raises(TypeError, match="unknown metric 'accuracy'"):
            runner_of(framework, metric="accuracy")
        with pytest.raises(ValueError, match="unknown metric 'val_acuracy'; did you mean 'val_accuracy'"):
            loader = loader_of(framework)
            runner_of(framework).train(loader, loader, patience=1, monitor="val_acuracy")

    def test_unknown_precision(self, framework):
        with pytest.raises(ValueError, match="unknown precision 'float8'"):
            runner_of(framework, precision="float8")

    def test_resume_from_nowhere(self, framework):
        with pytest.raises(ValueError, match="checkpoint='folder'"):
            runner_of(framework).train(loader_of(framework), resume=True)

    def test_checkpoint_of_another_model(self, framework, tmp_path):
        runner_of(framework).train(loader_of(framework), checkpoint=tmp_path)
        other = runner_of(framework, model_of(framework, 7))
        with pytest.raises(CheckpointError, match=r"3.bias has shape \(4,\) in the file and \(7,\) in the model"):
            other.train(loader_of(framework), checkpoint=tmp_path, resume=True)
        nn = importlib.import_module(f"{framework}.nn")
        with pytest.raises(CheckpointError, match="another model.*0.weight is not in the model"):
            runner_of(framework, nn.Sequential(nn.Flatten(), nn.Linear(144, 4))).load_model(
                tmp_path / "last.safetensors"
            )

    @pytest.mark.parametrize("damage", ["truncate", "flip", "header", "empty", "other"])
    def test_damaged_checkpoint(self, framework, damage, tmp_path):
        path = tmp_path / "last.safetensors"
        runner_of(framework).train(loader_of(framework), checkpoint=tmp_path)
        data = bytearray(path.read_bytes())
        if damage == "truncate":
            data = data[: len(data) // 2]
        elif damage == "flip":
            data[-5] ^= 1
        elif damage == "header":
            data = data.replace(b'\\"epoch\\",2', b'\\"epoch\\",3')
            assert bytes(data) != path.read_bytes()
        elif damage == "empty":
            data = bytearray()
        else:
            data = bytearray(b"PK\x03\x04 something else entirely")
        path.write_bytes(bytes(data))
        with pytest.raises(CheckpointError, match="last.safetensors is (damaged|not a checkpoint)"):
            runner_of(framework).train(loader_of(framework), checkpoint=tmp_path, resume=True)

    def test_a_disk_that_fills_up(self, framework, tmp_path, small_disk):
        runner = runner_of(framework)
        runner.train(loader_of(framework), checkpoint=small_disk)
        before = (small_disk / "last.safetensors").read_bytes()
        filling = (small_disk / "filling").open("wb")
        with pytest.raises(OSError), filling:
            while True:
                filling.write(bytes(4096))
                filling.flush()
        with pytest.raises(OSError, match="No space left.*unharmed"):
            runner.train(loader_of(framework), epochs=2, checkpoint=small_disk, resume=True)
        assert (small_disk / "last.safetensors").read_bytes() == before
        assert not list(small_disk.glob("*.part"))
        (small_disk / "filling").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with pytest.raises(OSError, match="Read-only.*unharmed"):
            runner.train(loader_of(framework), epochs=2, checkpoint=small_disk, resume=True)
        assert (small_disk / "last.safetensors").read_bytes() == before


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB: a real one, so that a full disk is really full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_folder_that_cannot_be_written_is_told_before_training(framework, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    runner = runner_of(framework)
    with pytest.raises(OSError, match="cannot write .*last.safetensors"):
        runner.train(loader_of(framework), checkpoint=tmp_path / "file" / "run")
    assert len(runner.history) == 0


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_early_stopping_best_checkpoint_and_callbacks(framework, tmp_path):
    losses = iter([0.9, 0.5, 0.7, 0.8, 0.1])
    runner, seen, weights = runner_of(framework), [], []
    measure = runner.evaluate

    def pretend(loader):
        weights.append(runner.predict(IMAGES[:2]).numpy())
        return measure(loader) | {"loss": next(losses)}

    runner.evaluate = pretend
    loader = loader_of(framework)
    history = runner.train(
        loader, loader, epochs=5, checkpoint=tmp_path, patience=2, callbacks=[lambda r, row: seen.append(row)]
    )
    assert history["val_loss"] == [0.9, 0.5, 0.7, 0.8]  # two epochs without an improvement end it
    assert seen == history.rows
    runner.load_model(tmp_path / "best.safetensors")
    np.testing.assert_array_equal(runner.predict(IMAGES[:2]).numpy(), weights[1])
    resumed = runner.train(loader, loader, epochs=5, checkpoint=tmp_path, patience=2, resume=True)
    assert len(resumed) == 4  # it was over, and stays over
    stopped = runner_of(framework).train(loader, epochs=5, callbacks=[lambda r, row: row["epoch"] == 2])
    assert len(stopped) == 2


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_board_gets_the_history(framework, tmp_path):
    board = pytest.importorskip(f"lesson_utils.{framework}.board")
    runner_of(framework).train(loader_of(framework), epochs=2, callbacks=[board.BoardWriter(tmp_path)])
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"train_accuracy" in written and b"train_loss" in written


def test_bfloat16():
    rows = []
    for precision in ("float32", "bfloat16"):
        runner = runner_of("torch", precision=precision)
        rows.append(runner.train(loader_of("torch"), epochs=2).rows[-1])
        assert runner.predict(IMAGES).numpy().dtype == np.float32
    assert rows[0]["train_loss"] != rows[1]["train_loss"]
    np.testing.assert_allclose(rows[0]["train_loss"], rows[1]["train_loss"], rtol=0.03)
    with pytest.raises(ValueError, match="bfloat16.*needs a GPU in Paddle"):
        runner_of("paddle", precision="bfloat16")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_bar_leaves_one_line_on_stderr_and_nothing_on_stdout(framework, capfd):
    runner_of(framework).train(loader_of(framework), epochs=3)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "12/12" in captured.err.rsplit("\r", 1)[-1]
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_loader(framework):
    loader = loader_of(framework, shuffle=True, seed=5)
    first, second = ([labels.numpy() for _, labels in loader] for _ in range(2))
    assert [len(batch) for batch in first] == [16, 16, 16, 12] and len(loader) == 4
    assert sorted(np.concatenate(first)) == sorted(LABELS)
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    again = loader_of(framework, shuffle=True, seed=5)
    np.testing.assert_array_equal(np.concatenate([labels.numpy() for _, labels in again]), np.concatenate(first))
    dropping = loader_of(framework, drop_last=True, transform=lambda images: images * 0)
    assert [len(labels) for _, labels in dropping] == [16, 16, 16] and len(dropping) == 3
    assert all(float(images.sum()) == 0 for images, _ in dropping)
    doubles = loader_of(framework, images=IMAGES.astype(np.float64))
    assert "float32" in str(next(iter(doubles))[0].dtype)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_accuracy_of_all_shapes(framework):
    utils = importlib.import_module(f"lesson_utils.{framework}")
    make = importlib.import_module(framework)
    make = make.to_tensor if framework == "paddle" else make.from_numpy
    logits, labels = RANDOM.normal(size=(6, 5, 4)).astype(np.float32), RANDOM.integers(0, 4, (6, 5))
    expected = (logits.argmax(-1) == labels).mean()
    for array in (logits, np.ascontiguousarray(logits.transpose(0, 2, 1))):  # classes last, or second
        np.testing.assert_allclose(float(utils.accuracy(make(array), make(labels))), expected, rtol=1e-6)
    binary = (RANDOM.random(30) > 0.5).astype(np.float32)
    scores = RANDOM.normal(size=30).astype(np.float32)
    expected = ((scores > 0) == (binary > 0.5)).mean()
    np.testing.assert_allclose(float(utils.accuracy(make(scores), make(binary))), expected, rtol=1e-6)


def test_one_ahead_asks_for_the_next_batch_before_the_current_one_is_used():
    from lesson_utils.data.batches import one_ahead

    events = []
    for batch in one_ahead(events.append(f"ask {n}") or n for n in range(3)):
        events.append(f"use {batch}")
    assert events == ["ask 0", "ask 1", "use 0", "ask 2", "use 1", "use 2"]


def test_a_recurrent_model_trains_and_is_saved_as_any_other(tmp_path):
    """Paddle's LSTM has an empty buffer, which its own ``to`` cannot move."""
    sequences = RANDOM.random((60, 5, 3)).astype(np.float32)
    losses = []
    for framework in FRAMEWORKS:
        nn = importlib.import_module(f"{framework}.nn")

        class LastState(nn.Module if framework == "torch" else nn.Layer):
            def __init__(self, nn=nn, order={"batch_first": True} if framework == "torch" else {}):  # noqa: B006
                super().__init__()
                self.read, self.head = nn.LSTM(3, 8, **order), nn.Linear(8, 4)

            def forward(self, inputs):  # (B, T, 3)
                return self.head(self.read(inputs)[0][:, -1])

        runner = runner_of(framework, LastState())
        history = runner.train(loader_of(framework, sequences), epochs=2, checkpoint=tmp_path / framework)
        losses.append(history["train_loss"])
        runner.save_model(tmp_path / f"{framework}.safetensors")
        again = runner_of(framework, LastState())
        again.load_model(tmp_path / f"{framework}.safetensors")
        utils = importlib.import_module(f"lesson_utils.{framework}")
        logits = [utils.to_numpy(one.predict(sequences)) for one in (runner, again)]
        np.testing.assert_array_equal(*logits)
    np.testing.assert_allclose(*losses, rtol=1e-4)
