"""Random numbers from whole numbers, the same as ``hash`` and ``normal`` of the widgets' JavaScript."""

from __future__ import annotations

from typing import Any

import numpy as np


def uniform(*keys: Any) -> np.ndarray:
    """Return numbers in [0, 1) from whole numbers or arrays of them."""
    x = np.asarray(0x9E3779B9, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    for key in keys:
        x = ((x ^ np.asarray(key, dtype=np.uint64)) * np.uint64(0x85EBCA6B)) & low
        x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & low
        x = x ^ (x >> np.uint64(16))
    return np.asarray(x / 4294967296.0)


def normal(*keys: Any) -> np.ndarray:
    """Return normally distributed numbers from whole numbers or arrays of them (Box and Muller)."""
    return np.asarray(np.sqrt(-2 * np.log(1 - uniform(*keys, 1))) * np.cos(2 * np.pi * uniform(*keys, 2)))
