"""The same script alone, under ``torchrun``, and on several machines."""

import json
import sys

import numpy as np
import torch
from torch import nn

from lesson_utils.torch import ArrayLoader, Runner, accuracy, fill_weights, seed_everything

seed_everything(0)
random = np.random.default_rng(0)
inputs = random.normal(size=(198, 20)).astype(np.float32)
targets = inputs[:, :5].argmax(1).astype(np.int64)
model = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 5))
fill_weights(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
runner = Runner(model, optimizer, nn.CrossEntropyLoss(), metric=accuracy, device="cpu", clip_norm=1.0)
loaders = [ArrayLoader(inputs, targets, batch_size=64, shuffle=s, device="cpu") for s in (True, False)]
runner.train(*loaders, epochs=4, checkpoint=sys.argv[1], resume=True)
weights = torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()
with open(f"{sys.argv[1]}/result{runner.rank}.json", "w") as file:
    json.dump({"rows": runner.history.rows, "weights": weights, "of": runner.processes, "writes": runner.writes}, file)
