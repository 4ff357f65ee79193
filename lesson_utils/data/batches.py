"""Which examples form which batch: the same in both frameworks and in every process."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np


class BaseArrayLoader:
    """Batches of tensors out of arrays that fit into memory.

    The data go to the device once, if they take less than half of what is free there; otherwise
    each batch is copied from pinned memory while the device still works on the one before. Where a
    script runs in several processes, each gets its share of every batch.

    Parameters
    ----------
    *arrays : array or Tensor
        Inputs (N, …) and, last, targets (N, …). float64 becomes float32.
    batch_size : int
        Examples in a batch, of all processes together.
    shuffle : bool
        A new order in every pass, the same in both frameworks.
    seed : int
        Seed of the order.
    transform : callable, optional
        Applied to the first tensor of each batch on the device, for example an augmentation.
    drop_last : bool
        Leave out a smaller last batch.
    device : str
        See `pick_device`.

    Attributes
    ----------
    epoch : int
        Passes begun so far; decides the next order.

    Raises
    ------
    ValueError
        If there are no examples or the arrays differ in length.

    Examples
    --------
    >>> loader = ArrayLoader(np.zeros((10, 28)), np.arange(10), batch_size=4)  # doctest: +SKIP
    >>> [len(targets) for inputs, targets in loader]  # doctest: +SKIP
    [4, 4, 2]
    """

    def __init__(
        self,
        *arrays: Any,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: int = 0,
        transform: Callable[[Any], Any] | None = None,
        drop_last: bool = False,
        device: str = "auto",
    ) -> None:
        check_arrays(arrays, batch_size)
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.transform, self.drop_last, self.epoch = transform, drop_last, 0
        self.arrays, self.resident = self._hold(arrays, device)

    def __len__(self) -> int:
        size, (_, processes) = len(self.arrays[0]), self._share()
        return number_of_batches(size, self.batch_size, self.drop_last, processes)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        order = (self.batch_size, self.shuffle, self.seed, epoch, self.drop_last)
        batches = map(self._take, batch_indices(len(self.arrays[0]), *order, *self._share()))
        for first, *others in batches if self.resident else one_ahead(batches):
            yield (self.transform(first) if self.transform else first, *others)

    def _hold(self, arrays: Sequence[Any], device: str) -> tuple[list[Any], bool]:
        """Tensors, and whether they are on the device."""
        raise NotImplementedError

    def _take(self, indices: np.ndarray) -> list[Any]:
        """The examples of these indices on the device."""
        raise NotImplementedError

    def _share(self) -> tuple[int, int]:
        """Rank of this process and number of processes."""
        raise NotImplementedError


def batch_indices(
    size: int,
    batch_size: int,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    drop_last: bool = False,
    rank: int = 0,
    processes: int = 1,
) -> Iterator[np.ndarray]:
    """Indices of one pass over a data set, batch by batch.

    The order is a pure function of the arguments. A resumed run therefore has to remember two
    numbers, epoch and batch, and both frameworks see the same batches.

    Parameters
    ----------
    size : int
        Number of examples.
    batch_size, shuffle, seed, epoch, drop_last
        As for `BaseArrayLoader`.
    rank, processes : int
        This process takes every `processes`-th example of each batch. A last batch that cannot be
        divided evenly loses the few examples too many: gradients are averaged over processes.

    Yields
    ------
    ndarray
        int64 indices of one batch.
    """
    order = np.random.default_rng([seed, epoch]).permutation(size) if shuffle else np.arange(size)
    for batch in range(number_of_batches(size, batch_size, drop_last, processes)):
        chosen = order[batch * batch_size : (batch + 1) * batch_size]
        yield chosen[: len(chosen) // processes * processes][rank::processes]


def number_of_batches(size: int, batch_size: int, drop_last: bool, processes: int) -> int:
    """How many batches a pass over `size` examples has."""
    whole, rest = divmod(size, batch_size)
    return whole if drop_last or rest < processes else whole + 1


def one_ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches, each asked for before the one in front of it is used."""
    current = next(batches, None)
    while current is not None:
        following = next(batches, None)
        yield current
        current = following


def check_arrays(arrays: Sequence[Any], batch_size: int) -> None:
    """Raise ValueError if arrays cannot be cut into batches."""
    shapes = [tuple(a.shape) if hasattr(a, "shape") else (len(a),) for a in arrays]
    if not arrays or 0 in {shape[0] for shape in shapes}:
        raise ValueError(f"there are no examples to load: the arrays have shapes {shapes}")
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"inputs and targets differ in length: the arrays have shapes {shapes}")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
