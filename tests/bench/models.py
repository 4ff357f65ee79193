"""The two networks of the benchmarks, in both frameworks."""

import importlib
from typing import Any


def lenet(framework: str) -> Any:
    """LeCun's network of 1998: 61,706 weights."""
    nn, conv, pool = _layers(framework)
    average = nn.AvgPool2d if framework == "torch" else nn.AvgPool2D
    return nn.Sequential(
        conv(1, 6, 5, padding=2), nn.Sigmoid(), average(2), conv(6, 16, 5), nn.Sigmoid(), average(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip


def cnn(framework: str) -> Any:
    """Four 3×3 convolutions with batch normalisation: about 140,000 weights."""
    nn, conv, pool = _layers(framework)
    norm = nn.BatchNorm2d if framework == "torch" else nn.BatchNorm2D
    layers = []
    for inputs, outputs in [(1, 32), (32, 64), (64, 64), (64, 128)]:
        layers += [conv(inputs, outputs, 3, padding=1), norm(outputs), nn.ReLU()]
        if inputs != 64 or outputs != 64:
            layers.append(pool(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 9, 10))


def _layers(framework: str) -> tuple[Any, Any, Any]:
    nn = importlib.import_module(f"{framework}.nn")
    if framework == "torch":
        return nn, nn.Conv2d, nn.MaxPool2d
    return nn, nn.Conv2D, nn.MaxPool2D
