"""Two translations by small Transformers: number words into digits, and an interface from English into Chinese.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.transformer torch
    python -m lesson_utils.recorded.transformer paddle

The layers are the framework's own; the model around them is that of the lesson.
"""

from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.metrics import bleu
from lesson_utils.recorded.making import optimizer_for, run_all, set_weight, short, tensor_maker, write
from lesson_utils.recorded.translations import PADDING, START, Vocabulary, texts
from lesson_utils.schedules import cosine

SEEDS = {"numbers": (0, 1), "interface": (0,)}
SETTINGS: dict[str, dict[str, Any]] = {
    "numbers": {"layers": 1, "width": 64, "dropout": 0.0, "lr": 0.004, "steps": 1100},
    "interface": {"layers": 1, "width": 64, "dropout": 0.2, "lr": 0.004, "steps": 800},
}
BATCH, HEADS, STRETCHES = 64, 4, 5


def network(framework: str, words: int, signs: int, layers: int, width: int, dropout: float) -> Any:
    """Build a Transformer out of the framework's layers, with learned positions.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    words, signs : int
        Sizes of the vocabularies that are read and written.
    layers : int
        Of the encoder, and as many of the decoder.
    width : int
        Numbers that stand for a token; the feed-forward layer has twice as many.
    dropout : float

    Returns
    -------
    nn.Module or nn.Layer
        Sources (B, S) and what is written so far (B, T) to logits (B, T, signs).
    """
    nn, library = import_module(f"{framework}.nn"), import_module(framework)
    torch = framework == "torch"
    options: dict[str, Any] = {"batch_first": True} if torch else {}
    sizes = (width, HEADS, 2 * width, dropout)
    many = nn.ModuleList if torch else nn.LayerList

    class Translator(nn.Module if torch else nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.tables = many([nn.Embedding(n, width) for n in (words, signs, 32, 32)])
            self.encoder = many([nn.TransformerEncoderLayer(*sizes, **options) for _ in range(layers)])
            self.decoder = many([nn.TransformerDecoderLayer(*sizes, **options) for _ in range(layers)])
            self.drop, self.out = nn.Dropout(dropout), nn.Linear(width, signs)

        def embed(self, tokens: Any, which: int) -> Any:
            return self.drop(self.tables[which](tokens) + self.tables[which + 2].weight[: tokens.shape[1]])

        def forward(self, sources: Any, written: Any) -> Any:
            hidden = sources == PADDING  # PyTorch's True hides, Paddle's True shows
            later = library.triu(library.ones([written.shape[1]] * 2), 1) > 0
            x, y = self.embed(sources, 0), self.embed(written, 1)
            look = (~hidden).unsqueeze(1).unsqueeze(1)
            for layer in self.encoder:
                x = layer(x, src_key_padding_mask=hidden) if torch else layer(x, look)
            for layer in self.decoder:
                y = layer(y, x, later, memory_key_padding_mask=hidden) if torch else layer(y, x, ~later, look)
            return self.out(y)

    model = Translator()
    for table in model.tables:
        values = np.random.default_rng(table.weight.shape[0]).normal(size=tuple(table.weight.shape))
        set_weight(framework, table.weight, values)
    return model


def groups(rows: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Indices of one epoch's batches, each of sentences of similar length, in a random order."""
    order = rng.permutation(len(rows))
    order = order[np.argsort((rows[order] != PADDING).sum(1), kind="stable")]
    return list(rng.permutation(order[: len(order) // BATCH * BATCH].reshape(-1, BATCH)))


def loss_of(framework: str, model: Any, sources: Any, targets: Any) -> tuple[Any, float]:
    """Cross-entropy of the next token, given the true ones before it, and the share that is right."""
    tensor = tensor_maker(framework)
    sources, targets = sources[:, sources.any(0)], targets[:, targets.any(0)]
    logits, wanted = model(tensor(sources), tensor(targets[:, :-1])), targets[:, 1:]
    flat = tensor(wanted.reshape(-1))
    functional = import_module(f"{framework}.nn.functional")
    loss = functional.cross_entropy(logits.reshape([-1, logits.shape[-1]]), flat, ignore_index=PADDING)
    best, real = logits.argmax(-1).numpy(), wanted != PADDING
    return loss, float((best == wanted)[real].mean())


def greedy(framework: str, model: Any, sources: np.ndarray, longest: int) -> np.ndarray:
    """Write the likeliest token, again and again: (N, longest)."""
    library, tensor = import_module(framework), tensor_maker(framework)
    written = np.full((len(sources), 1), START)
    model.eval()
    with library.no_grad():
        for _ in range(longest):
            logits = model(tensor(sources), tensor(written))
            written = np.concatenate([written, logits[:, -1].argmax(-1).numpy()[:, None]], axis=1)
    return written[:, 1:]


def train(framework: str, task: str, seed: int, stretches: int = STRETCHES) -> dict[str, Any]:
    """Train one translator and let it translate what it has not seen.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    task : {"numbers", "interface"}
    seed : int
        Of the weights and of the order of the sentences.
    stretches : int
        After how many fifths of the run to stop.

    Returns
    -------
    dict
        Curves with a value for each fifth; ``exact``, ``bleu``; ``answers``, the translations of the first
        seed, a line each.
    """
    ours, library = import_module(f"lesson_utils.{framework}"), import_module(framework)
    sources, targets, test_sources, test_targets = texts(task)
    words, signs = Vocabulary(sources, 1 if task == "numbers" else 2), Vocabulary(targets)
    rows, marked = words.rows(sources, False), signs.rows(targets, True)
    test_rows, test_marked = words.rows(test_sources, False), signs.rows(test_targets, True)
    how = dict(SETTINGS[task])
    lr, steps = how.pop("lr"), how.pop("steps")
    ours.seed_everything(seed)
    model = network(framework, len(words.tokens), len(signs.tokens), **how)
    faster = {"fused": True} if framework == "torch" else {}
    optimizer, scheduler = optimizer_for(framework, "Adam", model, lr, cosine(steps, 0.1), **faster)
    rng, waiting = np.random.default_rng(seed), list[np.ndarray]()
    curves: dict[str, list[Any]] = {f"{part}_{name}": [] for part in ("train", "val") for name in ("loss", "accuracy")}
    for _ in range(stretches):
        model.train()
        measured = []
        for _ in range(steps // STRETCHES):
            waiting = waiting or groups(rows, rng)
            batch = waiting.pop()
            loss, right = loss_of(framework, model, rows[batch], marked[batch])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad() if framework == "torch" else optimizer.clear_grad()
            scheduler.step()
            measured.append((loss.item(), right))
        model.eval()
        with library.no_grad():
            loss, right = loss_of(framework, model, test_rows, test_marked)
        values = (*np.mean(measured, axis=0), loss.item(), right)
        for values_of, value in zip(curves.values(), values, strict=True):
            values_of.append(short(value))
    written = greedy(framework, model, test_rows, test_marked.shape[1])
    answers = [signs.text(row) for row in written.tolist()]
    wanted = ["".join(target) for target in test_targets]
    exact = np.mean([answer == right for answer, right in zip(answers, wanted, strict=True)])
    kept = "\n".join(answers) if seed == 0 else ""
    return {"exact": short(float(exact)), "bleu": short(bleu(answers, wanted)), "answers": kept, **curves}


def record(framework: str) -> list[dict[str, Any]]:
    """Train all translators.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings, translations and curves of each run.
    """
    points = [{"task": task, "seed": seed} for task, seeds in SEEDS.items() for seed in seeds]
    return run_all(points, lambda point: train(framework, **point))


if __name__ == "__main__":
    write(
        "transformer",
        record,
        data="10,000 numbers below a million in words, 1,000 others; strings of JupyterLab, English and Chinese",
        model=f"Transformer of the framework's layers, {HEADS} heads, learned positions",
        settings=SETTINGS,
        optimizer=f"Adam, warm-up, cosine, batches of {BATCH}",
    )
