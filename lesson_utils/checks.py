"""Wrong use of a loss, said clearly before the framework says it cryptically."""

from typing import Any

CLASSES = ("crossentropy", "nll")
SAME_SHAPE = ("mse", "l1", "bce", "binary", "huber", "smooth")


def check_loss_inputs(loss_fn: Any, logits: Any, targets: Any) -> None:
    """Make sure that shapes, dtype and labels fit a well-known loss; other losses are left alone.

    Parameters
    ----------
    loss_fn : callable
        A loss of either framework; recognised by its name.
    logits, targets : Tensor
        What it is about to be called with.

    Raises
    ------
    TypeError
        If class labels are not integers.
    ValueError
        If shapes do not belong together or labels lie outside the classes.
    """
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    kind = name.lower().replace("_", "")
    got = f"{name} got logits {tuple(logits.shape)} and targets {tuple(targets.shape)}"
    if any(part in kind for part in SAME_SHAPE):
        if tuple(logits.shape) != tuple(targets.shape):
            raise ValueError(f"{got}; they must have the same shape, or the difference is broadcast silently")
    elif any(part in kind for part in CLASSES) and len(logits.shape) > 1:
        if tuple(targets.shape) == tuple(logits.shape):
            return  # probabilities as targets
        if "int" not in str(targets.dtype):
            raise TypeError(f"{got} of {targets.dtype}; class labels must be integers (int64)")
        _check_labels(got, logits, targets)


def _check_labels(got: str, logits: Any, targets: Any) -> None:
    shape, batch = tuple(logits.shape), tuple(targets.shape)
    if batch in (shape[:-1], (*shape[:-1], 1)):
        classes = shape[-1]
    elif batch == (shape[0], *shape[2:]):
        classes = shape[1]
    else:
        raise ValueError(f"{got}; expected one label for each example: {shape[:1]}")
    labels = targets[targets != -100]  # what both frameworks leave out by default
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ValueError(f"labels go from {low} to {high}, but the model has {classes} outputs: 0 to {classes - 1}")
