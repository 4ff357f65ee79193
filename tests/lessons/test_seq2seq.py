"""Functions of rnn/seq2seq against nltk, torch, plain enumeration and the library."""

import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from nltk.translate.bleu_score import corpus_bleu, modified_precision
from torch import nn
from torch.nn import functional as F

from lesson_utils import metrics
from lesson_utils.torch import to_numpy
from tests.lessons.from_source import functions

LESSON = "rnn/seq2seq"
SPACE = {
    "np": np, "math": math, "Counter": Counter, "F": F, "Module": nn.Module, "Embedding": nn.Embedding,
    "Linear": nn.Linear, "GRU": partial(nn.GRU, batch_first=True), "tensor": torch.tensor, "no_grad": torch.no_grad,
    "to_numpy": to_numpy, "PAD": 0, "START": 1, "END": 2,
}  # fmt: skip
NAMES = (
    "vocabulary table mean_loss loss_fn word_accuracy greedy beam from_tree ngrams clipped bleu loss_of clipped_by best"
)
OURS = functions(LESSON, *NAMES.split(), **SPACE)
LETTERS = list("abc")


def sentence(rng, longest=9):
    return rng.choice(LETTERS, rng.integers(1, longest)).tolist()


def test_bleu_equals_nltk_and_the_library():
    rng, above = np.random.default_rng(0), 0
    for _ in range(300):
        candidates = [sentence(rng) for _ in range(4)]
        references = [sentence(rng) for _ in range(4)]
        expected = metrics.bleu(candidates, references)
        assert OURS.bleu(candidates, references) == pytest.approx(expected, abs=1e-12)
        candidates = [candidate + ["a", "b", "c"] for candidate in candidates]  # nltk counts one 4-gram in a pair, too
        ours = OURS.bleu(candidates, references)
        if ours > 0:  # where a share is 0, nltk puts a tiny number in its place
            above += 1
            assert ours == pytest.approx(corpus_bleu([[r] for r in references], candidates), abs=1e-9)
    assert above > 50
    assert OURS.bleu([["a"] * 5], [["a"] * 5]) == 1 and OURS.bleu([["a"]], [["b"]]) == 0


def test_clipped_counts_equal_nltk():
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, candidate = int(rng.integers(1, 4)), sentence(rng) + ["a"] * 3
        references = [sentence(rng) for _ in range(int(rng.integers(1, 4)))]
        shared, total = OURS.clipped_by(candidate, references, n)
        assert shared / total == pytest.approx(float(modified_precision(references, candidate, n)))
        assert OURS.clipped(candidate, references[0], n) == OURS.clipped_by(candidate, references[:1], n)


def random_tree(rng, depth=4):
    tree, open_ones = {}, [""]
    while open_ones:
        said = open_ones.pop()
        last = len(said.split()) == depth
        words = ["$"] if last else ["$", *LETTERS] if said else LETTERS
        p = rng.dirichlet(np.full(len(words), 0.7))
        tree[said] = dict(zip(words, p.tolist(), strict=True))
        open_ones += [f"{said} {word}".strip() for word in words if word != "$"]
    return tree


def sentences(tree, said="", p=1.0):
    for word, q in tree[said].items():
        if word == "$":
            yield (*said.split(), "$"), p * q
        else:
            yield from sentences(tree, f"{said} {word}".strip(), p * q)


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_a_beam_without_limit_finds_the_best(alpha):
    rng = np.random.default_rng(2)
    for _ in range(20):
        tree = random_tree(rng)
        expected = max(sentences(tree), key=lambda pair: math.log(pair[1]) / len(pair[0]) ** alpha)
        logarithm, said = OURS.beam(OURS.from_tree(tree), 1000, 6, alpha)
        assert said == expected[0] and math.exp(logarithm) == pytest.approx(expected[1])
        if alpha == 0:
            assert OURS.best(tree) == (" ".join(said[:-1]), pytest.approx(expected[1], abs=1e-6))


def test_a_beam_of_one_is_greedy_and_a_cut_beam_gives_what_it_has():
    rng = np.random.default_rng(3)
    for _ in range(50):
        tree, said = random_tree(rng), []
        while not said or said[-1] != "$":
            fork = tree[" ".join(said)]
            said.append(max(fork, key=fork.get))
        assert OURS.beam(OURS.from_tree(tree), 1, 9)[1] == tuple(said)
        assert len(OURS.beam(OURS.from_tree(tree), 1, 1)[1]) == 1


def test_losses_leave_the_filling_out():
    rng = np.random.default_rng(4)
    for _ in range(20):
        logits, targets = rng.normal(size=(3, 6, 8)), rng.integers(0, 8, (3, 6))
        targets[:, 0] = 5
        expected = F.cross_entropy(torch.tensor(logits).flatten(0, 1), torch.tensor(targets).flatten(), ignore_index=0)
        assert OURS.loss_of(logits, targets) == pytest.approx(expected.item())
        assert OURS.loss_fn(torch.tensor(logits), torch.tensor(targets)).item() == pytest.approx(expected.item())
        right = (logits.argmax(-1) == targets)[targets != 0].mean()
        assert OURS.word_accuracy(torch.tensor(logits), torch.tensor(targets)).item() == pytest.approx(right, abs=1e-6)


def test_tables_fill_sources_in_front_and_targets_behind():
    numbers = OURS.vocabulary([list("ba"), list("c")])
    assert numbers == {"a": 3, "b": 4, "c": 5}
    assert OURS.table([list("ba"), list("c")], numbers).tolist() == [[4, 3], [0, 5]]
    assert OURS.table([list("ba"), list("c")], numbers, True).tolist() == [[1, 4, 3, 2], [1, 5, 2, 0]]


def test_greedy_is_what_the_decoder_says_of_its_own_words():
    """Each step from the carried state equals a whole pass over all that was written."""
    speaker = class_of("Speaker")
    torch.manual_seed(0)
    model, sources = speaker(9, 12), np.random.default_rng(5).integers(3, 9, (6, 4))
    free = OURS.greedy(model, sources, 7)
    seen = np.concatenate([np.ones((6, 1), int), free[:, :-1]], axis=1)
    with torch.no_grad():
        again = model(torch.tensor(sources), torch.tensor(seen)).argmax(-1).numpy()
    assert np.array_equal(free, again)


def class_of(name):
    from publishing.lesson import SOURCES, read_lesson

    (source,) = [c.source for c in read_lesson(SOURCES / f"{LESSON}.md").cells if f"class {name}(" in c.source]
    space = dict(SPACE)
    exec(source, space)
    return space[name]
