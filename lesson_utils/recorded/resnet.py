"""Convolutional networks of 8 to 32 layers, with and without shortcuts, on 1,000 small digits.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.resnet torch
    python -m lesson_utils.recorded.resnet paddle

The networks are those of He et al. (2016), section 4.2, with half the channels: 6n + 2 layers, batch
normalisation everywhere. A plain network and its twin differ in nothing but the sum at the end of a block.
"""

import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data.embedded import mnist
from lesson_utils.history import History
from lesson_utils.recorded.making import (
    curves,
    grid_points,
    halved,
    optimizer_for,
    quiet_runner,
    run_all,
    set_weight,
    short,
    write,
)
from lesson_utils.schedules import cosine

GRID = {"depth": (8, 14, 20, 32), "shortcut": (False, True), "lr": (0.1,), "seed": (0, 1, 2)}
GENTLY = {**GRID, "depth": (32,), "lr": (0.03,)}  # is the rate to blame where the deepest do badly?
WIDTHS = (8, 16, 32)
EPOCHS, BATCH, EXAMPLES, HELD = 8, 50, 1000, 500


@cache  # unpacking them takes as long as an epoch
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the digits that all runs share, 14 pixels wide: means of 2×2 pixels.

    Returns
    -------
    images, labels : ndarray
        float32 (1000, 1, 14, 14) and int64 (1000,).
    val_images, val_labels : ndarray
        500 other digits.
    """
    images, labels = mnist("train")
    small = halved(images)
    held = slice(EXAMPLES, EXAMPLES + HELD)
    return small[:EXAMPLES], labels[:EXAMPLES], small[held], labels[held]


def network(framework: str, depth: int, shortcut: bool) -> Any:
    """Build a network of He et al. for small grey pictures.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    depth : int
        Layers with weights, not counting those of the shortcuts: 6n + 2.
    shortcut : bool
        Whether a block adds its input to its output.

    Returns
    -------
    nn.Module or nn.Layer
        (N, 1, H, W) to logits (N, 10).
    """
    block, conv_norm = _parts(framework)
    nn = import_module(f"{framework}.nn")
    layers, channels = [conv_norm(1, WIDTHS[0], 3, 1), nn.ReLU()], WIDTHS[0]
    for stage, width in enumerate(WIDTHS):
        for i in range((depth - 2) // 6):
            layers.append(block(channels, width, 2 if stage > 0 and i == 0 else 1, shortcut))
            channels = width
    pool = nn.AdaptiveAvgPool2d if framework == "torch" else nn.AdaptiveAvgPool2D
    return nn.Sequential(*layers, pool(1), nn.Flatten(), nn.Linear(channels, 10))


def _parts(framework: str) -> tuple[Any, Callable[..., Any]]:
    nn = import_module(f"{framework}.nn")
    if framework == "torch":
        conv, norm, base, bias = nn.Conv2d, nn.BatchNorm2d, nn.Module, "bias"
    else:
        conv, norm, base, bias = nn.Conv2D, nn.BatchNorm2D, nn.Layer, "bias_attr"
    relu = nn.functional.relu

    def conv_norm(inputs: int, outputs: int, kernel: int, stride: int) -> Any:
        layer = conv(inputs, outputs, kernel, stride, kernel // 2, **{bias: False})
        return nn.Sequential(layer, norm(outputs))

    class Block(base):  # type: ignore[misc, valid-type]
        def __init__(self, inputs: int, outputs: int, stride: int, shortcut: bool) -> None:
            super().__init__()
            self.first = conv_norm(inputs, outputs, 3, stride)
            self.second = conv_norm(outputs, outputs, 3, 1)
            change = shortcut and (stride > 1 or inputs != outputs)
            self.project = conv_norm(inputs, outputs, 1, stride) if change else nn.Identity()
            self.shortcut = shortcut

        def forward(self, x: Any) -> Any:
            h = self.second(relu(self.first(x)))
            return relu(h + self.project(x) if self.shortcut else h)

    return Block, conv_norm


def start(framework: str, model: Any, seed: int) -> None:
    """Give convolutions the weights of He et al. (2015) and the last layer small ones, the same in both frameworks.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    model : nn.Module or nn.Layer
        Its convolutions have no bias.
    seed : int
        Of NumPy's generator.
    """
    ours, rng = import_module(f"lesson_utils.{framework}"), np.random.default_rng(seed)
    layers = list(model.modules() if framework == "torch" else model.sublayers())
    for layer in layers:
        if type(layer).__name__ == "Linear":
            ours.fill_weights(layer, seed)
        if type(layer).__name__ in ("Conv2d", "Conv2D"):
            shape = tuple(layer.weight.shape)
            set_weight(framework, layer.weight, rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape))


def train(
    framework: str, model: Any, lr: float, seed: int, callbacks: Sequence[Callable[[Any, dict[str, Any]], Any]] = ()
) -> History:
    """Train a network as the recorded ones were.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    model : nn.Module or nn.Layer
        Is given the weights of `start` first.
    lr : float
        Learning rate at the start; it falls to 0 along a cosine. Momentum is 0.9.
    seed : int
        Of the weights and of the order of the examples.
    callbacks : sequence of callable
        As for ``Runner.train``; a true answer ends the run.

    Returns
    -------
    History
        Columns train_loss, train_accuracy, val_loss, val_accuracy.
    """
    ours = import_module(f"lesson_utils.{framework}")
    start(framework, model, seed)
    images, labels, val_images, val_labels = digits()
    order = {"batch_size": BATCH, "shuffle": True, "seed": seed, "device": "cpu"}
    train_loader = ours.ArrayLoader(images, labels, **order)
    val_loader = ours.ArrayLoader(val_images, val_labels, batch_size=250, device="cpu")
    descent = optimizer_for(framework, "Momentum", model, lr, cosine(EPOCHS * len(train_loader)))
    runner = quiet_runner(framework, model, *descent)
    return runner.train(train_loader, val_loader, epochs=EPOCHS, callbacks=callbacks)


def one(framework: str, depth: int, shortcut: bool, lr: float, seed: int) -> dict[str, Any]:
    """Train one point of the grid.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    depth, shortcut
        See `network`.
    lr, seed
        See `train`.

    Returns
    -------
    dict
        The curves, and ``seconds``, what an epoch cost the processor.
    """
    begin = time.process_time()  # not the clock on the wall: others may use the machine
    history = train(framework, network(framework, depth, shortcut), lr, seed)
    return {"seconds": short((time.process_time() - begin) / EPOCHS), **curves(history)}


def record(framework: str) -> list[dict[str, Any]]:
    """Train all points of both grids.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings and curves of each run.
    """
    import_module(f"lesson_utils.{framework}"), digits()  # or the first run would pay for them
    return run_all([*grid_points(GENTLY), *grid_points(GRID)], lambda point: one(framework, **point))


if __name__ == "__main__":
    write(
        "resnet",
        record,
        grid={name: list(values) for name, values in GRID.items()},
        gently={name: list(values) for name, values in GENTLY.items()},
        data=f"{EXAMPLES} training digits and {HELD} others, 14 pixels wide",
        model=f"6n + 2 layers, {', '.join(map(str, WIDTHS))} channels, batch normalisation",
        optimizer=f"SGD, momentum 0.9, cosine, batches of {BATCH}, {EPOCHS} epochs",
    )
