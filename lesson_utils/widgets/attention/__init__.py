"""Attention: scores, scaling, masks, softmax and output, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Whole

TOKENS = ["the", "cat", "sat", "down", "[pad]"]
MASKS = ("none", "causal", "padding", "both")
# Head 0 matches a word with what it needs; head 1 looks one place back. Numbers one can check.
_Q = [
    [[1, 0, 0], [0, 2, 0], [0, 1, 2], [1, 0, 2], [0, 0, 0]],
    [[2, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 0, 0]],
]
_K = [
    [[1, 0, 0], [0, 2, 1], [1, 1, 2], [0, 0, 1], [2, 2, 2]],
    [[2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 1, 0], [2, 2, 2]],
]
_V = [
    [[1, 0, 0], [0, 3, 0], [0, 0, 3], [1, 0, 2], [9, 9, 9]],
    [[3, 0, 1], [0, 3, 1], [1, 1, 3], [2, 0, 2], [9, 9, 9]],
]


class Attention(LessonWidget):
    """Scaled dot-product attention of a few tokens, two heads side by side.

    Parameters
    ----------
    tokens : list of str
        2 to 6 words.
    query, key, value : array_like, shape (H, T, d)
        1 or 2 heads, as many rows as tokens, 1 to 4 columns; -9 to 9.
    head : int
        The head shown.
    scaled : bool
        Divide the scores by the square root of d.
    mask : {"none", "causal", "padding", "both"}
        Causal hides what comes later; padding hides the last ``padding`` tokens.
    padding : int
        How many tokens at the end are padding; at least one token is left.
    seed : int
        Number of the random matrices that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range or the shapes differ; the message names it.

    Examples
    --------
    >>> Attention().describe()
    'Attention over the, cat, sat, down, [pad]: 2 heads, scaled, mask none.'
    """

    title = "Attention, step by step"
    tokens = t.List(t.Unicode(), TOKENS, minlen=2, maxlen=6).tag(sync=True)
    query = Numbers("head token column", ((1, 2), (2, 6), (1, 4)), -9, 9, _Q)
    key = Numbers("head token column", ((1, 2), (2, 6), (1, 4)), -9, 9, _K)
    value = Numbers("head token column", ((1, 2), (2, 6), (1, 4)), -9, 9, _V)
    head = Whole(0, 0, 1)
    scaled = t.Bool(True).tag(sync=True)
    mask = t.Enum(MASKS, "none").tag(sync=True)
    padding = Whole(1, 0, 5)
    seed = Whole(0, 0, 999)

    @t.validate("query", "key", "value", "tokens", "head")
    def _shapes_agree(self, proposal: Any) -> Any:
        names = ("query", "key", "value")
        arrays = {name: getattr(self, name) for name in names}
        tokens, head = self.tokens, self.head
        name, new = proposal["trait"].name, proposal["value"]
        if name in arrays:
            arrays[name] = new
        tokens, head = new if name == "tokens" else tokens, new if name == "head" else head
        shapes = {part: np.shape(array) for part, array in arrays.items()}
        if len(set(shapes.values())) > 1 or shapes["key"][1] != len(tokens):
            raise t.TraitError(f"'{name}' does not fit: {shapes}, {len(tokens)} tokens")
        if head >= shapes["key"][0]:
            raise t.TraitError(f"'head' {head} does not exist: '{name}' gives {shapes['key'][0]}")
        return new

    def describe(self) -> str:
        """Say the tokens, heads and masks."""
        scaled = "scaled" if self.scaled else "not scaled"
        return f"Attention over {', '.join(self.tokens)}: {len(self.key)} heads, {scaled}, mask {self.mask}."


def allowed(tokens: int, mask: str, padding: int) -> np.ndarray:
    """Return which key (column) each query (row) may see."""
    grid = np.ones((tokens, tokens), dtype=bool)
    if mask in ("causal", "both"):
        grid = np.tril(grid)
    if mask in ("padding", "both"):
        grid[:, max(1, tokens - padding) :] = False
    return grid


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, seen: np.ndarray, scaled: bool = True) -> dict[str, np.ndarray]:
    """Return scores, weights, output and each row's entropy (Vaswani et al., 2017)."""
    scores = q @ k.T / (np.sqrt(q.shape[1]) if scaled else 1)
    hidden = np.where(seen, scores, -np.inf)
    exps = np.exp(hidden - hidden.max(1, keepdims=True))
    weights = exps / exps.sum(1, keepdims=True)
    logs = np.log(np.where(weights > 0, weights, 1))
    return {
        "scores": q @ k.T,
        "weights": weights,
        "output": weights @ v,
        "entropy": -(weights * logs).sum(1),
    }
