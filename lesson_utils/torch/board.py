"""The history on a board, in PyTorch: TensorBoard."""

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


class BoardWriter:
    """A callback that writes each epoch's numbers for TensorBoard.

    Parameters
    ----------
    folder : path
        For ``tensorboard --logdir folder``.

    Examples
    --------
    >>> runner.train(train_loader, callbacks=[BoardWriter("runs/lenet")])  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(folder)
        self.writer: SummaryWriter | None = None

    def __call__(self, runner: Any, row: dict[str, Any]) -> None:
        """Write the numbers of an epoch; the first process alone does."""
        if not runner.writes:
            return
        self.writer = self.writer or SummaryWriter(self.folder)
        for name, value in row.items():
            self.writer.add_scalar(name, value, row["epoch"])
        self.writer.flush()
