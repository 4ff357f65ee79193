"""Learning rates over time: plain functions of the step, which both frameworks take.

Each returns ``factor(step)``, by which the optimizer's learning rate is multiplied:
``LambdaLR(optimizer, one_cycle(steps))`` in PyTorch, ``LambdaDecay(lr, one_cycle(steps))`` in Paddle.
"""

from collections.abc import Callable
from math import cos, pi

Factor = Callable[[int], float]


def one_cycle(steps: int, warmup: float = 0.3, start: float = 0.04, end: float = 4e-6) -> Factor:
    """Up along a cosine to the full rate, and down again to almost nothing.

    Parameters
    ----------
    steps : int
        Steps of the whole run: epochs times batches.
    warmup : float
        Share of the steps that go up.
    start, end : float
        Factor of the first and of the last step.

    Returns
    -------
    callable
        ``factor(step)``, step counted from 0; stays at `end` afterwards.

    References
    ----------
    L. N. Smith and N. Topin, Super-Convergence, arXiv:1708.07120, with the cosine of fastai.

    Examples
    --------
    >>> factor = one_cycle(100)
    >>> factor(0), factor(29), round(factor(99), 6)
    (0.04, 1.0, 4e-06)
    """
    _check(steps, warmup)
    peak = warmup * steps - 1

    def factor(step: int) -> float:
        if step <= peak:
            return _between(start, 1.0, step / peak if peak > 0 else 1.0)
        return _between(1.0, end, min((step - peak) / (steps - 1 - peak), 1.0))

    return factor


def cosine(steps: int, warmup: float = 0.0, end: float = 0.0) -> Factor:
    """Straight up to the full rate, then down along a cosine.

    Parameters
    ----------
    steps : int
        Steps of the whole run.
    warmup : float
        Share of the steps that go up.
    end : float
        Factor after the last step.

    Returns
    -------
    callable
        ``factor(step)``.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR, arXiv:1608.03983, equation 5.

    Examples
    --------
    >>> cosine(100)(50)
    0.5
    """
    _check(steps, warmup)
    return _rise_and_fall(steps, warmup, lambda done: _between(1.0, end, done))


def linear(steps: int, warmup: float = 0.0, end: float = 0.0) -> Factor:
    """Straight up to the full rate and straight down, as BERT is fine-tuned.

    Parameters
    ----------
    steps, warmup, end
        As for `cosine`.

    Returns
    -------
    callable
        ``factor(step)``.

    Examples
    --------
    >>> linear(100)(25)
    0.75
    """
    _check(steps, warmup)
    return _rise_and_fall(steps, warmup, lambda done: 1.0 + (end - 1.0) * done)


def _rise_and_fall(steps: int, warmup: float, fall: Callable[[float], float]) -> Factor:
    rise = round(warmup * steps)

    def factor(step: int) -> float:
        return step / rise if step < rise else fall(min((step - rise) / (steps - rise), 1.0))

    return factor


def _between(first: float, last: float, done: float) -> float:
    return last + (first - last) * (1 + cos(pi * done)) / 2


def _check(steps: int, warmup: float) -> None:
    if steps < 2 or not 0 <= warmup < 1:
        raise ValueError(f"steps is {steps} and warmup {warmup}; they must be ≥ 2 and in [0, 1)")
