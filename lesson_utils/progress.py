"""What is shown while a model trains: only to those who watch."""

import os
import sys
from typing import Any

from tqdm import tqdm


def bar(total: int | None, done: int = 0, visible: bool = True) -> "tqdm[Any]":
    """A bar on stderr, with the time that is left.

    Parameters
    ----------
    total : int or None
        Number of steps, None if unknown.
    done : int
        Steps done before, in a resumed run.
    visible : bool
        False for all processes but the first.

    Returns
    -------
    tqdm
        Leaves one line in a terminal, nothing in a notebook.
    """
    notebook = _kernel() is not None
    unseen = notebook and not being_watched()
    return tqdm(
        total=total,
        initial=done,
        unit="step",
        file=sys.stderr,
        leave=not notebook,
        mininterval=0.2 if notebook or sys.stderr.isatty() else 30,  # a log needs few lines
        disable=not visible or unseen or bool(os.environ.get("TQDM_DISABLE")),
        dynamic_ncols=True,
    )


def being_watched() -> bool:
    """Whether a person started this notebook's cell, and not nbclient, nbval or papermill.

    Programs that execute notebooks tell the kernel that nobody could answer an ``input()``; front
    ends say the opposite.

    Returns
    -------
    bool
        False outside of notebooks.
    """
    return bool(getattr(_kernel(), "_allow_stdin", False))


class LiveCurve:
    """A callback that draws loss and metric anew after each epoch, in a notebook that is watched.

    Parameters
    ----------
    metric : str
        Column without ``train_`` or ``val_``.

    Examples
    --------
    >>> runner.train(train_loader, epochs=9, callbacks=[LiveCurve()])  # doctest: +SKIP
    """

    def __init__(self, metric: str = "accuracy") -> None:
        self.metric = metric
        self._handle: Any = None

    def __call__(self, runner: Any, row: dict[str, Any]) -> None:
        """Draw; a script and a notebook that is executed by a program see nothing."""
        if not being_watched() or not runner.writes:
            return
        from IPython.display import display

        from lesson_utils.plots import curves

        figure = curves(runner.history, self.metric)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)
