import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lesson_utils.schedules import one_cycle
from lesson_utils.torch import ArrayLoader, Runner, accuracy, seed_everything


def block(inputs, outputs, k=3, s=1):
    return [nn.Conv2d(inputs, outputs, k, stride=s, padding=k // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def build(w=16, kind="pool", drop=0.2):
    if kind == "pool":
        mid = [*block(w, 2 * w), nn.MaxPool2d(2)]
    else:
        mid = block(w, 2 * w, 3, 2)
    return nn.Sequential(*block(1, w, 5, 2), *mid, *block(2 * w, 4 * w), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(drop), nn.Linear(4 * w * 9, 10)).to(memory_format=torch.channels_last)


def distort(images, rot=12, sc=0.12, sh=0.15, px=2):
    n = len(images)
    turn = (torch.rand(n) - 0.5) * 2 * math.radians(rot)
    size = 1 + (torch.rand(n, 2) - 0.5) * 2 * sc
    shear = (torch.rand(n) - 0.5) * 2 * sh
    shift = (torch.rand(n, 2) - 0.5) * 2 * (px / 14)
    cos, sin = turn.cos(), turn.sin()
    theta = torch.stack([
        torch.stack([cos * size[:, 0], (shear - sin) * size[:, 0], shift[:, 0]], 1),
        torch.stack([sin * size[:, 1], cos * size[:, 1], shift[:, 1]], 1),
    ], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(images, labels, val_images, val_labels, epochs=20, batch=64, lr=4e-3, smooth=0.1, w=16, kind="pool", drop=0.2, seed=0, wd=0.02):
    seed_everything(seed)
    model = build(w, kind, drop)
    loader = ArrayLoader(images, labels, batch_size=batch, shuffle=True, seed=seed, transform=distort)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=wd)
    scheduler = LambdaLR(optimizer, one_cycle(epochs * len(loader)))
    runner = Runner(model, optimizer, nn.CrossEntropyLoss(label_smoothing=smooth), scheduler=scheduler)
    runner.train(loader, epochs=epochs)
    judge = Runner(model, optimizer, nn.CrossEntropyLoss(), metric=accuracy)
    return judge.evaluate(ArrayLoader(val_images, val_labels, batch_size=250))
