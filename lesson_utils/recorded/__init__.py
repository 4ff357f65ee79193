"""Training runs that took too long for a lesson, recorded once: real numbers, and the command that made them.

Every recording is a JSON file beside the module of the same name. ``python -m
lesson_utils.recorded.regularization torch`` makes the one of that name anew.
"""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]

FOLDER = Path(__file__).parent
CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")


def read(name: str) -> "pd.DataFrame":
    """Read recorded runs as a table.

    Parameters
    ----------
    name : str
        Name of a recording, for example ``"regularization"``.

    Returns
    -------
    DataFrame
        A row for each epoch of each run: the settings (lr, dropout, weight_decay, seed), epoch, and
        train_loss, val_loss, train_accuracy, val_accuracy, rounded to four digits. Where the loss of a
        run stopped being a number, its last row says NaN. ``frame.attrs`` says when, where, with which
        versions and by which command the runs were made.

    Raises
    ------
    ValueError
        If there is no such recording; the message names the nearest.
    RuntimeError
        If the file is damaged; the message says how to make it anew.

    Examples
    --------
    >>> runs = read("regularization")
    >>> sorted(runs["dropout"].unique().tolist())
    [0.0, 0.25, 0.5, 0.75]
    """
    import pandas as pd

    known = sorted(path.stem for path in FOLDER.glob("*.json"))
    if name not in known:
        near = get_close_matches(str(name), known, 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"there is no recording {name!r}; {hint}Known are {', '.join(known)}")
    try:
        recording = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        runs = [_table(run) for run in recording["runs"]]
        frame = pd.concat(runs, ignore_index=True)
    except (ValueError, KeyError, TypeError) as error:
        command = f"python -m lesson_utils.recorded.{name} torch"
        raise RuntimeError(f"the recording {name!r} is damaged ({error}); make it anew: {command}") from error
    frame.attrs = recording["about"]
    return frame


def _table(run: dict) -> "pd.DataFrame":
    import pandas as pd

    curves = {name: run[name] for name in CURVES}
    settings = {name: value for name, value in run.items() if name not in CURVES}
    epochs = range(1, len(curves["train_loss"]) + 1)
    return pd.DataFrame({**settings, "epoch": epochs, **curves}).astype(dict.fromkeys(CURVES, float))
