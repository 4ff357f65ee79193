"""The digits recipe in PyTorch: how far 4,000 digits carry, and how fast."""

import math
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lesson_utils.schedules import one_cycle
from lesson_utils.torch import ArrayLoader, Runner, accuracy, seed_everything

EPOCHS, BATCH, LR = 14, 64, 4e-3
WIDTH = 24


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def build(w=WIDTH):
    return nn.Sequential(
        *block(1, w), nn.MaxPool2d(2), *block(w, 2 * w), nn.MaxPool2d(2), *block(2*w, 4*w), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(4*w*9, 10)
    )


def distort(images):
    """Turn, scale, shear and shift each digit by its own random amount."""
    n = len(images)
    turn = (torch.rand(n) - 0.5) * 2 * math.radians(12)
    size = 1 + (torch.rand(n, 2) - 0.5) * 2 * 0.12
    shear = (torch.rand(n) - 0.5) * 2 * 0.15
    shift = (torch.rand(n, 2) - 0.5) * 2 * (2 / 14)
    cos, sin = turn.cos(), turn.sin()
    theta = torch.stack([
        torch.stack([cos * size[:, 0], (shear - sin) * size[:, 0], shift[:, 0]], 1),
        torch.stack([sin * size[:, 1], cos * size[:, 1], shift[:, 1]], 1),
    ], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(images, labels, val_images, val_labels, epochs=EPOCHS, batch=BATCH, lr=LR, smooth=0.1, w=WIDTH, seed=0, wd=0.02):
    seed_everything(seed)
    model = build(w)
    loader = ArrayLoader(images, labels, batch_size=batch, shuffle=True, seed=seed, transform=distort)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=wd)
    scheduler = LambdaLR(optimizer, one_cycle(epochs * len(loader)))
    runner = Runner(model, optimizer, nn.CrossEntropyLoss(label_smoothing=smooth), scheduler=scheduler)
    runner.train(loader, epochs=epochs)
    judge = Runner(model, optimizer, nn.CrossEntropyLoss(), metric=accuracy)
    return judge.evaluate(ArrayLoader(val_images, val_labels, batch_size=250))
