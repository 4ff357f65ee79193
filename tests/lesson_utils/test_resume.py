"""A run that was cut short and resumed must end as if nothing had happened: to the last bit.

Run as a script, this file is the worker of the kill test: it imports a framework once and forks a child for
each attempt, so that twenty kills take seconds and not minutes.
"""

import hashlib
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

FRAMEWORKS = ["torch", "paddle"]
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(150, 2, 2, 3)).astype(np.float32)
TARGETS = (INPUTS[:, 0, 0].argmax(1)).astype(np.int64)


def layers(nn, convolution, norm):
    """Two convolutions: their momenta have to come back in the memory layout of their weights."""
    first = [convolution(2, 8, 3, padding=1), norm(8), nn.ReLU(), convolution(8, 4, 3, padding=1)]
    return [*first, nn.Flatten(), nn.Dropout(0.3), nn.Linear(24, 3)]


def build(framework):
    """A runner with dropout and a schedule; loaders with shuffling and augmentation."""
    utils = importlib.import_module(f"lesson_utils.{framework}")
    schedules = importlib.import_module("lesson_utils.schedules")
    utils.seed_everything(3)
    if framework == "torch":
        import torch
        from torch import nn

        model = nn.Sequential(*layers(nn, nn.Conv2d, nn.BatchNorm2d))
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedules.cosine(90))
        noise = torch.randn_like
    else:
        import paddle
        from paddle import nn

        model = nn.Sequential(*layers(nn, nn.Conv2D, nn.BatchNorm2D))
        scheduler = paddle.optimizer.lr.LambdaDecay(0.01, schedules.cosine(90))
        optimizer = paddle.optimizer.AdamW(scheduler, parameters=model.parameters())
        noise = lambda batch: paddle.randn(batch.shape)  # noqa: E731
    runner = utils.Runner(
        model, optimizer, nn.CrossEntropyLoss(), metric=utils.accuracy, device="cpu",
        scheduler=scheduler, clip_norm=1.0,
    )  # fmt: skip
    augment = lambda batch: batch + 0.1 * noise(batch)  # noqa: E731
    train_loader = utils.ArrayLoader(
        INPUTS[:100], TARGETS[:100], batch_size=16, shuffle=True, transform=augment, device="cpu"
    )
    val_loader = utils.ArrayLoader(INPUTS[100:], TARGETS[100:], batch_size=32, shuffle=True, device="cpu")
    return runner, train_loader, val_loader


def fingerprint(runner):
    """Every bit of the weights, the momenta, the generators and the history."""
    utils = importlib.import_module(type(runner).__module__.rsplit(".", 1)[0])
    checkpoint = importlib.import_module("lesson_utils.checkpoint")
    tensors = {}
    state = {"model": runner.model.state_dict(), "optimizer": runner._optimizer_state()}
    is_tensor = lambda value: hasattr(value, "numpy")  # noqa: E731
    rest = checkpoint.pack(state, is_tensor, tensors)
    digest = hashlib.sha256(json.dumps([rest, runner.history.rows], sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + utils.to_numpy(tensors[name]).tobytes())
    return digest.hexdigest()


class Crash(Exception):
    pass


def crash_at(runner, step):
    """Let the optimizer raise in the given step, after the gradient and before the update."""
    update, count = runner.optimizer.step, 0

    def broken(*args, **kwargs):
        nonlocal count
        count += 1
        if count == step:
            raise Crash
        return update(*args, **kwargs)

    runner.optimizer.step = broken


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("step", [1, 2, 7, 8, 17, 30])
def test_resumed_equals_uninterrupted(framework, step, tmp_path):
    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=5)
    expected = fingerprint(runner)

    runner, *loaders = build(framework)
    crash_at(runner, step)
    with pytest.raises(Crash):
        runner.train(*loaders, epochs=5, checkpoint=tmp_path, save_every=3)
    runner, *loaders = build(framework)
    importlib.import_module(f"lesson_utils.{framework}").seed_everything(99)  # must not matter
    runner.train(*loaders, epochs=5, checkpoint=tmp_path, resume=True)
    assert fingerprint(runner) == expected
    assert runner.history["epoch"] == [1, 2, 3, 4, 5]


def test_resume_with_a_dataloader_that_draws_its_order_from_the_global_generator(tmp_path):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.from_numpy(INPUTS), torch.from_numpy(TARGETS))
    prints = []
    for interrupted in (False, True):
        runner, _, val_loader = build("torch")
        if interrupted:
            crash_at(runner, 13)
            with pytest.raises(Crash):
                runner.train(DataLoader(data, 16, shuffle=True), val_loader, 3, checkpoint=tmp_path, save_every=2)
            runner, _, val_loader = build("torch")
        runner.train(DataLoader(data, 16, shuffle=True), val_loader, 3, checkpoint=tmp_path, resume=interrupted)
        prints.append(fingerprint(runner))
    assert prints[0] == prints[1]


def test_momenta_come_back_in_the_memory_layout_of_their_weights(tmp_path):
    """A step over weights and momenta of different layouts gives the same numbers, but is slower."""
    runner, *loaders = build("torch")
    runner.train(*loaders, epochs=1, checkpoint=tmp_path)
    runner, *loaders = build("torch")
    runner.train(*loaders, epochs=2, checkpoint=tmp_path, resume=True)
    slots = [(weight, slot) for weight, kept in runner.optimizer.state.items() for slot in kept.values() if slot.ndim]
    assert not runner.model[3].weight.is_contiguous() and len(slots) == 16
    for weight, slot in slots:
        assert weight.stride() == slot.stride()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_more_epochs_continue_a_finished_run(framework, tmp_path):
    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=4)
    expected = fingerprint(runner)
    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=2, checkpoint=tmp_path)
    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=4, checkpoint=tmp_path, resume=True)
    assert fingerprint(runner) == expected


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_ctrl_c_finishes_the_step_and_leaves_a_resumable_state(framework, tmp_path):
    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=3)
    expected = fingerprint(runner)

    runner, *loaders = build(framework)
    update, count = runner.optimizer.step, 0

    def press_ctrl_c(*args, **kwargs):
        nonlocal count
        count += 1
        if count == 11:
            os.kill(os.getpid(), signal.SIGINT)
        return update(*args, **kwargs)

    runner.optimizer.step = press_ctrl_c
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="step 4 of epoch 2.*resume=True"):
        runner.train(*loaders, epochs=3, checkpoint=tmp_path)
    assert count == 11 and signal.getsignal(signal.SIGINT) is before
    assert len(runner.history) == 1

    runner, *loaders = build(framework)
    runner.train(*loaders, epochs=3, checkpoint=tmp_path, resume=True)
    assert fingerprint(runner) == expected


def run_kills(framework, folder, kills):
    answer = subprocess.run(
        [sys.executable, "-m", "tests.lesson_utils.test_resume", framework, str(folder), str(kills)],
        text=True, capture_output=True, cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_twenty_kills(framework, tmp_path):
    result = run_kills(framework, tmp_path, 20)
    assert result["kills"] >= 20
    assert result["finished"] >= 1
    assert result["prints"] == [result["expected"]]


@pytest.mark.soak
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_two_hundred_kills(framework, tmp_path):
    result = run_kills(framework, tmp_path, 200)
    assert result["kills"] >= 200
    assert result["prints"] == [result["expected"]]


def attempt(framework, folder, resume):
    """Train in a forked child, which writes its fingerprint when it is done."""
    pid = os.fork()
    if pid:
        return pid
    try:
        runner, *loaders = build(framework)
        options = {"checkpoint": folder, "resume": True, "save_every": 1} if resume else {}
        runner.train(*loaders, epochs=12, **options)
        (folder / "print").write_text(fingerprint(runner))
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def main(framework, folder, kills):
    importlib.import_module(f"lesson_utils.{framework}")
    os.environ["TQDM_DISABLE"] = "1"
    moments = random.Random(5)
    folder = Path(folder)
    (folder / "plain").mkdir()
    start = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(attempt(framework, folder / "plain", False), 0)[1]) == 0
    plain = time.monotonic() - start
    expected, prints, killed, finished = (folder / "plain" / "print").read_text(), set(), 0, 0
    while killed < kills or not finished:
        run = folder / f"run{finished}"
        run.mkdir(exist_ok=True)
        child = attempt(framework, run, True)
        if killed < kills:  # from before the first save to a good way into training
            time.sleep(moments.uniform(0.05, 0.6) * min(max(plain, 0.1), 2.0))
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, -signal.SIGKILL), f"the resumed run failed with {code}"
        killed += code != 0
        if (run / "print").exists():
            prints.add((run / "print").read_text())
            finished += 1
    print(json.dumps({"kills": killed, "finished": finished, "prints": sorted(prints), "expected": expected}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
