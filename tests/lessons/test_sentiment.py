"""Functions of rnn/sentiment against PyTorch, Paddle, plain loops and the recorded models."""

import re
import unicodedata
from collections import Counter

import numpy as np
import paddle
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lesson_utils.data import load
from lesson_utils.paddle import fill_weights as fill_paddle
from lesson_utils.recorded import sentiment
from lesson_utils.torch import fill_weights as fill_torch
from publishing.lesson import SOURCES, read_lesson
from tests.lessons.from_source import functions

LESSON = "rnn/sentiment"
TEXT = functions(LESSON, "letters", "alphabet", "encode", np=np, unicodedata=unicodedata, Counter=Counter)
PACKED = {"pack_padded_sequence": pack_padded_sequence, "pad_packed_sequence": pad_packed_sequence}
OURS = {
    "torch": functions(LESSON, "pool", "lstm", "run", np=np, softmax=torch.softmax, nn=torch.nn, **PACKED),
    "paddle": functions(
        LESSON, "pool", "lstm", "run", framework="paddle", np=np, softmax=paddle.nn.functional.softmax, nn=paddle.nn
    ),
}
MAKE = {"torch": torch.as_tensor, "paddle": paddle.to_tensor}
FILL = {"torch": fill_torch, "paddle": fill_paddle}
BOTH = pytest.mark.parametrize("framework", MAKE)


@BOTH
def test_pool_equals_a_loop_over_the_real_positions(framework):
    generator = np.random.default_rng(0)
    for _ in range(60):
        batch, steps, units = (int(n) for n in generator.integers(1, 9, 3))
        states = generator.normal(size=(batch, steps, units)).astype(np.float32)
        scores = 3 * generator.normal(size=(batch, steps)).astype(np.float32)
        lengths = generator.integers(1, steps + 1, batch)
        seen = np.arange(steps) < lengths[:, None]
        pooled, weights = (part.numpy() for part in OURS[framework].pool(*map(MAKE[framework], (states, scores, seen))))
        for row, n in enumerate(lengths):
            e = np.exp(scores[row, :n] - scores[row, :n].max())
            np.testing.assert_allclose(weights[row, :n], e / e.sum(), atol=1e-5)
            np.testing.assert_allclose(pooled[row], (e / e.sum()) @ states[row, :n], atol=1e-5)
            assert weights[row, n:].max(initial=0) < 1e-20
        equal = OURS[framework].pool(*map(MAKE[framework], (states, 0 * scores, seen)))[0].numpy()
        means = [row[:n].mean(0) for row, n in zip(states, lengths, strict=True)]
        np.testing.assert_allclose(equal, means, atol=1e-5)


@BOTH
@pytest.mark.parametrize("both", [False, True])
def test_run_reads_each_text_as_if_it_were_alone(framework, both):
    generator, layer = np.random.default_rng(1), OURS[framework].lstm(3, 4, both)
    FILL[framework](layer, 0)
    x = generator.normal(size=(6, 9, 3)).astype(np.float32)
    lengths = np.array([9, 1, 4, 4, 8, 2])
    seen = np.arange(9) < lengths[:, None]
    states, last = (part.detach().numpy() for part in OURS[framework].run(layer, *map(MAKE[framework], (x, seen))))
    for row, n in enumerate(lengths):
        alone, (end, _) = layer(MAKE[framework](x[row : row + 1, :n]))
        np.testing.assert_allclose(states[row, :n], alone.detach().numpy()[0], atol=1e-5)
        np.testing.assert_allclose(last[:, row], end.detach().numpy()[:, 0], atol=1e-5)
        assert not states[row, n:].any()


def test_the_lesson_and_the_recording_split_and_encode_alike():
    texts, labels = load("reviews", "all")
    groups = {}
    for i, text in enumerate(texts):
        groups.setdefault(TEXT.letters(text), []).append(i)
    single = [rows[0] for key, rows in groups.items() if key and len(set(labels[rows])) == 1]
    order = np.array(single)[np.random.default_rng(0).permutation(len(single))]
    held = len(order) // 5
    train, val, test = sentiment.parts("texts")
    assert train[0] == texts[order[held + 1000 :]].tolist() and test[0] == texts[order[:held]].tolist()
    assert len(train[0]) == sentiment.FULL and (val[1] == labels[order[held : held + 1000]]).all()
    clean = [unicodedata.normalize("NFKC", text).lower() for text in train[0][:500]]
    index = TEXT.alphabet(clean)
    assert index == sentiment.alphabet(train[0][:500])
    np.testing.assert_array_equal(TEXT.encode(clean, index), sentiment.encode(train[0][:500], index))


def test_the_pairs_of_the_lesson_are_the_recorded_ones():
    text = "\n".join(cell.source for cell in read_lesson(SOURCES / f"{LESSON}.md").cells)
    block = text[text.index("PAIRS = [") : text.index("for praise, blame, gloss")]
    assert tuple(re.findall(r'\("([^"]+)", "([^"]+)",', block)) == sentiment.SAME_CHARACTERS
