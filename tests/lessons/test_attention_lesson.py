"""Scores, masks and attention of transformer/attention against d2l, PyTorch, Paddle and plain loops."""

import math

import d2l.torch as d2l
import numpy as np
import paddle
import pytest
import torch

from lesson_utils.widgets.attention import allowed
from lesson_utils.widgets.attention import attend as widget_attend
from tests.lessons.from_source import functions

LESSON = "transformer/attention"
PLAIN = functions(LESSON, "softmax", "look_up", "masks", np=np)
NAMES = "dot scaled_dot bilinear additive attend theirs early late".split()
MAKE = {"torch": torch.tensor, "paddle": paddle.to_tensor}
OURS = {
    "torch": functions(LESSON, *NAMES, framework="torch", math=math, F=torch.nn.functional),
    "paddle": functions(LESSON, *NAMES, framework="paddle", math=math, F=paddle.nn.functional),
}
BOTH = pytest.mark.parametrize("framework", MAKE)


def random_case(generator):
    """Queries, keys and values of a random shape, and none or one of the three masks with its lengths."""
    batch, queries, width, value_width = (int(size) for size in generator.integers(1, 9, 4))
    kind = ("none", "causal", "padding", "both")[generator.integers(4)]
    keys = queries if kind in ("causal", "both") else int(generator.integers(1, 9))
    shapes = (batch, queries, width), (batch, keys, width), (batch, keys, value_width)
    arrays = [generator.normal(size=shape).astype(np.float32) * 2 for shape in shapes]
    lengths = generator.integers(1, keys + 1, batch) if kind in ("padding", "both") else np.full(batch, keys)
    valid = np.repeat(lengths[:, None], queries, axis=1)
    if kind in ("causal", "both"):
        valid = np.minimum(valid, np.arange(1, queries + 1))
    return arrays, kind, lengths, valid


def seen_by(kind, lengths, queries, keys):
    """The lesson's mask (B, Tq, Tk); without a mask everything is seen."""
    causal, padding, both = PLAIN.masks(keys, lengths)
    seen = {"none": np.ones((1, 1, keys), bool), "causal": causal[None], "padding": padding, "both": both}[kind]
    return np.broadcast_to(seen, (len(lengths), queries, keys)).copy()


@BOTH
def test_attention_equals_the_framework_and_d2l_on_300_shapes(framework):
    generator, make, ours = np.random.default_rng(0), MAKE[framework], OURS[framework]
    oracle = d2l.DotProductAttention(dropout=0).eval()
    for _ in range(300):
        arrays, kind, lengths, valid = random_case(generator)
        seen = seen_by(kind, lengths, arrays[0].shape[1], arrays[1].shape[1])
        assert (seen.sum(axis=2) == valid).all()
        output, weights = ours.attend(*map(make, arrays), None if kind == "none" else make(seen))
        theirs = ours.theirs(*map(make, arrays), make(seen))
        expected = oracle(*map(torch.tensor, arrays), torch.tensor(valid))
        np.testing.assert_allclose(output.numpy(), theirs.numpy(), atol=1e-5)
        np.testing.assert_allclose(output.numpy(), expected.numpy(), atol=1e-5)
        np.testing.assert_allclose(weights.numpy(), oracle.attention_weights.numpy(), atol=1e-5)
        assert weights.numpy()[~seen].max(initial=0) < 1e-27


@BOTH
def test_additive_score_equals_d2l_on_200_shapes(framework):
    generator, make, ours = np.random.default_rng(1), MAKE[framework], OURS[framework]
    for _ in range(200):
        (q, k, v), kind, lengths, valid = random_case(generator)
        oracle = d2l.AdditiveAttention(int(generator.integers(1, 9)), dropout=0).eval()
        with torch.no_grad():
            expected = oracle(*map(torch.tensor, (q, k, v)), torch.tensor(valid))
            W_q, W_k = (layer.weight.T.numpy().copy() for layer in (oracle.W_q, oracle.W_k))
            w = oracle.w_v.weight[0].numpy().copy()
        scores = ours.additive(*map(make, (q, k, W_q, W_k, w)))
        weights = ours.early(scores, make(seen_by(kind, lengths, q.shape[1], k.shape[1])))
        np.testing.assert_allclose((weights @ make(v)).numpy(), expected.numpy(), atol=1e-5)


@BOTH
def test_products_equal_loops_on_200_shapes(framework):
    generator, make, ours = np.random.default_rng(2), MAKE[framework], OURS[framework]
    for _ in range(200):
        (q, k, _), *_ = random_case(generator)
        W = generator.normal(size=(q.shape[2], q.shape[2])).astype(np.float32)
        plain = np.array([[[sum(a * b for a, b in zip(x, y, strict=True)) for y in ks] for x in qs]
                          for qs, ks in zip(q, k, strict=True)])  # fmt: skip
        np.testing.assert_allclose(ours.dot(make(q), make(k)).numpy(), plain, atol=1e-4)
        scaled = plain / q.shape[2] ** 0.5
        np.testing.assert_allclose(ours.scaled_dot(make(q), make(k)).numpy(), scaled, atol=1e-4)
        between = np.einsum("bqi,ij,bkj->bqk", q, W, k)
        np.testing.assert_allclose(ours.bilinear(make(q), make(k), make(W)).numpy(), between, atol=2e-3, rtol=1e-4)


def test_look_up_is_kernel_regression():
    generator = np.random.default_rng(3)
    for _ in range(200):
        queries, keys, width = (int(size) for size in generator.integers(1, 9, 3))
        q, k = generator.normal(size=(queries, width)), generator.normal(size=(keys, width))
        v = generator.normal(size=keys)
        kernel = np.array([[math.exp(-((a - b) ** 2).sum() / 2) for b in k] for a in q])
        np.testing.assert_allclose(PLAIN.look_up(q, k, v), kernel @ v / kernel.sum(axis=1))
        if keys > 1:  # each key left out in turn
            left = PLAIN.look_up(k, k, v, ~np.eye(keys, dtype=bool))
            for i in range(keys):
                rest = np.arange(keys) != i
                np.testing.assert_allclose(left[i], PLAIN.look_up(k[i : i + 1], k[rest], v[rest])[0])


def test_masks_and_attention_equal_the_figures():
    generator = np.random.default_rng(4)
    for _ in range(200):
        tokens, width = int(generator.integers(2, 7)), int(generator.integers(1, 5))
        padding = int(generator.integers(0, tokens))
        q, k, v = generator.normal(size=(3, tokens, width))
        grids = dict(zip(("causal", "padding", "both"), PLAIN.masks(tokens, [tokens - padding]), strict=True))
        for name, grid in grids.items():
            seen = np.broadcast_to(grid, (1, tokens, tokens))[0]
            np.testing.assert_array_equal(seen, allowed(tokens, name, padding))
            expected = widget_attend(q, k, v, seen)
            output, weights = OURS["torch"].attend(*map(torch.tensor, (q, k, v)), torch.tensor(seen.copy()))
            np.testing.assert_allclose(output.numpy(), expected["output"], atol=1e-9)
            np.testing.assert_allclose(weights.numpy(), expected["weights"], atol=1e-9)


@BOTH
def test_masking_late_leaks_and_masking_early_does_not(framework):
    generator, make, ours = np.random.default_rng(5), MAKE[framework], OURS[framework]
    for _ in range(50):
        tokens = int(generator.integers(2, 9))
        q, k = generator.normal(size=(2, tokens, 4)).astype(np.float32)
        other = k.copy()
        other[-1] = -k[-1]
        seen = make(PLAIN.masks(tokens, [tokens])[0])
        for masked, leaks in ((ours.early, False), (ours.late, True)):
            before, after = (masked(ours.scaled_dot(make(q), make(keys)), seen).numpy()[:-1] for keys in (k, other))
            assert (abs(before - after).max() > 1e-6) == leaks
