"""What the notes "PyTorch ↔ Paddle" of the chapter mlp claim."""

import numpy as np
import paddle
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "mlp/softmax-and-losses": 2,
}


def test_where_cross_entropy_looks_for_the_classes():
    logits, labels = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32"), np.zeros((2, 4, 4), int)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
    ours, target = paddle.to_tensor(logits), paddle.to_tensor(labels)
    assert paddle.nn.functional.cross_entropy(ours, target, axis=1).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError):
        paddle.nn.functional.cross_entropy(ours, target)


def test_paddles_softmax_stops_at_64_on_the_cpu():
    scores = [[0.0, 200.0, 0.0]]
    theirs = paddle.nn.functional.cross_entropy(paddle.to_tensor(scores, place="cpu"), paddle.to_tensor([0]))
    assert theirs.item() == pytest.approx(64, abs=1e-3)
    assert torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor([0])).item() == 200
