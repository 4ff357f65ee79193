"""LeNet and small relatives of AlexNet, VGG, NiN and GoogLeNet, trained alike on 2,000 digits, three seeds each.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.modern_cnns torch
    python -m lesson_utils.recorded.modern_cnns paddle

A network is a list of its layers, ``(kind, *numbers)``, which knows no framework: the lesson counts with the same
lists that `build` makes layers of.
"""

import time
from functools import cache
from importlib import import_module
from typing import Any

from lesson_utils.data.embedded import mnist
from lesson_utils.recorded.making import curves, grid_points, optimizer_for, quiet_runner, run_all, write
from lesson_utils.schedules import one_cycle

Layer = tuple[Any, ...]
GRID: dict[str, tuple[Any, ...]] = {
    "network": ("LeNet", "AlexNet", "VGG", "NiN", "GoogLeNet"),
    "seed": (0, 1, 2),
}
EPOCHS, BATCH, LR, EXAMPLES = 4, 32, 0.01, 2000


def conv(out: int, k: int, s: int = 1, p: int = 0, groups: int = 1) -> Layer:
    """Describe a convolution; a ReLU follows it."""
    return ("conv", out, k, s, p, groups)


def pool(k: int, s: int, p: int = 0) -> Layer:
    """Describe a maximum pooling."""
    return ("pool", k, s, p)


def head(hidden: int, classes: int) -> list[Layer]:
    """Describe two wide fully connected layers with dropout, and the logits."""
    return [("dense", hidden), ("drop", 0.5)] * 2 + [("logits", classes)]


def vgg_block(convs: int, out: int) -> list[Layer]:
    """Describe 3×3 convolutions that keep the size, and a pooling that halves it."""
    return [conv(out, 3, p=1)] * convs + [pool(2, 2)]


def nin_block(out: int, k: int, s: int = 1, p: int = 0) -> list[Layer]:
    """Describe a convolution and two 1×1 convolutions: a small network at every place."""
    return [conv(out, k, s, p), conv(out, 1), conv(out, 1)]


def inception(a: int, b: tuple[int, int], c: tuple[int, int], d: int) -> Layer:
    """Describe four branches on one input, whose channels are put behind one another."""
    wide, wider = [conv(b[0], 1), conv(b[1], 3, p=1)], [conv(c[0], 1), conv(c[1], 5, p=2)]
    return ("branches", [conv(a, 1)], wide, wider, [pool(3, 1, 1), conv(d, 1)])


NETWORKS: dict[str, list[Layer]] = {
    "LeNet": [
        *(conv(6, 5, p=2), pool(2, 2), conv(16, 5), pool(2, 2)),
        *(("dense", 120), ("dense", 84), ("logits", 10)),
    ],
    "AlexNet": [
        *(conv(8, 5, p=2), pool(3, 2), conv(16, 5, p=2), pool(3, 2)),
        *(conv(24, 3, p=1), conv(24, 3, p=1), conv(16, 3, p=1), pool(3, 2)),
        *head(256, 10),
    ],
    "VGG": [*vgg_block(1, 8), *vgg_block(2, 16), *vgg_block(2, 24), *head(256, 10)],
    "NiN": [
        *(*nin_block(8, 5, p=2), pool(3, 2), *nin_block(16, 5, p=2), pool(3, 2)),
        *(*nin_block(24, 3, p=1), ("drop", 0.2), *nin_block(10, 3, p=1), ("average",)),
    ],
    "GoogLeNet": [
        *(conv(8, 5, p=2), pool(3, 2, 1), inception(8, (8, 16), (2, 4), 4), pool(3, 2, 1)),
        *(inception(12, (12, 24), (4, 8), 4), inception(16, (16, 32), (4, 8), 8)),
        *(("average",), ("drop", 0.2), ("logits", 10)),
    ],
}


def width(n: int, k: int, s: int, p: int) -> int:
    """Give the places that a window ``k`` wide finds on ``n`` pixels."""
    return (n + 2 * p - k) // s + 1


def build(framework: str, network: list[Layer], channels: int = 1, size: int = 28) -> Any:
    """Make the layers of a description.

    Every convolution is followed by batch normalisation and ReLU, every hidden dense layer by ReLU.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    network : list of tuple
        Such as the values of ``NETWORKS``.
    channels, size : int
        Of the square pictures.

    Returns
    -------
    nn.Sequential
        Maps (N, channels, size, size) to what the last layer gives.
    """
    layers: list[Any] = []
    for layer in network:
        made, channels, size = _make(framework, layer, channels, size)
        layers += made
    if network[-1][0] == "average":
        layers.append(import_module(f"{framework}.nn").Flatten())  # (N, classes, 1, 1) -> (N, classes)
    return import_module(f"{framework}.nn").Sequential(*layers)


def _make(framework: str, layer: Layer, c: int, n: int) -> tuple[list[Any], int, int]:
    """Make one layer for ``c`` channels of ``n`` × ``n``, and say what it leaves of both."""
    nn = import_module(f"{framework}.nn")
    d = "2d" if framework == "torch" else "2D"
    kind, *how = layer
    if kind == "conv":
        out, k, s, p, groups = how
        made = getattr(nn, f"Conv{d}")(c, out, k, s, p, groups=groups)
        return [made, getattr(nn, f"BatchNorm{d}")(out), nn.ReLU()], out, width(n, k, s, p)
    if kind == "pool":
        return [getattr(nn, f"MaxPool{d}")(*how)], c, width(n, *how)
    if kind == "average":
        return [getattr(nn, f"AdaptiveAvgPool{d}")(1)], c, 1
    if kind == "drop":
        return [nn.Dropout(how[0])], c, n
    if kind == "branches":
        models = [build(framework, branch, c, n) for branch in how]
        return [_branches(framework)(models)], sum(branch[-1][1] for branch in how), n
    made = [nn.Flatten(), nn.Linear(c * n * n, how[0])]
    return made + [nn.ReLU()] * (kind == "dense"), how[0], 1


@cache
def _branches(framework: str) -> Any:
    """Give the container that runs models on one input and puts their channels behind one another."""
    nn, whole = import_module(f"{framework}.nn"), import_module(framework)
    base, join = (nn.ModuleList, whole.cat) if framework == "torch" else (nn.LayerList, whole.concat)
    return type("Branches", (base,), {"forward": lambda self, x: join([branch(x) for branch in self], 1)})


def train(framework: str, network: str, seed: int) -> dict[str, Any]:
    """Train one network of ``NETWORKS`` by Adam, its learning rate going up to ``LR`` and down again.

    Parameters
    ----------
    framework : {"torch", "paddle"}
        Begins with its own default weights.
    network : str
    seed : int
        Of the weights, the order of the digits and the dropout masks.

    Returns
    -------
    dict
        The curves, and seconds: processor time of the training.
    """
    ours = import_module(f"lesson_utils.{framework}")
    ours.seed_everything(seed)
    model = build(framework, NETWORKS[network])
    images, labels = (array[:EXAMPLES] for array in mnist("train"))
    loader = ours.ArrayLoader(images, labels, batch_size=BATCH, shuffle=True, seed=seed, device="cpu")
    val_loader = ours.ArrayLoader(*mnist("test"), batch_size=250, device="cpu")
    descent = optimizer_for(framework, "Adam", model, LR, one_cycle(EPOCHS * len(loader)))
    runner, start = quiet_runner(framework, model, *descent), time.process_time()
    history = runner.train(loader, val_loader, epochs=EPOCHS)
    return {"seconds": round(time.process_time() - start, 1), **curves(history)}


def record(framework: str) -> list[dict[str, Any]]:
    """Train every network with every seed.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Network, seed, seconds and curves of each run.
    """
    return run_all(grid_points(GRID), lambda point: train(framework, **point))


if __name__ == "__main__":
    write(
        "modern_cnns",
        record,
        grid={name: list(values) for name, values in GRID.items()},
        data=f"{EXAMPLES} training and 1000 other digits",
        model="batch normalisation after every convolution, default weights",
        optimizer=f"Adam, batches of {BATCH}, {EPOCHS} epochs, one cycle up to {LR}",
    )
