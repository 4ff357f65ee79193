"""``python -m tests.bench.bench_runner``: Runner beside a plain loop and other trainers.

The contenders take turns after every step, so that what else the machine does hits all of them alike, and the ratio
is the median over the rounds of the ratio within a round. Results go to ``_build/bench.md``.
"""

import argparse
import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lesson_utils.data import load
from tests.bench.contenders import CONTENDERS, torch_runner
from tests.bench.models import cnn, lenet
from tests.bench.recipe import timed
from tests.bench.turns import Turns

EPOCHS = {lenet: 3, cnn: 1}
# Each line keeps what the one before has, as Runner does.
CHOICES: dict[str, dict[str, Any]] = {
    "float32, usual layout, batches copied one by one": {
        "precision": "float32", "channels_last": False, "on_device": False,
    },
    "whole set on the device": {"precision": "float32", "channels_last": False},
    "channels last": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
    "compile": {"precision": "bfloat16", "compile": True},
}  # fmt: skip
HEADER = [
    "| model | framework | contender | seconds (median) | ratio to the plain loop | ratio of processor time |",
    "|---|---|---|--:|--:|--:|",
]


def compare(framework: str, build, images: np.ndarray, labels: np.ndarray, epochs: int, rounds: int) -> list[str]:
    """Rows of the table for one model in one framework."""
    contenders = CONTENDERS[framework]
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(-1, rounds):
        models = {name: build(framework) for name in contenders}
        # the first round compiles, allocates and warms up, and does not count
        count, passes = (320, 1) if turn < 0 else (len(images), epochs)
        trainings = {
            name: train(models[name], images[:count], labels[:count], passes) for name, train in contenders.items()
        }
        for name, cost in Turns(models, trainings).costs().items():
            costs[name].append(cost)
    rows = []
    for name, (_, *own) in costs.items():
        pairs = list(zip(own, costs["plain loop"][1:], strict=True))
        clock, processor = (median(a[kind] / b[kind] for a, b in pairs) for kind in (0, 1))
        seconds = median(cost[0] for cost in own)
        rows.append(f"| {build.__name__} | {framework} | {name} | {seconds:.2f} | {clock:.3f} | {processor:.3f} |")
        print(rows[-1], flush=True)
    return rows


def throughput(images: np.ndarray, labels: np.ndarray) -> list[str]:
    """Examples a second that each loader gives, shuffled."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    import lesson_utils.paddle
    import lesson_utils.torch

    data = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    loaders = {
        "torch ArrayLoader": lesson_utils.torch.ArrayLoader(images, labels, shuffle=True, device="cpu"),
        "torch DataLoader": DataLoader(data, 64, shuffle=True),
        "paddle ArrayLoader": lesson_utils.paddle.ArrayLoader(images, labels, shuffle=True, device="cpu"),
    }
    rows = ["", "| loader | examples a second |", "|---|--:|"]
    for name, loader in loaders.items():
        list(loader)
        start = time.perf_counter()
        for _ in range(3):
            for _batch in loader:
                pass
        rows.append(f"| {name} | {3 * len(images) / (time.perf_counter() - start):,.0f} |")
        print(rows[-1])
    return rows


def time_to_accuracy(frameworks: list[str]) -> list[str]:
    """How long the digits recipe takes, on its first fold (all five: ``python -m tests.bench.recipe torch``)."""
    rows = ["", "| recipe: 4,000 digits | accuracy on 1,000 others | seconds |", "|---|--:|--:|"]
    for framework in frameworks:
        accuracy, seconds, _ = timed(framework, 0)
        rows.append(f"| {framework} | {accuracy:.2%} | {seconds:.1f} |")
        print(rows[-1], flush=True)
    return rows


def choices(device: str, images: np.ndarray, labels: np.ndarray, rounds: int) -> list[str]:
    """What each choice of Runner brings on a device, one after the other, on the CNN."""
    trainings = {
        name: torch_runner(cnn("torch"), images, labels, EPOCHS[cnn], device=device, **chosen)
        for name, chosen in CHOICES.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in CHOICES}
    for turn in range(-1, rounds):  # the first round compiles and warms up, and does not count
        for name, train in trainings.items():
            start = time.perf_counter()
            train()  # ends with numbers on the CPU, so the device has finished
            if turn >= 0:
                seconds[name].append(time.perf_counter() - start)
    rows = [
        "",
        f"| Runner on {device}, one choice added a line | seconds (median) | ratio to the first |",
        "|---|--:|--:|",
    ]
    first = next(iter(seconds.values()))
    for name, own in seconds.items():
        ratio = median(a / b for a, b in zip(own, first, strict=True))
        rows.append(f"| {name} | {median(own):.2f} | {ratio:.3f} |")
        print(rows[-1], flush=True)
    return rows


def on_gpu(images: np.ndarray, labels: np.ndarray, rounds: int) -> list[str]:
    """The choices on a GPU, or a line that says that there is none."""
    import torch

    if not torch.cuda.is_available():
        return ["", "No GPU here: bfloat16, channels last, compile and the on-device loader were not measured."]
    return ["", torch.cuda.get_device_name(), *choices("cuda", images, labels, rounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--frameworks", nargs="+", default=list(CONTENDERS))
    parser.add_argument("--output", type=Path, default=Path("_build/bench.md"))
    options = parser.parse_args()
    images, labels = (array[: options.examples] for array in load("mnist", "train"))
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs"
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    epochs = ", ".join(f"{build.__name__} {count}" for build, count in EPOCHS.items())
    work = f"{options.rounds} interleaved rounds over {len(images)} digits, epochs: {epochs}"
    rows = [f"{machine}, OMP_NUM_THREADS={threads}; {work}", "", *HEADER]
    for framework in options.frameworks:
        for build, count in EPOCHS.items():
            rows += compare(framework, build, images, labels, count, options.rounds)
    rows += throughput(images, labels) + time_to_accuracy(options.frameworks)
    rows += on_gpu(images, labels, options.rounds)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
