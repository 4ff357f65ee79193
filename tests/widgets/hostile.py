"""Random and hostile values for settings."""

from __future__ import annotations

import random
from typing import Any

NAN, INF = float("nan"), float("inf")
ODD: list[Any] = [
    *[None, True, False, "", "3", "x", "NaN", -1, 0, 10**30, -(10**30), 1.5, 1e308, NAN, INF, -INF],
    *[[], [[]], [[[]]], [1, "x"], [[1, 2], [3]], [None], {}, {"a": 1}, [[[INF]]], [[["a"]]]],
    *[b"bytes", object],
]


def odd_value(rng: random.Random) -> Any:
    """Return something a setting should survive or refuse."""
    if rng.random() < 0.7:
        return rng.choice(ODD)
    shape = [rng.randrange(0, 6) for _ in range(rng.randrange(1, 5))]

    def nested(lengths: list[int]) -> Any:
        if not lengths:
            return rng.choice([0, 1, -2.5, 1e9, float("nan"), "z", None]) if rng.random() < 0.1 else rng.randint(-9, 9)
        return [nested(lengths[1:]) for _ in range(lengths[0])]

    return nested(shape)


def for_js(value: Any) -> Any:
    """Write what JSON has no word for the way call.mjs reads it."""
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return {"$": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [for_js(entry) for entry in value]
    if isinstance(value, dict):
        return {key: for_js(entry) for key, entry in value.items()}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    return str(value)
