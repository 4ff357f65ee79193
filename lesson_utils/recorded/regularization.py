"""Runs over dropout × weight decay × learning rate × seed, on 600 digits of which 120 are labelled wrong.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.regularization torch
    python -m lesson_utils.recorded.regularization paddle

The wrong labels are there on purpose: a network that answers more than four fifths of its training
labels "right" has learned some of the wrong ones by heart, so overfitting has a yardstick. The
validation labels are right.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data.embedded import mnist
from lesson_utils.history import History
from lesson_utils.recorded import CURVES
from lesson_utils.recorded.making import curves, grid_points, optimizer_for, quiet_runner, run_all, write

GRID = {
    "lr": (0.03, 0.3, 3.0),
    "dropout": (0.0, 0.25, 0.5, 0.75),
    "weight_decay": (0.0, 0.003, 0.01, 0.03),
    "seed": (0, 1, 2),
}
EPOCHS, BATCH, HIDDEN = 25, 40, 256
EXAMPLES, WRONG = 600, 120


@cache  # unpacking them takes as long as some epochs
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the digits that all runs share.

    Returns
    -------
    images, labels : ndarray
        600 training digits, float32 (600, 1, 28, 28) and int64 (600,); the labels of the first 120 are wrong.
    val_images, val_labels : ndarray
        1,000 other digits with the right labels.
    """
    images, labels = mnist("train")
    labels = labels.copy()
    labels[:WRONG] = (labels[:WRONG] + np.random.default_rng(0).integers(1, 10, WRONG)) % 10
    held = slice(EXAMPLES, EXAMPLES + 1000)
    return images[:EXAMPLES], labels[:EXAMPLES], images[held], labels[held]


def train(
    framework: str,
    lr: float,
    dropout: float,
    weight_decay: float,
    seed: int,
    callbacks: Sequence[Callable[[Any, dict[str, Any]], Any]] = (),
) -> History:
    """Train one point of the grid, or any other.

    Parameters
    ----------
    framework : {"torch", "paddle"}
        Both begin with the same weights and see the same batches; their dropout masks differ.
    lr, dropout, weight_decay : float
        Learning rate of plain SGD, chance of a hidden unit to be dropped, factor of the penalty's gradient.
    seed : int
        Of the weights, the order of the examples and the dropout masks.
    callbacks : sequence of callable
        As for ``Runner.train``; a true answer ends the run.

    Returns
    -------
    History
        Columns train_loss, train_accuracy, val_loss, val_accuracy. Where the loss stopped being a number,
        the last row is NaN.
    """
    ours = import_module(f"lesson_utils.{framework}")
    ours.seed_everything(seed)
    model = _network(framework, dropout)
    optimizer, _ = optimizer_for(framework, "SGD", model, lr, weight_decay=weight_decay)
    ours.fill_weights(model, seed)
    images, labels, val_images, val_labels = digits()
    order = {"batch_size": BATCH, "shuffle": True, "seed": seed, "device": "cpu"}
    loaders = (
        ours.ArrayLoader(images, labels, **order),
        ours.ArrayLoader(val_images, val_labels, batch_size=1000, device="cpu"),
    )
    runner = quiet_runner(framework, model, optimizer)
    try:
        return runner.train(*loaders, epochs=EPOCHS, callbacks=callbacks)
    except FloatingPointError:
        row = {"epoch": len(runner.history) + 1, "lr": lr} | dict.fromkeys(CURVES, float("nan"))
        runner.history.append(row)
        return runner.history


def _network(framework: str, dropout: float) -> Any:
    nn = import_module(f"{framework}.nn")
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(784, HIDDEN), nn.ReLU(), nn.Dropout(dropout)),
        *(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(dropout)),
        nn.Linear(HIDDEN, 10),
    )


def record(framework: str) -> list[dict[str, Any]]:
    """Train the whole grid.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings and curves of each run.
    """
    return run_all(grid_points(GRID), lambda point: curves(train(framework, **point)))


if __name__ == "__main__":
    write(
        "regularization",
        record,
        grid={name: list(values) for name, values in GRID.items()},
        right=1 - WRONG / EXAMPLES,
        data=f"{EXAMPLES} training digits, {WRONG} of them labelled wrong; 1000 validation digits",
        model=f"784-{HIDDEN}-{HIDDEN}-10, ReLU, dropout after both hidden layers",
        optimizer=f"plain SGD, batches of {BATCH}, {EPOCHS} epochs",
    )
