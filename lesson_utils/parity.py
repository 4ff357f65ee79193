"""The same numbers in both frameworks: what a lesson reports, and how two reports are compared.

A lesson gives its model the same weights and the same batch in PyTorch and in Paddle and calls
`report` in each. The report is printed for the reader and stored in the notebook's output; `compare`
puts the two stored reports side by side when the page is built and in the tests.
"""

from typing import Any

import numpy as np

MIME = "application/x-lesson-parity+json"


def deterministic_weights(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Weights that depend on nothing but the shapes and the seed.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Parameter name to shape, in PyTorch's layout: ``(out, in)`` for a linear layer. The order counts,
        the names do not: the frameworks name some parameters differently.
    seed : int
        Seed of NumPy's generator.

    Returns
    -------
    dict of str to ndarray
        float32 arrays. A weight (two or more axes) is uniform within ±1/√fan_in, so that activations keep
        their size from layer to layer; a vector is uniform within ±0.1.
    """
    generator = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:]))
        bound = 1 / np.sqrt(fan_in) if len(shape) > 1 else 0.1
        weights[name] = generator.uniform(-bound, bound, shape).astype(np.float32)
    return weights


def report(**values: Any) -> None:
    """Print named values and store them in the notebook for the comparison with the other framework.

    Parameters
    ----------
    **values : float, array or tensor
        For example ``logits`` of shape (N, classes), ``loss`` and ``grad_norm``. Tensors must have been
        detached and moved to the CPU.

    Raises
    ------
    ValueError
        If a value is not finite: two runs that are both broken would agree.
    """
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"parity.report: {name} holds NaN or infinity; there is nothing to compare")
    text = "\n".join(f"{name:>10}  {_shorten(array)}" for name, array in arrays.items())
    stored = {name: _significant(array) for name, array in arrays.items()}
    _display({"text/plain": text, MIME: stored})


def compare(first: dict[str, Any], second: dict[str, Any]) -> dict[str, float]:
    """Largest relative difference of each value in two stored reports.

    Parameters
    ----------
    first, second : dict
        What `report` stored: name to number or nested list of numbers.

    Returns
    -------
    dict of str to float
        ``max|a − b| / max|b|`` for each name.

    Raises
    ------
    ValueError
        If the names or the shapes differ.
    """
    if first.keys() != second.keys():
        raise ValueError(f"the reports name different values: {sorted(first)} and {sorted(second)}")
    differences = {}
    for name in first:
        a, b = np.asarray(first[name], float), np.asarray(second[name], float)
        if a.shape != b.shape:
            raise ValueError(f"{name} has shape {a.shape} in one report and {b.shape} in the other")
        scale = max(float(np.abs(b).max()), np.finfo(float).tiny)
        differences[name] = float(np.abs(a - b).max()) / scale
    return differences


def _shorten(array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"{float(array):.6f}"
    head = "  ".join(f"{number: .5f}" for number in array.ravel()[:5])
    return f"{head}{'  …' if array.size > 5 else ''}  shape {array.shape}"


def _significant(array: np.ndarray) -> Any:
    """Nine significant digits hold a float32 exactly; more would be noise in the file."""
    rounded = [float(f"{number:.9g}") for number in array.ravel()]
    return np.array(rounded).reshape(array.shape).tolist()


def _display(bundle: dict[str, Any]) -> None:
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # in a plain script there is nowhere to store the numbers
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)
