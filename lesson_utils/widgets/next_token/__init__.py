"""Next token: from a language model's logits to the token that the sampler draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole
from ..draws import uniform

# Chances in per cent that were made up: no model said them. Their logarithms are the logits.
_MADE_UP = {
    "The cat sat on the ": (
        "mat 24 sofa 18 floor 14 chair 10 bed 8 table 7 roof 6 wall 4 grass 3 keyboard 3 moon 2 of 1"
    ),
    "The capital of France is ": (
        "Paris 92 the 2 a 1.5 located 1 in 1 one 0.8 Lyon 0.6 not 0.5 now 0.3 Marseille 0.2 London 0.1"
    ),
    "The capital of Australia is ": (
        "Sydney 46 Canberra 36 Melbourne 9 the 3 a 2 located 1.5 Perth 1 Brisbane 0.8 in 0.5 Adelaide 0.2"
    ),
    "Once upon a time there was a ": (
        "little 14 young 11 king 8 girl 8 man 7 beautiful 6 boy 6 small 5 great 5 poor 5 woman 4 princess 4 "
        "very 4 wise 3 rich 3 farmer 2 dragon 2 cat 1 tree 1 spaceship 1"
    ),
}
_CONTEXTS = [
    {"text": text, "tokens": pairs.split()[::2], "logits": [round(math.log(float(w)), 4) for w in pairs.split()[1::2]]}
    for text, pairs in _MADE_UP.items()
]
_LOGITS = Numbers("token", ((2, 40),), -50, 50)
_LOGITS.name = "logits"
# A sum such as 0.1 + 0.2 + 0.4 misses the 0.7 that it means by a rounding error.
_ROUNDING = 1e-9


class NextToken(LessonWidget):
    """Temperature, top-k and top-p against the chances of the next token, its entropy and draws.

    The contexts that are built in are an illustration: their chances in per cent at temperature 1 are
    whole or simple numbers that add up to 100, so that a table can be checked by hand, and no model has
    said them. In the third, the most probable token is wrong.

    Parameters
    ----------
    contexts : list of dict
        1 to 6 times ``{"text": str, "tokens": [str, ...], "logits": [float, ...]}`` with 2 to 40 tokens and
        as many logits from -50 to 50. The token follows the text directly: where tokens are whole words, end
        the text with a space.
    context : int
        Index of the context that is shown.
    temperature : float
        0.1 to 5; divides the logits. Its limit 0 is the greedy choice.
    top_k : int
        0 to 40; only this many of the most probable tokens are left, 0 sets no limit.
    top_p : float
        0.05 to 1; the fewest tokens are left whose chances reach this sum, 1 sets no limit.
    seed : int
        Number of the random numbers that the draws use.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> NextToken(context=1, top_p=0.9).describe()
    'After “The capital of France is”: 1 of 11 tokens is left at temperature 1, top-k 0, top-p 0.9; “Paris” has 1.00.'
    """

    title = "Which token comes next?"
    contexts = t.List(t.Dict(), _CONTEXTS, minlen=1, maxlen=6).tag(sync=True)
    context = Whole(0, 0, 5)
    temperature = Real(1, 0.1, 5)
    top_k = Whole(0, 0, 40)
    top_p = Real(1, 0.05, 1)
    seed = Whole(0, 0, 999)

    @t.validate("contexts")
    def _contexts_are_whole(self, proposal: Any) -> list[dict[str, Any]]:
        self._fits(self.context, proposal["value"])
        return [_entry(one) for one in proposal["value"]]

    @t.validate("context")
    def _context_exists(self, proposal: Any) -> int:
        self._fits(proposal["value"], self.contexts)
        return proposal["value"]

    def _fits(self, context: int, contexts: list[Any]) -> None:
        if context >= len(contexts):
            raise t.TraitError(f"'context' is {context}, but 'contexts' has {len(contexts)} entries")

    def describe(self) -> str:
        """Say the context, the settings, how many tokens are left and the most probable one."""
        shown = self.contexts[self.context]
        p = truncate(shown["logits"], self.temperature, self.top_k, self.top_p)
        left = cuts(shown["logits"], self.temperature, self.top_k, self.top_p).count("")
        best = ranking(shown["logits"])[0]
        return (
            f"After “{shown['text'].strip()}”: {left} of {len(p)} tokens {'is' if left == 1 else 'are'} left at "
            f"temperature {self.temperature:g}, top-k {self.top_k}, top-p {self.top_p:g}; "
            f"“{shown['tokens'][best].strip()}” has {p[best]:.2f}."
        )


def _entry(one: dict[str, Any]) -> dict[str, Any]:
    if set(one) != {"text", "tokens", "logits"}:
        raise t.TraitError(f"'contexts' needs dicts with text, tokens and logits, not {sorted(map(str, one))}")
    tokens = one["tokens"]
    if not isinstance(one["text"], str):
        raise t.TraitError("'contexts' needs texts as strings")
    if not isinstance(tokens, (list, tuple)) or not all(isinstance(token, str) for token in tokens):
        raise t.TraitError("'contexts' needs tokens as lists of strings")
    try:
        logits = _LOGITS.validate(None, one["logits"])
    except t.TraitError as error:
        raise t.TraitError(f"'contexts' cannot be used: {error}") from None
    if len(tokens) != len(logits):
        raise t.TraitError(f"'contexts' has {len(tokens)} tokens, but {len(logits)} logits")
    return {"text": one["text"], "tokens": list(tokens), "logits": logits}


def ranking(logits: Any) -> list[int]:
    """Return the tokens' indices from the highest logit to the lowest, equal ones in their order."""
    return [int(i) for i in np.argsort(-np.asarray(logits, dtype=float), kind="stable")]


def cuts(logits: Any, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> list[str]:
    """Return what cuts each token: "top-k", "top-p" or, where it is left, an empty string.

    Parameters
    ----------
    logits, temperature, top_k, top_p
        As for `truncate`.
    """
    order = ranking(logits)
    result = [""] * len(order)
    for i in order[top_k or len(order) :]:
        result[i] = "top-k"
    if top_p < 1:
        kept = order[: top_k or len(order)]
        p = _softmax(logits, temperature, kept)[kept]
        before = np.cumsum(p) - p
        for i, mass in zip(kept, before, strict=True):
            if mass >= top_p - _ROUNDING:
                result[i] = "top-p"
    return result


def truncate(logits: Any, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    """Return the probabilities that a sampler draws from: temperature, then top-k, then top-p.

    Parameters
    ----------
    logits : array_like
        One score a token.
    temperature : float
        Divides the logits.
    top_k : int
        How many tokens are left at most; 0 sets no limit. Of equal ones the first are left.
    top_p : float
        Of the tokens that top-k left, with chances that sum to 1, the fewest are left that reach this
        sum: the token that crosses it is among them. 1 sets no limit.

    Returns
    -------
    numpy.ndarray
        Probabilities in the order of the logits that sum to 1; 0 for a token that was cut.
    """
    found = cuts(logits, temperature, top_k, top_p)
    return _softmax(logits, temperature, [i for i, why in enumerate(found) if not why])


def _softmax(logits: Any, temperature: float, kept: list[int]) -> np.ndarray:
    """Return the softmax over the tokens that are kept; 0 for the others."""
    z = np.asarray(logits, dtype=float) / temperature
    p = np.zeros(len(z))
    p[kept] = np.exp(z[kept] - z.max())
    return p / p.sum()


def entropy(p: np.ndarray) -> float:
    """Return -sum p log2 p in bits; 0 log 0 is 0."""
    positive = p[p > 0]
    return float(-(positive * np.log2(positive)).sum())


def choices(p: np.ndarray) -> float:
    """Return 2 to the entropy: among so many equally probable tokens the choice would be as open."""
    return 2 ** entropy(p)


def cut_mass(logits: Any, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> float:
    """Return the probability, after the temperature, of all the tokens that were cut together."""
    cut = np.array([why != "" for why in cuts(logits, temperature, top_k, top_p)])
    return float(truncate(logits, temperature)[cut].sum())


def draw(p: np.ndarray, seed: int, count: int) -> np.ndarray:
    """Return the indices of the first `count` tokens that are drawn with this seed."""
    edges = np.cumsum(p)
    found = np.searchsorted(edges, uniform(seed, np.arange(count)), side="right")
    # The last edge may lie a rounding error below 1.
    return np.minimum(found, np.flatnonzero(p)[-1])
