"""Run explorer: sliders over recorded training runs, and one more run for real where a kernel is."""

from __future__ import annotations

import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from lesson_utils.recorded import CURVES, read

from ..base import LessonWidget, Real, Whole

if TYPE_CHECKING:
    import pandas as pd

AXES = ("lr", "dropout", "weight_decay")
# Two characters a number: thousandths from 0 to 4.093; 4094 is anything above, 4095 no number.
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ABOVE, NOTHING = 4094, 4095


class Runs(t.TraitType[Any, Any]):
    """Recorded runs as `pack` writes them."""

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Return the runs, or raise a TraitError that names the field."""
        try:
            axes = [list(map(float, value[axis])) for axis in (*AXES, "seeds")]
            wanted = int(np.prod([len(axis) for axis in axes])) * len(CURVES) * value["epochs"] * 2
            fits = wanted > 0 and len(value["curves"]) == wanted and not set(value["curves"]) - set(DIGITS)
            fits = fits and 0 <= value["right"] <= 1 and isinstance(value["about"], str)
        except (TypeError, KeyError, ValueError, IndexError, OverflowError):
            fits = False
        if not fits:
            raise t.TraitError(f"'{self.name}' needs recorded runs as run_explorer.pack(frame) writes them")
        return value


class RunExplorer(LessonWidget):
    """Curves of recorded runs over learning rate, dropout and weight decay.

    Parameters
    ----------
    lr, dropout, weight_decay : float
        A point of the recorded grid.
    show : {"loss", "accuracy"}
        What the curves show.
    seed : int
        Seed of the run that the button starts in a kernel; recorded are 0, 1 and 2.
    runs : dict
        From `pack`; those of ``lesson_utils.recorded.regularization`` by default.

    Raises
    ------
    traitlets.TraitError
        If a setting was not recorded; the message names it.

    Examples
    --------
    >>> RunExplorer(lr=3).describe()[:62]
    'Recorded runs at learning rate 3, dropout 0.5, weight decay 0:'
    """

    title = "Runs, recorded"
    lr = Real(0.3, 0, 1e6)
    dropout = Real(0.5, 0, 1)
    weight_decay = Real(0, 0, 1e6)
    show = t.Enum(("loss", "accuracy"), "loss").tag(sync=True)
    seed = Whole(3, 0, 999)
    runs = Runs().tag(sync=True)
    # Not settings, so the static page does not get them: there nothing can be trained.
    _kernel = t.Bool(True).tag(sync=True)
    _train = t.Bool(False).tag(sync=True)
    _live = t.Dict().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        super().__init__(**settings)

    @t.default("runs")
    def _recorded(self) -> dict[str, Any]:
        return pack(read("regularization"))

    @t.validate(*AXES)
    def _on_the_grid(self, proposal: Any) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        if value not in self.runs[name]:
            known = ", ".join(f"{one:g}" for one in self.runs[name])
            raise t.TraitError(f"'{name}' was recorded at {known}; not at {value:g}")
        return value

    def describe(self) -> str:
        """Say the settings and how the recorded runs ended."""
        curves = unpack(self.runs)[tuple(nearest(self.runs[axis], getattr(self, axis)) for axis in AXES)]
        point = f"learning rate {self.lr:g}, dropout {self.dropout:g}, weight decay {self.weight_decay:g}"
        return f"Recorded runs at {point}: {ending(curves)}."

    @t.observe("_train")
    def _asked(self, change: Any) -> None:
        self._stop.set()
        if change["new"]:
            self._stop = threading.Event()
            arguments = (self._stop, self._thread)
            self._thread = threading.Thread(target=self._work, args=arguments, daemon=True)
            self._thread.start()

    def _work(self, stop: threading.Event, before: threading.Thread | None) -> None:
        """Train in a thread, so that the kernel goes on answering; tell the front end each epoch."""
        if before is not None:
            before.join()  # it ends with its epoch
        settings = {axis: getattr(self, axis) for axis in AXES} | {"seed": self.seed}
        framework = loaded_framework()
        live: dict[str, Any] = {**settings, "framework": framework, "rows": [], "end": ""}
        self._live = live

        def told(runner: Any, row: dict[str, Any]) -> bool:
            nonlocal live
            live = {**live, "rows": [*live["rows"], [round(row[name], 4) for name in CURVES]]}
            self._live = live
            return stop.is_set()

        try:
            from lesson_utils.recorded.regularization import train

            history = train(framework, **settings, callbacks=[told])
            end = "not a number" if np.isnan(history["train_loss"][-1]) else "finished"
            end = "stopped" if len(history) < self.runs["epochs"] and end == "finished" else end
        except Exception as error:  # a thread has nobody else to tell
            end = f"failed: {error}"
        self._live = {**live, "end": end}
        if not stop.is_set():
            self._train = False

    def close(self) -> None:
        """Stop a training run and close the widget."""
        self._stop.set()
        super().close()


def loaded_framework() -> str:
    """Name the framework that the notebook uses, else the one that is installed."""
    for known in (sys.modules.__contains__, find_spec):
        for name in ("torch", "paddle"):
            if known(name):
                return name
    return "torch"


def pack(frame: pd.DataFrame) -> dict[str, Any]:
    """Write recorded runs as short text, 2 characters a number.

    Parameters
    ----------
    frame : DataFrame
        From ``lesson_utils.recorded.read``.

    Returns
    -------
    dict
        The values of the three axes, seeds, number of epochs, share of right training labels, provenance,
        and the curves in the order lr, dropout, weight_decay, seed, curve, epoch.
    """
    about, epochs = frame.attrs, int(frame["epoch"].max())
    grid = [sorted(frame[axis].unique().tolist()) for axis in (*AXES, "seed")]
    wide = frame.set_index([*AXES, "seed", "epoch"])[list(CURVES)].unstack("epoch")
    values = np.nan_to_num(wide.to_numpy(), nan=np.inf) * 1000  # (runs, curves · epochs)
    missing = wide.isna().to_numpy()
    codes = np.where(missing, NOTHING, np.minimum(values, ABOVE).round()).astype(int)
    text = "".join(DIGITS[code // 64] + DIGITS[code % 64] for code in codes.ravel())
    made = f"{about['data']}; {about['framework']}, {about['processor']}, {about['date']}"
    axes = dict(zip((*AXES, "seeds"), grid, strict=True))
    return {**axes, "epochs": epochs, "right": about["right"], "about": made, "curves": text}


def unpack(runs: dict[str, Any]) -> np.ndarray:
    """Return the curves (lr, dropout, weight_decay, seed, curve, epoch); NaN after a run ended."""
    digits = np.array([DIGITS.index(character) for character in runs["curves"]]).reshape(-1, 2)
    values = digits @ [64, 1]
    shape = [len(runs[axis]) for axis in (*AXES, "seeds")]
    return np.where(values == NOTHING, np.nan, values / 1000).reshape(*shape, len(CURVES), runs["epochs"])


def nearest(values: list[float], wanted: float) -> int:
    """Return the place of the nearest recorded value."""
    return int(np.abs(np.array(values) - wanted).argmin())


def lost(train_loss: np.ndarray) -> tuple[int, str] | None:
    """Say since which epoch a run is beyond help: no number, or no better than guessing among ten."""
    if np.isnan(train_loss).any():
        return int(np.isnan(train_loss).argmax()) + 1, "not a number"
    poor = train_loss >= 0.99 * np.log(10)
    if not poor[-1]:
        return None
    good = np.flatnonzero(~poor)
    return (int(good[-1]) + 2 if len(good) else 1), "guessing"


def ending(curves: np.ndarray) -> str:
    """Say how the runs (seed, curve, epoch) of one point ended."""
    ends = [lost(run[0]) for run in curves]
    if any(ends):
        how = [f"{what} from epoch {epoch}" for epoch, what in filter(None, ends)]
        return f"{len(how)} of {len(ends)} went wrong ({'; '.join(how)})"
    final = curves[:, :, -1].mean(axis=0)
    return f"training loss {final[0]:.2f}, validation loss {final[1]:.2f}, validation accuracy {final[3]:.3f}"
