"""Seeds that do not belong to a framework."""

import random

import numpy as np


def seed_python(seed: int) -> None:
    """Seed the generators of Python and NumPy.

    ``seed_everything`` of ``lesson_utils.torch`` and ``lesson_utils.paddle`` calls it and then seeds its
    framework.

    Parameters
    ----------
    seed : int
        Any integer from 0 to 2**32 - 1.

    Raises
    ------
    ValueError
        If the seed is outside that range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed}; it must be between 0 and 2**32 - 1")
    random.seed(seed)
    np.random.seed(seed)
