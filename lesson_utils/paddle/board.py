"""The history on a board, in Paddle: VisualDL."""

from pathlib import Path
from typing import Any

from visualdl import LogWriter


class BoardWriter:
    """A callback that writes each epoch's numbers for VisualDL.

    Parameters
    ----------
    folder : path
        For ``visualdl --logdir folder``.

    Examples
    --------
    >>> runner.train(train_loader, callbacks=[BoardWriter("runs/lenet")])  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(folder)
        self.writer: LogWriter | None = None

    def __call__(self, runner: Any, row: dict[str, Any]) -> None:
        """Write the numbers of an epoch; the first process alone does."""
        if not runner.writes:
            return
        self.writer = self.writer or LogWriter(self.folder)
        for name, value in row.items():
            self.writer.add_scalar(tag=name, value=float(value), step=row["epoch"])
        self.writer.flush()
