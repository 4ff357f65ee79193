"""The bill of cnn/resnet against torchinfo, and its answers to the exercises."""

from math import comb

import numpy as np
import pytest
import torch
import torchvision
from torchinfo import summary

from lesson_utils.recorded import resnet as recorded
from tests.lessons.from_source import functions

OURS = functions("cnn/resnet", "bill", "paths", "bottleneck", np=np)


def counted(model, shape):
    """Parameters, and multiply-adds without torchinfo's one a parameter for normalisation and the dense bias."""
    table = summary(model, shape, verbose=0)
    norms = sum(p.numel() for p in model.parameters() if p.ndim == 1)
    return table.total_params, table.total_mult_adds - norms * shape[0]


@pytest.mark.parametrize("size", [64, 100, 224])
def test_the_bill_of_resnet18(size):
    rows = OURS.bill(2, (64, 128, 256, 512), size, stem=(3, 7, 4))
    bill = sum(row[3] for row in rows) + 513_000, sum(row[4] for row in rows) + 512_000
    assert bill == counted(torchvision.models.resnet18(weights=None), (1, 3, size, size))


@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("depth", [8, 14])
def test_the_bill_of_the_small_ones(depth, shortcut):
    rows = OURS.bill((depth - 2) // 6, (8, 16, 32), 14, stem=(1, 3, 1), shortcut=shortcut)
    bill = sum(row[3] for row in rows) + 330, sum(row[4] for row in rows) + 320
    assert bill == counted(recorded.network("torch", depth, shortcut), (1, 1, 14, 14))


def test_paths_and_waists():
    for n in (0, 1, 5, 54):
        assert OURS.paths(n) == [comb(n, k) for k in range(n + 1)]
    block = torchvision.models.resnet50(weights=None).layer1[1]
    convolutions = [layer for layer in block.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert OURS.bottleneck(256, 64) == sum(layer.weight.numel() for layer in convolutions)
