"""Layers, decoding and masks of transformer/transformer against PyTorch, Paddle, d2l and plain search."""

import math
from itertools import product

import d2l.torch as d2l
import numpy as np
import paddle
import pytest
import torch

from publishing.lesson import SOURCES, framework_of, read_lesson, tags
from tests.lessons.from_source import functions

LESSON = "transformer/transformer"
PLAIN = functions(LESSON, "parameters", "beam", "pre_norm", "vocabulary", "table", np=np, PAD=0, START=1, END=2)
FRAMEWORKS = ("torch", "paddle")
BOTH = pytest.mark.parametrize("framework", FRAMEWORKS)


def defined(framework):
    """What the lesson's setup and definition cells define in one framework."""
    space: dict = {}
    names = (
        "class ",
        "def constant",
        "def causal",
        "def encode",
        "def decode",
        "def copy_attention",
        "def their_layers",
        "def greedy",
        "def as_text",
    )
    for cell in read_lesson(SOURCES / f"{LESSON}.md").cells:
        if cell.cell_type != "code" or framework_of(cell) not in (None, framework):
            continue
        source = cell.source
        if "setup" in tags(cell):
            exec(source, space)
        elif source.startswith(("PAD,", "LONGEST")) or any(f"\n{name}" in f"\n{source}" for name in names):
            kept = [part for part in source.split("\n\n\n") if not part.startswith(("x =", "ours ="))]
            exec("\n\n\n".join(kept), space)
    return space


@pytest.fixture(scope="module")
def spaces():
    """Both frameworks' versions of the lesson's classes."""
    return {framework: defined(framework) for framework in FRAMEWORKS}


@BOTH
def test_layers_equal_the_framework_on_60_shapes(spaces, framework):
    space, generator = spaces[framework], np.random.default_rng(0)
    tensor, to_numpy = space["tensor"], space["to_numpy"]
    for seed in range(60):
        batch, long, short, heads, half = (int(n) for n in generator.integers(1, 7, 5))
        width, hidden = 2 * half * heads, int(generator.integers(1, 20))
        ours = space["EncoderLayer"](width, heads, hidden), space["DecoderLayer"](width, heads, hidden)
        theirs = space["their_layers"](width, heads, hidden)
        for mine, yours in zip(ours, theirs, strict=True):
            space["fill_weights"](mine, seed)
            space["copy_layer"](mine, yours)
        source, target = (tensor(generator.normal(size=(batch, n, width)).astype("float32")) for n in (long, short))
        real = tensor(np.arange(long) < generator.integers(1, long + 1, (batch, 1)))
        seen, before = real.unsqueeze(1).unsqueeze(1), space["causal"](short)
        with space["no_grad"]():
            memory = ours[0](source, seen)
            mine = memory, ours[1](target, memory, before, seen)[0]
            yours = space["run_theirs"](*theirs, source, target, real, before)
        for a, b in zip(mine, yours, strict=True):
            np.testing.assert_allclose(to_numpy(a), to_numpy(b), atol=1e-5)


def test_encoder_layer_equals_d2l(spaces):
    space = spaces["torch"]
    ours, theirs = space["EncoderLayer"](16, 4, 24), d2l.TransformerEncoderBlock(16, 24, 4, 0, use_bias=True)
    x, lengths = torch.randn(3, 6, 16), torch.tensor([6, 2, 4])
    theirs.eval()(x, lengths)  # its lazy layers take their shapes
    names = [("W_q", "query"), ("W_k", "key"), ("W_v", "value"), ("W_o", "out")]
    for d2l_name, name in names:
        getattr(theirs.attention, d2l_name).load_state_dict(getattr(ours.attention, name).state_dict())
    theirs.ffn.dense1.load_state_dict(ours.feed_forward.inner.state_dict())
    theirs.ffn.dense2.load_state_dict(ours.feed_forward.outer.state_dict())
    seen = (torch.arange(6) < lengths[:, None])[:, None, None]
    torch.testing.assert_close(ours(x, seen), theirs(x, lengths), atol=1e-5, rtol=0)


@BOTH
def test_no_output_notices_what_is_written_later(spaces, framework):
    space, generator = spaces[framework], np.random.default_rng(1)
    tensor, to_numpy = space["tensor"], space["to_numpy"]
    for masked, place in product((True, False), range(1, 6)):
        model = space["Transformer"](20, 14, width=16, layers=2, masked=masked)
        sources, written = generator.integers(3, 20, (2, 9)), generator.integers(3, 14, (2, 7))
        other = written.copy()
        other[:, place] = (written[:, place] - 2) % 11 + 3
        with space["no_grad"]():
            before, after = (to_numpy(model(tensor(sources), tensor(w))) for w in (written, other))
        assert (abs(before - after)[:, :place].max() > 1e-6) != masked


@BOTH
def test_filling_changes_nothing(spaces, framework):
    space, generator = spaces[framework], np.random.default_rng(2)
    tensor, to_numpy = space["tensor"], space["to_numpy"]
    model = space["Transformer"](20, 14, width=16, layers=2)
    sources, written = generator.integers(3, 20, (2, 9)), generator.integers(3, 14, (2, 7))
    filled = np.concatenate([sources, np.zeros((2, 4), int)], axis=1)
    with space["no_grad"]():
        plain, longer = (to_numpy(model(tensor(s), tensor(written))) for s in (sources, filled))
    np.testing.assert_allclose(plain, longer, atol=1e-5)


@BOTH
def test_greedy_takes_the_likeliest_each_time(spaces, framework):
    space = spaces[framework]
    model = space["Transformer"](20, 14, width=16)
    sources = np.random.default_rng(3).integers(3, 20, (5, 8))
    rows, weights = space["greedy"](model, sources, 6)
    with space["no_grad"]():
        whole = np.concatenate([np.ones((5, 1), int), rows[:, :-1]], axis=1)
        logits = space["to_numpy"](model(space["tensor"](sources), space["tensor"](whole)))
    assert (logits.argmax(-1) == rows).all() and weights.shape == (5, 4, 6, 8)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)


def test_beam_search_equals_trying_everything():
    generator = np.random.default_rng(4)
    for _ in range(50):
        table = {}

        def next_signs(text, table=table):
            if len(text) == 4:
                return {"$": 1.0}
            return table.setdefault(text, dict(zip("ab$", generator.dirichlet(np.ones(3)), strict=True)))

        every = {}
        for size in range(5):
            for text in map("".join, product("ab", repeat=size)):
                steps = [next_signs(text[:i])[sign] for i, sign in enumerate(text + "$")]
                every[text] = math.prod(steps)
        assert PLAIN.beam(next_signs, 1000, 5) == max(every, key=every.__getitem__)


def test_parameters_and_tables():
    for width, hidden in [(8, 16), (64, 128), (512, 2048)]:
        layers = [
            layer(width, 2, hidden) for layer in (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)
        ]
        assert PLAIN.parameters(width, hidden) == tuple(sum(p.numel() for p in layer.parameters()) for layer in layers)
    numbers = PLAIN.vocabulary(["cab", "a"])
    assert numbers == {"a": 3, "b": 4, "c": 5}
    assert PLAIN.table(["ab", "c"], numbers, marks=True).tolist() == [[1, 3, 4, 2], [1, 5, 2, 0]]


def test_norm_first_equals_pytorch(spaces):
    theirs = torch.nn.TransformerEncoderLayer(16, 4, 24, dropout=0.0, batch_first=True, norm_first=True)
    x, norms = torch.randn(2, 5, 16), iter([theirs.norm1, theirs.norm2])
    parts = [lambda y: theirs.self_attn(y, y, y)[0], lambda y: theirs.linear2(theirs.linear1(y).relu())]
    torch.testing.assert_close(PLAIN.pre_norm(x, parts, lambda y: next(norms)(y)), theirs(x), atol=1e-5, rtol=0)
    assert paddle.nn.LayerNorm(4)._epsilon == torch.nn.LayerNorm(4).eps == 1e-5
