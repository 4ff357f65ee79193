"""Two recurrent networks that say numbers in words, and how much passes between them: runs for rnn/seq2seq.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.seq2seq torch
    python -m lesson_utils.recorded.seq2seq paddle

A number goes in as its digits and comes out as words: the pairs of ``translations.texts("numbers")``, turned round.
"""

from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.recorded.making import (
    curves,
    grid_points,
    optimizer_for,
    quiet_runner,
    run_all,
    set_weight,
    short,
    tensor_maker,
    write,
)
from lesson_utils.recorded.translations import END, PADDING, START, Vocabulary, texts
from lesson_utils.schedules import cosine

EMBEDDING, WIDTH, BATCH, EPOCHS, LR, LONGEST = 32, 64, 64, 6, 0.01, 12
PLAIN = {"between": WIDTH, "backwards": False, "counted": False}
GRID: list[dict[str, Any]] = [
    *grid_points({"between": [2, 4, 8, 16], "backwards": [False], "counted": [False], "seed": [0, 1, 2]}),
    *grid_points({"between": [WIDTH], "backwards": [False, True], "counted": [False], "seed": [0, 1, 2]}),
    {**PLAIN, "counted": True, "seed": 0},
]


def tables(backwards: bool) -> tuple[Any, Any, list[np.ndarray]]:
    """Give both vocabularies, and the tables of training and test, sources first.

    Parameters
    ----------
    backwards : bool
        Digits from the last to the first.

    Returns
    -------
    digits, words : Vocabulary
    list of ndarray
        Sources (N, S), filled up in front; marked targets (N, T), filled up behind; the same of the test.
    """
    spoken, written, test_spoken, test_written = texts("numbers")
    digits, words = Vocabulary(written), Vocabulary(spoken)
    made = []
    for sources, targets in ((written, spoken), (test_written, test_spoken)):
        read = [source if backwards else source[::-1] for source in sources]  # once more at the end
        made += [digits.rows(read, False)[:, ::-1].copy(), words.rows(targets, True)]
    return digits, words, made


def network(framework: str, digits: int, words: int, between: int = WIDTH) -> Any:
    """Build an encoder and a decoder, each a GRU, and what stands between them.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    digits, words : int
        Sizes of the vocabularies that are read and written.
    between : int
        How many numbers go from one to the other; if fewer than the state has, a linear layer makes them and
        another a state of them.

    Returns
    -------
    nn.Module or nn.Layer
        Sources (B, S) and what is written so far (B, T) to logits (B, T, words).
    """
    nn = import_module(f"{framework}.nn")
    torch = framework == "torch"
    options: dict[str, Any] = {"batch_first": True} if torch else {}

    class Speaker(nn.Module if torch else nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.reads, self.writes = nn.Embedding(digits, EMBEDDING), nn.Embedding(words, EMBEDDING)
            self.encoder = nn.GRU(EMBEDDING, WIDTH, **options)
            self.decoder = nn.GRU(EMBEDDING, WIDTH, **options)
            self.out = nn.Linear(WIDTH, words)
            narrow = [nn.Linear(WIDTH, between), nn.Linear(between, WIDTH)] if between < WIDTH else []
            self.bridge = nn.Sequential(*narrow)

        def encode(self, sources: Any) -> Any:
            return self.bridge(self.encoder(self.reads(sources))[1])

        def decode(self, written: Any, state: Any) -> Any:
            states, state = self.decoder(self.writes(written), state)
            return self.out(states), state

        def forward(self, sources: Any, written: Any) -> Any:
            return self.decode(written, self.encode(sources))[0]

    model = Speaker()
    for table in (model.reads, model.writes):
        values = np.random.default_rng(table.weight.shape[0]).normal(size=tuple(table.weight.shape))
        set_weight(framework, table.weight, values)
    return model


def measures(framework: str, counted: bool) -> tuple[Any, Any]:
    """Give the loss, filling counted or not, and the share of real words that are right."""
    functional = import_module(f"{framework}.nn.functional")

    def loss_fn(logits: Any, targets: Any) -> Any:
        flat = logits.reshape([-1, logits.shape[-1]])
        ignored = -100 if counted else PADDING
        return functional.cross_entropy(flat, targets.reshape([-1]), ignore_index=ignored)

    def accuracy(logits: Any, targets: Any) -> Any:
        real = targets != PADDING
        hit = (logits.argmax(-1) == targets) & real
        return hit.float().sum() / real.float().sum()

    return loss_fn, accuracy


def greedy(framework: str, model: Any, sources: np.ndarray) -> np.ndarray:
    """Write the likeliest word, again and again: (N, LONGEST)."""
    library, tensor = import_module(framework), tensor_maker(framework)
    word, written = np.full((len(sources), 1), START), []
    model.eval()
    with library.no_grad():
        state = model.encode(tensor(sources))
        for _ in range(LONGEST):
            logits, state = model.decode(tensor(word), state)
            word = logits.numpy().argmax(-1)
            written.append(word)
    return np.concatenate(written, axis=1)


def whole(written: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Which rows are right up to and with their end."""
    wanted = targets[:, 1:]
    longest = min(wanted.shape[1], written.shape[1])
    right = (written[:, :longest] == wanted[:, :longest]) | (wanted[:, :longest] == PADDING)
    return right.all(1) & (wanted == END).any(1)


def train(framework: str, point: dict[str, Any], epochs: int = EPOCHS) -> dict[str, Any]:
    """Train one pair of networks and let it say the numbers of the test.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    point : dict
        ``between``, ``backwards``, ``counted`` and ``seed``.
    epochs : int
        After how many of the epochs to stop.

    Returns
    -------
    dict
        Curves; ``exact``, the share of numbers said without a mistake, and ``exact_1`` to ``exact_6``, the same
        for each number of digits (None where the test has none).
    """
    ours = import_module(f"lesson_utils.{framework}")
    digits, words, (sources, targets, test_sources, test_targets) = tables(point["backwards"])
    ours.seed_everything(point["seed"])
    model = network(framework, len(digits.tokens), len(words.tokens), point["between"])
    loader = ours.ArrayLoader(
        sources, targets[:, :-1], targets[:, 1:], batch_size=BATCH, shuffle=True, seed=point["seed"], device="cpu"
    )
    val_loader = ours.ArrayLoader(test_sources, test_targets[:, :-1], test_targets[:, 1:], batch_size=500, device="cpu")
    optimizer, scheduler = optimizer_for(framework, "Adam", model, LR, cosine(EPOCHS * len(loader), 0.1))
    loss_fn, accuracy = measures(framework, point["counted"])
    runner = quiet_runner(framework, model, optimizer, scheduler, loss_fn, accuracy, clip_norm=1.0)
    history = runner.train(loader, val_loader, epochs=epochs)
    right, lengths = whole(greedy(framework, model, test_sources), test_targets), (test_sources != PADDING).sum(1)
    found = {
        f"exact_{n}": short(float(right[lengths == n].mean())) if (lengths == n).any() else None for n in range(1, 7)
    }
    return {"exact": short(float(right.mean())), **found, **curves(history)}


def record(framework: str) -> list[dict[str, Any]]:
    """Train all pairs of networks.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings, shares and curves of each run.
    """
    return run_all(GRID, lambda point: train(framework, point))


if __name__ == "__main__":
    write(
        "seq2seq",
        record,
        data="10,000 numbers below a million, digits to words, 1,000 others",
        model=f"two GRUs of {WIDTH} units, embeddings of {EMBEDDING}",
        settings={"epochs": EPOCHS, "lr": LR, "batch": BATCH, "clip_norm": 1.0},
        optimizer="Adam, warm-up, cosine",
    )
