"""Runs over the source of the body, how it is trained on, labels a class and seed: transfer to MNIST.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.fine_tuning torch
    python -m lesson_utils.recorded.fine_tuning paddle

The target are MNIST's digits with few labels. The bodies come from 1,797 small scans of digits by
other writers, from 2,000 patches of photographs, or from nowhere.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
from scipy.ndimage import zoom

from lesson_utils.data.embedded import digits8x8, mnist, photos
from lesson_utils.history import History
from lesson_utils.recorded.making import curves, halved, quiet_runner, run_all, write

WAYS = (
    ("none", "scratch"),
    ("scans", "frozen"),
    ("scans", "tuned"),
    ("scans", "one rate"),
    ("textures", "frozen"),
    ("textures", "tuned"),
)
LABELS = (1, 3, 10, 30)
SEEDS = (0, 1, 2, 3, 4)
EPOCHS, DRAWS, BATCH = 5, 640, 32
TEXTURES = ("brick", "camera", "coins", "grass", "gravel", "moon", "page", "text")

Pair = tuple[np.ndarray, np.ndarray]


@cache
def source(name: str) -> Pair:
    """Give the pictures that a body learns from first.

    Parameters
    ----------
    name : {"scans", "textures"}

    Returns
    -------
    images : ndarray
        float32 (N, 1, 14, 14) from 0 to 1.
    labels : ndarray
        int64 (N,): the digit, or the number of the photograph.
    """
    if name == "scans":
        images, labels = digits8x8("all")
        larger = zoom(images, (1, 1, 2.5, 2.5), order=1)  # 20 pixels, as large as the ink in MNIST
        return halved(np.pad(larger, ((0, 0), (0, 0), (4, 4), (4, 4)))), labels
    rng, patches = np.random.default_rng(0), []
    for texture in TEXTURES:
        photo = photos(texture).astype(np.float32) / 255
        corners = rng.integers(0, np.array(photo.shape) - 28, (250, 2))
        patches.append(np.stack([photo[y : y + 28, x : x + 28] for y, x in corners]))
    return halved(np.concatenate(patches)[:, None]), np.repeat(np.arange(len(TEXTURES)), 250)


@cache
def target() -> tuple[Pair, Pair]:
    """Give MNIST's digits, (N, 1, 14, 14): 4,000 to take labels from, 1,000 that judge."""
    (images, labels), (others, answers) = mnist("train"), mnist("test")
    return (halved(images), labels), (halved(others), answers)


def build(framework: str, classes: int) -> Any:
    """Build a body of two convolutions that ends in 64 features, and a head for so many classes."""
    nn = import_module(f"{framework}.nn")
    conv, pool = (nn.Conv2d, nn.MaxPool2d) if framework == "torch" else (nn.Conv2D, nn.MaxPool2D)
    body = nn.Sequential(
        *(conv(1, 16, 3, padding=1), nn.ReLU(), pool(2)),
        *(conv(16, 32, 3, padding=1), nn.ReLU(), pool(2)),
        *(nn.Flatten(), nn.Linear(288, 64), nn.ReLU()),
    )
    return nn.Sequential(body, nn.Linear(64, classes))


def fit(framework: str, model: Any, rates: tuple[float, float], data: tuple[Pair, Pair], epochs: int) -> History:
    """Train body and head with Adam, each at its own rate; a body with rate 0 is frozen.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    model : Module or Layer
        From `build`.
    rates : tuple of float
        Learning rates of body and head.
    data : pair of pairs
        Images and labels to learn from and to judge by.
    epochs : int
    """
    ours = import_module(f"lesson_utils.{framework}")
    head = list(model[1].parameters())
    body = list(model[0].parameters()) if rates[0] else []
    if framework == "torch":
        model[0].requires_grad_(bool(rates[0]))
        groups = [{"params": body, "lr": rates[0]}, {"params": head, "lr": rates[1]}]
        optimizer = import_module("torch.optim").Adam(groups)
    else:
        for parameter in model[0].parameters():
            parameter.stop_gradient = not rates[0]
        groups = [{"params": body, "learning_rate": rates[0] / rates[1]}, {"params": head}]
        optimizer = import_module("paddle.optimizer").Adam(rates[1], parameters=groups if body else head)
    loaders = (
        ours.ArrayLoader(*data[0], batch_size=BATCH, shuffle=True, device="cpu"),
        ours.ArrayLoader(*data[1], batch_size=1000, device="cpu"),
    )
    return quiet_runner(framework, model, optimizer).train(*loaders, epochs=epochs)


@cache
def pretrained(framework: str, name: str) -> Any:
    """Train a body and a head on a source; every tenth picture judges."""
    ours = import_module(f"lesson_utils.{framework}")
    images, labels = source(name)
    model = build(framework, int(labels.max()) + 1)
    ours.fill_weights(model, 0)
    judge = np.arange(len(labels)) % 10 == 0
    fit(framework, model, (0.003, 0.003), ((images[~judge], labels[~judge]), (images[judge], labels[judge])), 6)
    return model


def train(framework: str, source: str, way: str, labels: int, seed: int) -> History:
    """Train one point, or any other.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    source : {"none", "scans", "textures"}
        Where the body comes from.
    way : {"scratch", "frozen", "tuned", "one rate"}
        Body and head at the same rate, body frozen, body at a tenth of the rate, the same rate again.
    labels : int
        Labelled pictures of each digit.
    seed : int
        Which pictures, their order, the weights of what is not transferred.

    Returns
    -------
    History
        An epoch is 640 pictures, drawn with replacement.
    """
    ours = import_module(f"lesson_utils.{framework}")
    pool, judge = target()
    rng = np.random.default_rng(seed)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(pool[1] == c))[:labels] for c in range(10)])
    drawn = rng.choice(chosen, DRAWS)
    model = build(framework, 10)
    ours.fill_weights(model, seed)
    if source != "none":
        take: Callable[[Any], Any] = model[0].load_state_dict if framework == "torch" else model[0].set_state_dict
        take(pretrained(framework, source)[0].state_dict())
    rates = {"frozen": (0.0, 0.003), "tuned": (0.0003, 0.003)}.get(way, (0.003, 0.003))
    return fit(framework, model, rates, ((pool[0][drawn], pool[1][drawn]), judge), EPOCHS)


def record(framework: str) -> list[dict[str, Any]]:
    """Train all ways with all numbers of labels and all seeds.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings and curves of each run.
    """
    points = [
        {"source": name, "way": way, "labels": labels, "seed": seed}
        for (name, way), labels, seed in product(WAYS, LABELS, SEEDS)
    ]
    return run_all(points, lambda point: curves(train(framework, **point)))


if __name__ == "__main__":
    write(
        "fine_tuning",
        record,
        data="MNIST at 14×14, few labels a digit; 1,000 other digits judge",
        model="conv 16, conv 32, dense 64 (the body), dense 10 (the head)",
        optimizer=f"Adam, batches of {BATCH}, {EPOCHS} epochs of {DRAWS} draws with replacement",
    )
