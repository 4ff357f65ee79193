"""Masking: what a masked language model sees and where its loss is."""

from __future__ import annotations

from typing import Any

import traitlets as t

from ..base import LessonWidget, Real, Whole

_TOKENS = "the cat sat on the mat because the old house was warm and the sun was low".split()
_WORDS = "dog tree ran red under book quickly seven blue because river sang".split()


class Masking(LessonWidget):
    """Choice of tokens and the 80 / 10 / 10 rule of BERT (Devlin et al., 2019).

    Parameters
    ----------
    tokens : list of str
        2 to 40 words.
    words : list of str
        1 to 40 words that random replacements are drawn from.
    rate : float
        Share of tokens that are chosen, 0 to 0.9.
    mask_share, random_share : float
        Share of the chosen tokens that become [MASK] and random words; the rest stays.
    flips : list of int
        Positions whose choice a click has turned over.
    predictions : list of dict
        A trained model's best words: ``{"position": 1, "words": [...], "probabilities": [...]}``.
    seed : int
        Number of the draw.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> Masking(tokens=["a", "b", "c", "d"]).describe()
    'Masking of 4 tokens: 15 % are chosen, of those 80 % masked and 10 % replaced.'
    """

    title = "What does a masked language model see?"
    tokens = t.List(t.Unicode(), _TOKENS, minlen=2, maxlen=40).tag(sync=True)
    words = t.List(t.Unicode(), _WORDS, minlen=1, maxlen=40).tag(sync=True)
    rate = Real(0.15, 0, 0.9)
    mask_share = Real(0.8, 0, 1)
    random_share = Real(0.1, 0, 1)
    flips = t.List(t.Int(min=0, max=39), [], maxlen=40).tag(sync=True)
    predictions = t.List(t.Dict(), []).tag(sync=True)
    seed = Whole(0, 0, 999)

    @t.validate("mask_share", "random_share")
    def _shares_fit(self, proposal: Any) -> float:
        shares = {"mask_share": self.mask_share, "random_share": self.random_share}
        shares[proposal["trait"].name] = proposal["value"]
        if sum(shares.values()) > 1 + 1e-9:
            raise t.TraitError(f"'mask_share' and 'random_share' are together above 1: {shares}")
        return proposal["value"]

    @t.validate("predictions")
    def _predictions_are_lists(self, proposal: Any) -> Any:
        for entry in proposal["value"]:
            words, chances = entry.get("words"), entry.get("probabilities")
            good = isinstance(entry.get("position"), int) and isinstance(words, list)
            if not good or not isinstance(chances, list) or len(words) != len(chances):
                raise t.TraitError("'predictions' needs dicts with position, words and probabilities")
            if not all(isinstance(p, float) and 0 <= p <= 1 for p in chances):
                raise t.TraitError("'predictions' needs probabilities from 0 to 1")
            if not all(isinstance(word, str) for word in words):
                raise t.TraitError("'predictions' needs words as strings")
        return proposal["value"]

    def describe(self) -> str:
        """Say how many tokens there are and the shares."""
        return (
            f"Masking of {len(self.tokens)} tokens: {100 * self.rate:g} % are chosen, of those "
            f"{100 * self.mask_share:g} % masked and {100 * self.random_share:g} % replaced."
        )


def fate(draws: list[float], flipped: bool, settings: dict[str, Any]) -> str:
    """Return what becomes of a token: "plain", "mask", "random" or "keep".

    Parameters
    ----------
    draws : list of float
        Two numbers in [0, 1): the first chooses, the second decides what is done.
    flipped : bool
        Whether a click has turned the choice over.
    settings : dict
        ``rate``, ``mask_share`` and ``random_share``.
    """
    if (draws[0] < settings["rate"]) == flipped:
        return "plain"
    if draws[1] < settings["mask_share"]:
        return "mask"
    return "random" if draws[1] < settings["mask_share"] + settings["random_share"] else "keep"
