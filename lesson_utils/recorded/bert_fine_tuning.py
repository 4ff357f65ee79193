"""Runs over the way to shorten a text, the method and the split: a small BERT reads the pages of SciPy.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.bert_fine_tuning torch
    python -m lesson_utils.recorded.bert_fine_tuning paddle
"""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from lesson_utils.data.embedded import minilm
from lesson_utils.recorded.long_texts import CLASSES, PAGES, WAYS, pages, rotated, shorten
from lesson_utils.recorded.making import run_all, short, tensor_maker, write

LAYOUTS = ("as written", "rotated")
SPLITS, TUNED, EPOCHS, BATCH = 5, 2, 3, 8
RATE, HEAD_RATE = 5e-5, 5e-3


def encoder(framework: str) -> Any:
    """Build MiniLM with its weights: pieces (B, T) to the mean of their vectors (B, 384)."""
    base, nn = import_module(framework), import_module(f"{framework}.nn")
    functional = import_module(f"{framework}.nn.functional")
    module = nn.Module if framework == "torch" else nn.Layer
    weights = load_file(minilm("all") / "model.safetensors")

    def filled(layer: Any, name: str) -> Any:
        for part, parameter in layer.named_parameters():
            array = weights[f"{name}.{part}"]
            if framework == "torch":
                parameter.data = base.from_numpy(array)
            else:
                parameter.set_value(np.ascontiguousarray(array.T) if isinstance(layer, nn.Linear) else array)
        return layer

    def linear(name: str, inside: int = 384, outside: int = 384) -> Any:
        return filled(nn.Linear(inside, outside), name)

    class Block(module):  # type: ignore[misc,valid-type]
        def __init__(self, name: str) -> None:
            super().__init__()
            self.q, self.k, self.v = (linear(f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
            self.mix = linear(f"{name}.attention.output.dense")
            self.wide = linear(f"{name}.intermediate.dense", 384, 1536)
            self.narrow = linear(f"{name}.output.dense", 1536, 384)
            self.norm1 = filled(nn.LayerNorm(384, 1e-12), f"{name}.attention.output.LayerNorm")
            self.norm2 = filled(nn.LayerNorm(384, 1e-12), f"{name}.output.LayerNorm")

        def forward(self, x: Any) -> Any:
            q, k, v = (f(x).reshape([*x.shape[:2], 12, 32]).swapaxes(1, 2) for f in (self.q, self.k, self.v))
            mixed = functional.softmax(q @ k.mT / 32**0.5, -1) @ v
            x = self.norm1(x + self.mix(mixed.swapaxes(1, 2).reshape(x.shape)))
            return self.norm2(x + self.narrow(functional.gelu(self.wide(x))))

    class Encoder(module):  # type: ignore[misc,valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.words = filled(nn.Embedding(30522, 384), "embeddings.word_embeddings")
            self.places = filled(nn.Embedding(512, 384), "embeddings.position_embeddings")
            self.kinds = filled(nn.Embedding(2, 384), "embeddings.token_type_embeddings")
            self.norm = filled(nn.LayerNorm(384, 1e-12), "embeddings.LayerNorm")
            self.blocks = nn.Sequential(*(Block(f"encoder.layer.{number}") for number in range(6)))

        def forward(self, ids: Any) -> Any:
            added = self.places.weight[: ids.shape[1]] + self.kinds.weight[0]
            return self.blocks(self.norm(self.words(ids) + added)).mean(1)

    return Encoder()


def tensor_of(framework: str, array: Any) -> Any:
    """Give a tensor of whole numbers."""
    return tensor_maker(framework)(np.asarray(array, dtype=np.int64))


@cache
def shortened(layout: str, way: str) -> list[list[list[int]]]:
    """Shorten all pages."""
    texts, _ = pages()
    laid = [rotated(page, seed) for seed, page in enumerate(texts)] if layout == "rotated" else texts
    return [shorten(page, way) for page in laid]


@cache
def features(framework: str, layout: str, way: str) -> np.ndarray:
    """Give a vector for each page: the mean over its inputs, (N, 384)."""
    model, to_numpy = encoder(framework), import_module(f"lesson_utils.{framework}").to_numpy
    vectors = []
    with import_module(framework).no_grad():
        for inputs in shortened(layout, way):
            vectors.append(to_numpy(model(tensor_of(framework, inputs))).mean(0))
    return np.stack(vectors)


def split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give half of each class to learn from, half to judge by."""
    order = np.random.default_rng(seed).permutation(len(labels))
    train = np.concatenate([order[labels[order] == label][: PAGES // 2] for label in range(len(CLASSES))])
    return np.random.default_rng(seed).permutation(train), np.setdiff1d(order, train)


def solved(name: str, inputs: Any, seed: int) -> dict[str, list[float | None]]:
    """Fit logistic regression on vectors or, named ``"bag of words"``, on pages; curves of one epoch."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    labels = pages()[1]
    train, judge = split(labels, seed)
    known, asked = [inputs[i] for i in train], [inputs[i] for i in judge]
    if name == "bag of words":
        bag = TfidfVectorizer(sublinear_tf=True, analyzer=str.split)
        known, asked = bag.fit_transform(known), bag.transform(asked)
    else:
        known, asked = (np.array(x) / np.linalg.norm(x, axis=1, keepdims=True) for x in (known, asked))
    model = LogisticRegression(C=30, max_iter=300).fit(known, labels[train])
    parts = [("train", known, labels[train]), ("val", asked, labels[judge])]
    losses = {f"{part}_loss": [short(log_loss(y, model.predict_proba(x)))] for part, x, y in parts}
    return losses | {f"{part}_accuracy": [short(model.score(x, y))] for part, x, y in parts}


def words_of(inputs: list[list[int]]) -> str:
    """Give the pieces of a page as one string of numbers, marks left out."""
    return " ".join(str(number) for numbers in inputs for number in numbers[1:-1])


def tuned(framework: str, way: str, seed: int, epochs: int | None = None) -> dict[str, list[float | None]]:
    """Train the whole model on pages as written, with Adam; curves of all epochs.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    way : str
        Of ``WAYS``.
    seed : int
        Split, order of the pages.
    epochs : int, optional
        3 unless told.
    """
    base, nn = import_module(framework), import_module(f"{framework}.nn")
    to_numpy = import_module(f"lesson_utils.{framework}").to_numpy
    body, head = encoder(framework), nn.Linear(384, len(CLASSES))
    groups = [{"params": list(body.parameters())}, {"params": list(head.parameters())}]
    for parameter in head.parameters():  # a head of zeros has no luck of its own
        parameter.data.zero_() if framework == "torch" else parameter.set_value(np.zeros(parameter.shape, "float32"))
    if framework == "torch":
        groups[0]["lr"] = RATE  # type: ignore[assignment]
        optimizer = base.optim.Adam(groups, HEAD_RATE)
    else:
        groups[0]["learning_rate"] = RATE / HEAD_RATE  # type: ignore[assignment]
        optimizer = base.optimizer.Adam(HEAD_RATE, parameters=groups)
    labels, inputs, loss_fn = pages()[1], shortened("as written", way), nn.CrossEntropyLoss()
    train, judge = split(labels, seed)
    curves: dict[str, list[float | None]] = {
        f"{part}_{what}": [] for what in ("loss", "accuracy") for part in ("train", "val")
    }

    def outputs(chosen: np.ndarray) -> Any:
        ids = np.array([inputs[i] for i in chosen])  # (B, chunks, T)
        return head(body(tensor_of(framework, ids.reshape(-1, ids.shape[-1]))).reshape([*ids.shape[:2], 384]).mean(1))

    for epoch in range(EPOCHS if epochs is None else epochs):
        order = np.random.default_rng([seed, epoch]).permutation(train)
        seen: dict[str, list[tuple[float, float, int]]] = {"train": [], "val": []}
        for part, rows in [("train", order), ("val", judge)]:
            for start in range(0, len(rows), BATCH):
                chosen = rows[start : start + BATCH]
                with base.set_grad_enabled(part == "train"):
                    logits = outputs(chosen)
                    loss = loss_fn(logits, tensor_of(framework, labels[chosen]))
                if part == "train":
                    loss.backward()
                    optimizer.step()
                    optimizer.clear_grad() if framework == "paddle" else optimizer.zero_grad()
                right = float((to_numpy(logits).argmax(1) == labels[chosen]).mean())
                seen[part].append((float(to_numpy(loss)), right, len(chosen)))
            mean = np.average(np.array(seen[part])[:, :2], axis=0, weights=[count for *_, count in seen[part]])
            curves[f"{part}_loss"].append(short(mean[0]))
            curves[f"{part}_accuracy"].append(short(mean[1]))
    return curves


def train(framework: str, point: dict[str, Any]) -> dict[str, Any]:
    """Make one point."""
    method, seed = point["method"], point["seed"]
    if method == "tuned":
        return tuned(framework, point["way"], seed)
    if method == "frozen":
        return solved(method, features(framework, point["layout"], point["way"]), seed)
    return solved(method, [words_of(inputs) for inputs in shortened(point["layout"], point["way"])], seed)


def points() -> list[dict[str, Any]]:
    """List all points; those without training first."""
    names = ("method", "layout", "way", "seed")
    quick = [
        (method, layout, way, seed)
        for layout in LAYOUTS
        for way in WAYS
        for method in ("bag of words", "frozen")
        for seed in range(SPLITS)
    ]
    slow = [("tuned", "as written", "head", seed) for seed in range(TUNED)]
    return [dict(zip(names, values, strict=True)) for values in quick + slow]


def record(framework: str) -> list[dict[str, Any]]:
    """Make all points.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings and curves of each run; one epoch where a solver found the head.
    """
    return run_all(points(), lambda point: train(framework, point))


if __name__ == "__main__":
    write(
        "bert_fine_tuning",
        record,
        data=f"{PAGES} pages of each of {len(CLASSES)} submodules of SciPy, half to learn from",
        scipy=import_module("scipy").__version__,
        model="all-MiniLM-L6-v2, mean over the pieces, a linear layer",
        optimizer=f"Adam, batches of {BATCH}, body at {RATE}, head at {HEAD_RATE}",
    )
