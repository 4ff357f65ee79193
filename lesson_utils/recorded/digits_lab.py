"""The homework table of the course notes as an experiment: one function, a table of settings, three seeds.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.digits_lab torch
    python -m lesson_utils.recorded.digits_lab paddle

The notes say what they changed, not what they changed it from. Three of their rows exchange the optimizer for
SGD, Momentum and AdaGrad, and one sets the rate to 0.001, so their original is taken to be Adam at 0.01.
"""

import time
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data.embedded import mnist
from lesson_utils.history import History
from lesson_utils.recorded.making import curves, optimizer_for, quiet_runner, run_all, write

ORIGINAL = {"epochs": 5, "lr": 0.01, "optimizer": "Adam", "softmax": False, "third": False, "dropout": 0.0, "white": 1}
LONG = {"epochs": 10, "lr": 0.001}
TWICE = {"softmax": True}
# What a row changes, and what the notes measured: accuracy, seconds on their CPU. None is where they are silent.
ROWS: dict[str, tuple[dict[str, Any], float | None, float | None]] = {
    "original": ({}, 0.975, 430),
    "10 epochs": ({"epochs": 10}, 0.982, 857.355),
    "softmax": (TWICE, 0.10, 435.038),
    "rate 0.001": ({"lr": 0.001}, 0.988, None),
    "10 epochs, rate 0.001": (LONG, 0.990, 871.052),
    "SGD": ({"optimizer": "SGD"}, 0.98, 435.406),
    "Momentum": ({"optimizer": "Momentum"}, 0.986, 434.226),
    "AdaGrad": ({"optimizer": "AdaGrad"}, 0.988, 482.836),
    "10, 0.001, third convolution": ({**LONG, "third": True}, 0.993, 1081.393),
    "10, 0.001, dropout": ({**LONG, "dropout": 0.5}, None, None),
    "rate 0.001, softmax": ({**TWICE, "lr": 0.001}, None, None),
    "white is 255": ({"white": 255}, None, None),
    "white is 255, softmax": ({**TWICE, "white": 255}, None, None),
}
SEEDS = (0, 1, 2)
BATCH, WIDTH = 32, 8


def network(framework: str, softmax: bool = False, third: bool = False, dropout: float = 0.0) -> Any:
    """Build the network of the table.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    softmax : bool
        Whether it ends in a softmax, which the loss computes once more.
    third : bool
        Whether a third convolution and pooling follow.
    dropout : float
        Chance of a number to be dropped before the last layer.

    Returns
    -------
    torch.nn.Module or paddle.nn.Layer
        (N, 1, 28, 28) to (N, 10).
    """
    nn = import_module(f"{framework}.nn")
    conv, pool = (nn.Conv2d, nn.MaxPool2d) if framework == "torch" else (nn.Conv2D, nn.MaxPool2D)
    layers, channels, side = [], 1, 28
    for _ in range(3 if third else 2):
        layers += [conv(channels, WIDTH, 5, padding=2), nn.ReLU(), pool(2)]
        channels, side = WIDTH, side // 2
    layers += [nn.Flatten(), nn.Dropout(dropout), nn.Linear(WIDTH * side * side, 10)]
    return nn.Sequential(*layers, *([nn.Softmax(-1)] if softmax else []))


def train(framework: str, seed: int, **changes: Any) -> tuple[History, Any, float]:
    """Train one row of the table on the 4,000 training digits.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    seed : int
        Of the framework's own initial weights, the order of the digits and the dropout masks.
    **changes
        What is to be otherwise than in `ORIGINAL`.

    Returns
    -------
    history : History
        The validation columns are those of the 1,000 test digits, by which nothing is chosen.
    runner : Runner
        With the trained network.
    seconds : float
        Of the processor.
    """
    setting = {**ORIGINAL, **changes}
    ours = import_module(f"lesson_utils.{framework}")
    ours.seed_everything(seed)
    model = network(framework, *(setting[name] for name in ("softmax", "third", "dropout")))
    optimizer, _ = optimizer_for(framework, setting["optimizer"], model, setting["lr"])
    (images, labels), (test_images, test_labels) = mnist("train"), mnist("test")
    white = np.float32(setting["white"])
    loader = ours.ArrayLoader(white * images, labels, batch_size=BATCH, shuffle=True, seed=seed, device="cpu")
    judge = ours.ArrayLoader(white * test_images, test_labels, batch_size=500, device="cpu")
    runner = quiet_runner(framework, model, optimizer)
    start = time.process_time()
    history = runner.train(loader, judge, epochs=setting["epochs"])
    return history, runner, time.process_time() - start


def measure(framework: str, row: str, seed: int) -> dict[str, Any]:
    """Train one row and take its numbers.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    row : str
        Its name in `ROWS`.
    seed : int

    Returns
    -------
    dict
        The curves; seconds of the processor; how many different digits the network still says.
    """
    changes = ROWS[row][0]
    history, runner, seconds = train(framework, seed, **changes)
    images = mnist("test")[0] * np.float32(changes.get("white", 1))
    said = import_module(f"lesson_utils.{framework}").to_numpy(runner.predict(images)).argmax(axis=1)
    return {**curves(history), "seconds": round(seconds, 1), "said": len(np.unique(said))}


def record(framework: str) -> list[dict[str, Any]]:
    """Train every row of the table with every seed.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Row, seed and what `measure` gives.
    """
    points = [{"row": row, "seed": seed} for row in ROWS for seed in SEEDS]
    return run_all(points, lambda point: measure(framework, **point))


if __name__ == "__main__":
    write(
        "digits_lab",
        record,
        data="4000 training digits, 1000 test digits",
        model=f"two or three convolutions of {WIDTH} maps, 5 by 5, each with ReLU and pooling; one linear layer",
        batch=BATCH,
    )
