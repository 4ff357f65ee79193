"""A small BERT pre-trained on Python's help pages: rules for what is hidden and where the loss is.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.pretraining torch
    python -m lesson_utils.recorded.pretraining paddle
"""

import json
from functools import cache
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np

from lesson_utils.recorded.help_pages import CLS, LENGTH, MASK, PAD, SEP, corpus, mask, pairs
from lesson_utils.recorded.making import optimizer_for, run_all, short, tensor_maker, write

# Shares of [MASK] and of random words, and whether the loss is at the chosen words only.
RULES = {"80/10/10": (0.8, 0.1, True), "100 % mask": (1.0, 0.0, True), "all positions": (0.8, 0.1, False)}
POINTS = [("80/10/10", 0), ("100 % mask", 0), ("all positions", 0), *product(("80/10/10", "100 % mask"), (1, 2))]
WIDTH, HEADS, LAYERS = 64, 4, 2
BATCH, STEPS, EPOCHS, RATE = 32, 150, 7, 5e-3


@cache
def network(framework: str) -> Any:
    """Give the class of the small BERT, written once for both frameworks.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    type
        Called with the size of the vocabulary.
    """
    lib = import_module(framework)
    nn, functional = lib.nn, lib.nn.functional
    base = nn.Module if framework == "torch" else nn.Layer
    clocks = np.arange(LENGTH)[:, None] / 100 ** (np.arange(0, WIDTH, 2) / WIDTH)
    sines = np.stack([np.sin(clocks), np.cos(clocks)], -1).reshape(LENGTH, WIDTH).astype(np.float32)

    def norm(x: Any) -> Any:
        return functional.layer_norm(x, [WIDTH])

    class Block(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

        def forward(self, x: Any, hide: Any) -> Any:
            rows, length = x.shape[:2]
            parts = self.qkv(norm(x)).reshape([rows, length, 3, HEADS, -1])
            q, k, v = (parts[:, :, i].swapaxes(1, 2) for i in range(3))
            weights = functional.softmax(q @ k.mT / q.shape[-1] ** 0.5 + hide, -1)
            x = x + self.out((weights @ v).swapaxes(1, 2).reshape([rows, length, WIDTH]))
            return x + self.down(functional.gelu(self.up(norm(x))))

    class SmallBert(base):  # type: ignore[misc, valid-type]
        def __init__(self, size: int) -> None:
            super().__init__()
            self.words, self.segments = nn.Embedding(size, WIDTH), nn.Embedding(2, WIDTH)
            self.blocks = (nn.ModuleList if framework == "torch" else nn.LayerList)([Block() for _ in range(LAYERS)])
            self.before, self.bias = nn.Linear(WIDTH, WIDTH), nn.Embedding(size, 1)
            self.pool, self.follows = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2)
            self.places = tensor_maker(framework)(0.2 * sines)

        def forward(self, ids: Any, segments: Any, where: Any) -> Any:
            x = norm(self.words(ids) + self.segments(segments) + self.places)
            hide = (ids == PAD).astype("float32") if framework == "paddle" else (ids == PAD).float()
            for block in self.blocks:
                x = block(x, -1e9 * hide[:, None, None])
            x = norm(x)
            asked = norm(functional.gelu(self.before(x.reshape([-1, WIDTH])[where])))
            return asked @ self.words.weight.T + self.bias.weight[:, 0], self.follows(lib.tanh(self.pool(x[:, 0])))

    return SmallBert


class Trainer:
    """A small BERT, its optimizer, and the data it learns from.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    rule : str
        Its name in `RULES`.
    seed : int
        Of the initial weights, the pairs and the masks.
    steps : int
        After which the learning rate is zero.
    """

    def __init__(self, framework: str, rule: str, seed: int, steps: int) -> None:
        self.lib, ours = import_module(framework), import_module(f"lesson_utils.{framework}")
        self.array, self.functional = ours.to_numpy, self.lib.nn.functional
        if framework == "paddle":
            self.lib.set_device("cpu")
        self.tensor = tensor_maker(framework)
        self.vocabulary, self.train, self.held = corpus()
        self.model = network(framework)(len(self.vocabulary))
        ours.fill_weights(self.model, seed)
        self.rule, self.rng, self.step, self.steps = RULES[rule], np.random.default_rng(seed), 0, steps
        self.judge = pairs(self.held, np.random.default_rng(99))
        self.optimizer, _ = optimizer_for(framework, "Adam", self.model, RATE)
        self.batches = self._batches()

    def _batches(self) -> Any:
        while True:
            ids, segments, follows = pairs(self.train, self.rng)
            inputs, chosen = mask(ids, len(self.vocabulary), self.rng, *self.rule[:2])
            where = chosen if self.rule[2] else ids > MASK
            for i in range(0, len(ids) - BATCH + 1, BATCH):
                rows = slice(i, i + BATCH)
                yield inputs[rows], segments[rows], follows[rows], ids[rows], where[rows]

    def __call__(self, inputs: np.ndarray, segments: np.ndarray, where: np.ndarray) -> Any:
        """Give the logits of the words at `where` and of the question whether b follows a."""
        return self.model(*map(self.tensor, (inputs, segments, np.flatnonzero(where))))

    def learn(self, steps: int) -> tuple[float, float]:
        """Take steps; give the mean loss of the words and the share of pairs judged right."""
        losses, right = [], []
        for _, (inputs, segments, follows, ids, where) in zip(range(steps), self.batches, strict=False):
            rate = RATE * min((self.step + 1) / 50, 1 - self.step / self.steps)
            if hasattr(self.optimizer, "set_lr"):
                self.optimizer.set_lr(rate)
            else:
                self.optimizer.param_groups[0]["lr"] = rate
            words, next_one = self(inputs, segments, where)
            loss = self.functional.cross_entropy(words, self.tensor(ids[where]))
            (loss + self.functional.cross_entropy(next_one, self.tensor(follows))).backward()
            self.optimizer.step()
            (self.optimizer.clear_grad if hasattr(self.optimizer, "clear_grad") else self.optimizer.zero_grad)()
            self.step += 1
            losses.append(float(loss.detach()))
            right.append((self.array(next_one).argmax(1) == follows).mean())
        return float(np.mean(losses)), float(np.mean(right))

    def examine(self, masked: float = 1.0, swapped: float = 0.0) -> tuple[float, float, float]:
        """Give loss and share right at the chosen words of the held-out pages, and of their pairs."""
        ids, segments, follows = self.judge
        inputs, chosen = mask(ids, len(self.vocabulary), np.random.default_rng(7), masked, swapped)
        with self.lib.no_grad():
            words, next_one = map(self.array, self(inputs, segments, chosen))
        words = words - words.max(1, keepdims=True)
        logs = words - np.log(np.exp(words).sum(1, keepdims=True))
        loss = -logs[np.arange(len(logs)), ids[chosen]].mean()
        right = words.argmax(1) == ids[chosen]
        return float(loss), float(right.mean()), float((next_one.argmax(1) == follows).mean())

    def guesses(self, sentence: list[str]) -> list[dict[str, Any]]:
        """Mask each word of a sentence alone; give the five best words at each."""
        number = {word: i for i, word in enumerate(self.vocabulary)}
        row = np.array([CLS, *[number[word] for word in sentence], SEP, SEP])
        ids = np.tile(np.pad(row, (0, LENGTH - len(row))), (len(sentence), 1))
        where = np.eye(len(sentence), LENGTH, 1, dtype=bool)
        segments = np.tile(np.arange(LENGTH) > len(sentence) + 1, (len(sentence), 1)).astype(np.int64)
        with self.lib.no_grad():
            words = self.array(self(np.where(where, MASK, ids), segments, where)[0])
        chances = np.exp(words - words.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        best = np.argsort(-chances, axis=1)[:, :5]
        return [
            {"position": i, "words": [self.vocabulary[j] for j in five], "probabilities": [short(row[j]) for j in five]}
            for i, (row, five) in enumerate(zip(chances, best, strict=True))
        ]


def sentence() -> list[str]:
    """Give the sentence whose guesses are recorded: the first short one of the held-out pages."""
    words, _, held = corpus()
    plain = [s for page in held for s in page if 11 <= len(s) <= 16 and min(s) > MASK and words.index('"') not in s]
    return [words[i] for i in plain[0]]


def measure(framework: str, rule: str, seed: int) -> dict[str, Any]:
    """Train once and look at the held-out pages after every epoch.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    rule : str
        Its name in `RULES`.
    seed : int

    Returns
    -------
    dict
        Curves: the loss of the words, in training as the rule has it and on the held-out pages at [MASK]; the
        accuracy of the pairs; the share of held-out words that were right. Then the loss of held-out words at the end,
        by what stood in their place, and the guesses at `sentence`.
    """
    trainer, rows = Trainer(framework, rule, seed, STEPS * EPOCHS), []
    for _ in range(EPOCHS):
        loss, right = trainer.learn(STEPS)
        rows.append((loss, right, *trainer.examine()))
    names = ["train_loss", "train_accuracy", "val_loss", "val_words", "val_accuracy"]
    curves = {
        name: [short(value) for value in column] for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    places = {"as_mask": (1.0, 0.0), "as_other": (0.0, 1.0), "as_itself": (0.0, 0.0)}
    ends = {name: short(trainer.examine(*shares)[0]) for name, shares in places.items()}
    return {**curves, **ends, "guesses": json.dumps(trainer.guesses(sentence())) if seed == 0 else ""}


def record(framework: str) -> list[dict[str, Any]]:
    """Train every rule with its seeds: a row with rule, seed and what `measure` gives for each."""
    return run_all([{"rule": r, "seed": s} for r, s in POINTS], lambda point: measure(framework, **point))


if __name__ == "__main__":
    write(
        "pretraining",
        record,
        data="Python's help pages, each paragraph once; every eighth page judges",
        model=f"{LAYERS} blocks of width {WIDTH}, {HEADS} heads, length {LENGTH}",
        sentence=" ".join(sentence()),
        optimizer=f"Adam, rate {RATE} falling to 0, batches of {BATCH} pairs, {STEPS * EPOCHS} steps",
    )
