"""What a training run leaves behind: one row of numbers an epoch."""

from difflib import get_close_matches
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class History:
    """Loss, metric and learning rate of every epoch.

    Parameters
    ----------
    rows : list of dict, optional
        Rows to begin with, from an earlier run.

    Examples
    --------
    >>> history = History()
    >>> history.append({"epoch": 1, "train_loss": 0.5, "val_loss": 0.4})
    >>> history["val_loss"]
    [0.4]
    """

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = list(rows or [])

    def append(self, row: dict[str, Any]) -> None:
        """Add the numbers of one epoch.

        Parameters
        ----------
        row : dict
            Column name to number.
        """
        self.rows.append(row)

    def frame(self) -> "pd.DataFrame":
        """The history as a table.

        Returns
        -------
        DataFrame
            A row an epoch; columns epoch, lr, train_loss, train_<metric>, val_loss, val_<metric>.
        """
        import pandas as pd

        return pd.DataFrame(self.rows)

    def stale(self, column: str) -> int:
        """How many epochs ago a column was best.

        Parameters
        ----------
        column : str
            The lowest value is best if the name contains ``loss``, the highest otherwise.

        Returns
        -------
        int
            0 if the last epoch is the best so far.

        Raises
        ------
        ValueError
            If there is no such column; the message names the nearest.
        """
        if column not in self.rows[-1]:
            near = get_close_matches(column, self.rows[-1], 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            names = ", ".join(self.rows[-1])
            raise ValueError(f"unknown metric {column!r}; {hint}The history has {names}")
        sign = 1 if "loss" in column else -1
        values = [inf if isnan(value) else sign * value for value in self[column]]
        return len(values) - 1 - values.index(min(values))

    def __getitem__(self, column: str) -> list[float]:
        return [row[column] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"History of {len(self)} epochs"


class Averages:
    """Averages over the examples of an epoch, without waiting for the device at every step.

    The sums are formed in double precision and in the order of the batches, so it does not matter
    when `means` is called: a resumed run gets the same digits as one that was never interrupted.

    Parameters
    ----------
    sums : dict of str to float, optional
        Sums over the examples so far, by name.
    examples, batches : int
        How many there were so far.
    """

    def __init__(self, sums: dict[str, float] | None = None, examples: int = 0, batches: int = 0) -> None:
        self.sums, self.examples, self.batches = dict(sums or {}), examples, batches
        self.first_bad: int | None = None
        self._pending: list[tuple[int, dict[str, Any]]] = []

    def state(self) -> dict[str, Any]:
        """What the constructor needs to continue from here."""
        return {"sums": self.sums, "examples": self.examples, "batches": self.batches}

    def add(self, examples: int, values: dict[str, Any]) -> None:
        """Note the mean values of one batch.

        Parameters
        ----------
        examples : int
            Size of the batch.
        values : dict of str to scalar tensor
            Means over the batch, still on the device.
        """
        self._pending.append((examples, values))

    def means(self) -> dict[str, float]:
        """Means over all examples so far.

        Returns
        -------
        dict of str to float
            Afterwards ``first_bad`` is the number of the first batch whose loss was not finite.
        """
        for examples, values in self._pending:
            self.batches += 1
            self.examples += examples
            for name, tensor in values.items():
                value = float(tensor)
                self.sums[name] = self.sums.get(name, 0.0) + examples * value
                if name == "loss" and self.first_bad is None and not isfinite(value):
                    self.first_bad = self.batches
        self._pending.clear()
        return {name: total / max(self.examples, 1) for name, total in self.sums.items()}
