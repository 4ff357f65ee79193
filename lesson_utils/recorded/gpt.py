"""Two kinds of networks that guess the next character: the better one depends on how long they may learn.

Anyone can make them anew, in some minutes on one core::

    python -m lesson_utils.recorded.gpt torch
    python -m lesson_utils.recorded.gpt paddle

The layers are the framework's own; text, alphabet and sizes are those of the lessons.
"""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lesson_utils.data import load
from lesson_utils.recorded.making import optimizer_for, run_all, set_weight, short, tensor_maker, write
from lesson_utils.schedules import cosine

SETTINGS: dict[str, dict[str, int]] = {
    "rnn 128": {"width": 128, "context": 32, "batch": 32, "stretches": 8, "steps": 146},
    "rnn 256": {"width": 256, "context": 32, "batch": 32, "stretches": 8, "steps": 146},
    "gpt": {"width": 64, "context": 64, "batch": 16, "stretches": 10, "steps": 200},
}
EMBEDDED, LAYERS, HEADS, LR = 32, 2, 4, 0.004


@cache
def characters() -> tuple[int, np.ndarray, np.ndarray]:
    """Give the text of the lessons as numbers.

    Returns
    -------
    size : int
        Of the alphabet.
    ids, test_ids : ndarray
    """
    text, test = (" ".join(str(load("prose", split)).lower().split()) for split in ("train", "test"))
    text, test = text[:150_000], test[:20_000]
    index = {c: i for i, c in enumerate(sorted(c for c in set(text) if text.count(c) >= 20))}
    ids, test_ids = (np.array([index[c] for c in part if c in index]) for part in (text, test))
    return len(index), ids, test_ids


def multiplications(kind: str) -> int:
    """Count those that reading one character takes.

    Parameters
    ----------
    kind : str
        One of ``SETTINGS``.

    Returns
    -------
    int
    """
    how, size = SETTINGS[kind], characters()[0]
    width = how["width"]
    if kind != "gpt":
        return EMBEDDED * width + width * width + width * size
    return LAYERS * (12 * width * width + 2 * width * how["context"]) + width * size


def network(framework: str, kind: str) -> Any:
    """Build a recurrent network or a GPT out of the framework's layers.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    kind : str
        One of ``SETTINGS``.

    Returns
    -------
    nn.Module or nn.Layer
        Characters (B, T) and a state or None to logits (B, T, alphabet) and the next state.
    """
    nn, library = import_module(f"{framework}.nn"), import_module(framework)
    torch, size, how = framework == "torch", characters()[0], SETTINGS[kind]
    width = how["width"]

    class Reader(nn.Module if torch else nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(size, EMBEDDED)
            self.rnn = nn.RNN(EMBEDDED, width, batch_first=True) if torch else nn.SimpleRNN(EMBEDDED, width)
            self.out = nn.Linear(width, size)

        def forward(self, ids: Any, state: Any = None) -> Any:
            states, state = self.rnn(self.table(ids), state)
            return self.out(states), state.detach()

    class Decoder(nn.Module if torch else nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            first = {"norm_first": True, "batch_first": True} if torch else {"normalize_before": True}
            sizes = (width, HEADS, 4 * width, 0.0, "gelu")
            many = nn.ModuleList if torch else nn.LayerList
            self.tables = many([nn.Embedding(n, width) for n in (size, how["context"])])
            self.blocks = many([nn.TransformerEncoderLayer(*sizes, **first) for _ in range(LAYERS)])
            self.norm = nn.LayerNorm(width)

        def forward(self, ids: Any, state: Any = None) -> Any:
            later = library.triu(library.ones([ids.shape[1]] * 2), 1) > 0  # PyTorch's True hides
            x = self.tables[0](ids) + self.tables[1].weight[: ids.shape[1]]
            for block in self.blocks:
                x = block(x, later if torch else ~later)
            return self.norm(x) @ self.tables[0].weight.T, None

    model = Decoder() if kind == "gpt" else Reader()
    for table, scale in zip(getattr(model, "tables", []), (0.1, 0.05), strict=False):
        set_weight(framework, table.weight, np.random.default_rng(1).normal(0, scale, tuple(table.weight.shape)))
    return model


def test_loss(framework: str, kind: str, model: Any) -> tuple[float, float]:
    """Loss and accuracy on characters of the test text with enough others before them."""
    tensor, test_ids = tensor_maker(framework), characters()[2]
    length = SETTINGS[kind]["context"] if kind == "gpt" else 1000  # the RNN's memory has no end
    skip = length // 2 if kind == "gpt" else 0
    starts = np.arange(0, len(test_ids) - length, length - skip)
    windows = test_ids[starts[:, None] + np.arange(length + 1)]
    functional = import_module(f"{framework}.nn.functional")
    with import_module(framework).no_grad():
        logits, targets = model(tensor(windows[:, :-1]))[0][:, skip:], windows[:, 1 + skip :]
        flat = logits.reshape([targets.size, -1])
        loss = functional.cross_entropy(flat, tensor(targets.reshape(-1))).item()
    return loss, float((logits.argmax(-1).numpy() == targets).mean())


def pieces(kind: str, steps: int, seed: int) -> Any:
    """Give windows (B, T + 1) of the text: strips read on for the RNN, random places for GPT."""
    how, ids = SETTINGS[kind], characters()[1]
    context, batch = how["context"], how["batch"]
    rng, width = np.random.default_rng(seed), (len(ids) - 1) // batch // context * context
    for step in range(steps):
        starts = np.arange(batch) * width + step * context % width
        if kind == "gpt":
            starts = rng.integers(0, len(ids) - context, batch)
        yield step * context % width == 0, ids[starts[:, None] + np.arange(context + 1)]


def update(framework: str, model: Any, optimizer: Any, windows: np.ndarray, state: Any) -> tuple[Any, tuple]:
    """Take one step of training; give the next state, the loss and the share that was right."""
    nn, tensor = import_module(f"{framework}.nn"), tensor_maker(framework)
    logits, state = model(tensor(windows[:, :-1]), state)
    wanted = windows[:, 1:].reshape(-1)
    loss = nn.functional.cross_entropy(logits.reshape([len(wanted), -1]), tensor(wanted))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad() if framework == "torch" else optimizer.clear_grad()
    return state, (loss.item(), float((logits.argmax(-1).numpy().reshape(-1) == wanted).mean()))


def train(framework: str, kind: str, seed: int = 0, stretches: int | None = None) -> dict[str, Any]:
    """Train one network.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    kind : str
        One of ``SETTINGS``.
    seed : int
    stretches : int, optional
        After how many stretches to stop; the learning rate falls as if all were trained.

    Returns
    -------
    dict
        Curves with a value for each stretch; ``work``, the multiplications of a stretch, forward only.
    """
    import_module(f"lesson_utils.{framework}").seed_everything(seed)
    how = SETTINGS[kind]
    model, steps = network(framework, kind), how["steps"] * how["stretches"]
    optimizer, scheduler = optimizer_for(framework, "Adam", model, LR, cosine(steps, 0.1))
    curves: dict[str, list[Any]] = {f"{part}_{name}": [] for part in ("train", "val") for name in ("loss", "accuracy")}
    state, measured = None, list[tuple[float, float]]()
    stop = how["steps"] * (stretches or how["stretches"])
    for step, (fresh, windows) in enumerate(pieces(kind, stop, seed), 1):
        state, values = update(framework, model, optimizer, windows, None if fresh else state)
        scheduler.step()
        measured.append(values)
        if step % how["steps"] == 0:
            ends = (*np.mean(measured, axis=0), *test_loss(framework, kind, model))
            for curve, value in zip(curves.values(), ends, strict=True):
                curve.append(short(value))
            measured = []
    return {"work": how["steps"] * how["batch"] * how["context"] * multiplications(kind), **curves}


def record(framework: str) -> list[dict[str, Any]]:
    """Train all networks.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    list of dict
        Settings and curves of each run.
    """
    return run_all([{"kind": kind, "seed": 0} for kind in SETTINGS], lambda point: train(framework, **point))


if __name__ == "__main__":
    write(
        "gpt",
        record,
        data="150,000 characters of Python's help texts, 20,000 others",
        model=f"a recurrent layer; GPT of {LAYERS} layers, {HEADS} heads, tied embedding",
        settings=SETTINGS,
        optimizer=f"Adam, {LR}, warm-up, cosine, gradients clipped at 1",
    )
