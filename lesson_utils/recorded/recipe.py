"""The fast recipe for the 5,000 digits, and what is left of it without each of its parts.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.recipe torch
    python -m lesson_utils.recorded.recipe paddle

Five folds of the 5,000 digits: 4,000 to learn from, 1,000 others to judge by, so that every digit is judged once.
The recipe was put together by looking at these same folds; only digits from elsewhere can judge it without favour.
"""

import math
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data.embedded import mnist
from lesson_utils.recorded.making import curves, optimizer_for, quiet_runner, run_all, write
from lesson_utils.schedules import one_cycle

Split = tuple[np.ndarray, np.ndarray]  # images, labels

EPOCHS, BATCH, WIDTH, DROPOUT, DECAY = 16, 128, 16, 0.1, 0.02
RECIPE = {"augment": True, "cycle": True, "norm": True, "smoothing": 0.1, "lr": 0.014}
# What is otherwise, and on how many folds. Rate, schedule and normalisation belong together: without one of the
# latter two the rate is 0.003, which was not searched for.
VARIANTS: dict[str, tuple[dict[str, Any], int]] = {
    "recipe": ({}, 5),
    "no augmentation": ({"augment": False}, 3),
    "constant rate": ({"cycle": False, "lr": 0.003}, 3),
    "no batch norm": ({"norm": False, "lr": 0.003}, 3),
    "no smoothing": ({"smoothing": 0.0}, 3),
    "none of them": ({"augment": False, "cycle": False, "norm": False, "smoothing": 0.0, "lr": 0.003}, 3),
}


def network(framework: str, norm: bool = True) -> Any:
    """Build the network of the recipe.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    norm : bool
        Whether each convolution is followed by batch normalisation; otherwise it gets a bias.

    Returns
    -------
    torch.nn.Module or paddle.nn.Layer
        (N, 1, 28, 28) to (N, 10).
    """
    nn, torch = import_module(f"{framework}.nn"), framework == "torch"
    bias = {"bias": not norm} if torch else {"bias_attr": False if norm else None}

    def layer(name: str, *arguments: Any, **options: Any) -> Any:
        return getattr(nn, name + ("2d" if torch else "2D"))(*arguments, **options)

    def block(inputs: int, outputs: int) -> list[Any]:
        # The norm after the pooling costs a quarter of what it costs before.
        parts = [layer("Conv", inputs, outputs, 3, padding=1, **bias), layer("MaxPool", 2)]
        return [*parts, *([layer("BatchNorm", outputs)] if norm else []), nn.ReLU()]

    first = [layer("Conv", 1, WIDTH, 5, stride=2, padding=2, **bias), *([layer("BatchNorm", WIDTH)] if norm else [])]
    middle = [nn.ReLU(), *block(WIDTH, 2 * WIDTH), *block(2 * WIDTH, 4 * WIDTH)]
    return nn.Sequential(*first, *middle, nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(4 * WIDTH * 9, 10))


def random_affine(count: int, random: np.random.Generator) -> np.ndarray:
    """Draw maps that turn by up to 10°, scale by 10 %, shear and shift by 1.6 pixels.

    Parameters
    ----------
    count : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray
        float32 (count, 2, 3), rows of x and y, as ``affine_grid`` takes them.
    """
    turn, shear = random.uniform(-1, 1, (2, count)) * [[math.radians(10)], [0.12]]
    size = 1 + 0.1 * random.uniform(-1, 1, (2, count))
    shift = 1.6 / 14 * random.uniform(-1, 1, (2, count))
    rows = [
        [np.cos(turn) * size[0], (shear - np.sin(turn)) * size[0], shift[0]],
        [np.sin(turn) * size[1], np.cos(turn) * size[1], shift[1]],
    ]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)


def distortion(framework: str, seed: int) -> Callable[[Any], Any]:
    """Give a transform that distorts a whole batch, each picture in its own way.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    seed : int

    Returns
    -------
    callable
        Tensor (N, 1, H, W) to tensor (N, 1, H, W), for ``ArrayLoader``.
    """
    module, random = import_module(framework), np.random.default_rng(seed)
    functional = import_module(f"{framework}.nn.functional")
    as_tensor = module.from_numpy if framework == "torch" else module.to_tensor

    def distort(images: Any) -> Any:
        # What affine_grid does, in one product: on a CPU that saves a tenth of a training step.
        side = images.shape[-1]
        y, x = np.mgrid[:side, :side].astype(np.float32) * 2 / side + (1 / side - 1)
        pixels = as_tensor(np.stack([x, y, np.ones_like(x)]).reshape(3, -1))
        maps = as_tensor(random_affine(len(images), random)).reshape([-1, 3])
        places = module.moveaxis((maps @ pixels).reshape([-1, 2, side, side]), 1, -1)
        return functional.grid_sample(images, places, align_corners=False)

    return distort


def train(
    framework: str, digits: Split, seed: int, judge: Split | None = None, epochs: int = EPOCHS, **changes: Any
) -> tuple[Any, float]:
    """Train the recipe.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    digits : tuple of ndarray
        Images and labels to learn from.
    seed : int
        Of the framework's own initial weights, the order of the digits and the distortions.
    judge : tuple of ndarray, optional
        Images and labels to measure by after each epoch.
    epochs : int
    **changes
        What is to be otherwise than in `RECIPE`.

    Returns
    -------
    runner : Runner
        With the trained network and the history.
    seconds : float
        Of the processor.
    """
    parts = {**RECIPE, **changes}
    ours = import_module(f"lesson_utils.{framework}")
    ours.seed_everything(seed)
    transform = distortion(framework, seed) if parts["augment"] else None
    loader = ours.ArrayLoader(*digits, batch_size=BATCH, shuffle=True, seed=seed, transform=transform, device="cpu")
    val_loader = ours.ArrayLoader(*judge, batch_size=500, device="cpu") if judge else None
    factor = one_cycle(epochs * len(loader)) if parts["cycle"] else None
    model = network(framework, parts["norm"])
    fused = {"fused": True} if framework == "torch" else {}
    descent = optimizer_for(framework, "AdamW", model, parts["lr"], factor, weight_decay=DECAY, **fused)
    runner = quiet_runner(framework, model, *descent, label_smoothing=parts["smoothing"])
    start = time.process_time()
    runner.train(loader, val_loader, epochs=epochs)
    return runner, time.process_time() - start


def answers(runner: Any, images: np.ndarray, reach: int = 1) -> np.ndarray:
    """Read digits from the mean of the probabilities of shifted copies.

    Parameters
    ----------
    runner : Runner
    images : ndarray
        (N, 1, 28, 28), with a margin of `reach` empty pixels.
    reach : int
        Pixels by which the copies are moved at most: nine copies for 1, the picture alone for 0.

    Returns
    -------
    ndarray
        int64 (N,).
    """
    steps = range(-reach, reach + 1)
    copies = [np.roll(images, (down, right), axis=(2, 3)) for down in steps for right in steps]
    logits = [np.asarray(runner.predict(copy)) for copy in copies]
    heights = [np.exp(one - one.max(axis=1, keepdims=True)) for one in logits]
    return np.asarray(sum(one / one.sum(axis=1, keepdims=True) for one in heights)).argmax(axis=1)


def folds() -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide the 5,000 digits five times.

    Returns
    -------
    list of tuple
        Places of 4,000 digits to learn from and of 1,000 to judge by, the same of each class.
    """
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(5, shuffle=True, random_state=0).split(*mnist("all")))


def measure(framework: str, variant: str, fold: int, epochs: int = EPOCHS) -> dict[str, Any]:
    """Train a variant on one fold and see which digits it gets wrong.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    variant : str
        Its name in `VARIANTS`.
    fold : int
        From 0 to 4; the seed as well.
    epochs : int

    Returns
    -------
    dict
        Curves; seconds of the processor; the digits that were read wrong, with nine shifted copies and with the
        picture alone: their places among the 5,000, in a text.
    """
    images, labels = mnist("all")
    learn, judge = folds()[fold]
    held = images[judge], labels[judge]
    runner, seconds = train(framework, (images[learn], labels[learn]), fold, held, epochs, **VARIANTS[variant][0])
    wrong = {
        name: " ".join(map(str, judge[answers(runner, held[0], reach) != held[1]]))
        for name, reach in (("wrong", 1), ("wrong_alone", 0))
    }
    return {**curves(runner.history), "seconds": round(seconds, 1), **wrong}


def record(framework: str) -> list[dict[str, Any]]:
    """Train every variant on its folds: a row with variant, fold and what `measure` gives for each."""
    points = [{"variant": name, "fold": fold} for name, (_, count) in VARIANTS.items() for fold in range(count)]
    return run_all(points, lambda point: measure(framework, **point))


if __name__ == "__main__":
    write(
        "recipe",
        record,
        data="five folds of 5000 digits: 4000 to learn from, 1000 to judge by",
        model=f"three convolutions of {WIDTH}, {2 * WIDTH} and {4 * WIDTH} maps, batch normalisation, one linear layer",
        optimizer=f"AdamW, decay {DECAY}, batches of {BATCH}, {EPOCHS} epochs",
    )
