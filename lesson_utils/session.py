"""One call of ``Runner.train``: where it stands, when it is saved and when it ends.

The same for both frameworks. A runner asks its session for the epochs and for the batches of an epoch, and
is otherwise left alone with the five steps of training.
"""

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lesson_utils.history import Averages, History
from lesson_utils.progress import bar

Callback = Callable[[Any, dict[str, Any]], Any]
EMPTY = "the training loader is empty: it has no batch to learn from"


class Session:
    """The course of a training run; the parameters are those of ``Runner.train``."""

    def __init__(
        self,
        runner: Any,
        epochs: int,
        loaders: Sequence[Any],
        checkpoint: str | Path | None,
        save_every: int | None,
        monitor: str,
        patience: int | None,
        callbacks: Sequence[Callback],
    ) -> None:
        self.runner, self.total_epochs, self.loaders = runner, epochs, loaders
        self.folder = None if checkpoint is None else Path(checkpoint)
        self.save_every, self.monitor, self.patience = save_every, monitor, patience
        self.callbacks = callbacks
        self.epoch, self.step, self.stopped = 1, 0, False
        self.history, self.averages = History(), Averages()
        self.epoch_start: dict[str, Any] = {}  # generators and passes, to begin the epoch once more
        self.interrupted = False
        self.previous_handler: Any = None

    def begin(self, resume: bool) -> None:
        """Continue from ``last.safetensors`` if wanted and possible, else write the first one."""
        if hasattr(self.loaders[0], "__len__") and len(self.loaders[0]) == 0:
            raise ValueError(EMPTY)
        if resume and self.folder is None:
            raise ValueError("resume=True needs to know where from: add checkpoint='folder'")
        if resume and self.folder is not None and (self.folder / "last.safetensors").exists():
            self._load(self.folder / "last.safetensors")
        else:
            self.save()  # a full disk or a read-only folder shows now and not after the first epoch

    def __enter__(self) -> "Session":
        steps = len(self.loaders[0]) if hasattr(self.loaders[0], "__len__") else 0
        done = (self.epoch - 1) * steps + self.step
        self.bar = bar(self.total_epochs * steps or None, done, visible=self.runner.writes)
        if threading.current_thread() is threading.main_thread():  # no other may set a handler
            self.previous_handler = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()
        if self.previous_handler is not None:
            signal.signal(signal.SIGINT, self.previous_handler)

    def _interrupt(self, number: int, frame: Any) -> None:
        """First Ctrl-C: finish the step, save, stop. A second one stops at once."""
        self.interrupted = True
        signal.signal(signal.SIGINT, self.previous_handler)

    def epochs(self) -> Iterator[int]:
        """Numbers of the epochs that are left to do, from 1 or from where the checkpoint was."""
        while self.epoch <= self.total_epochs and not self.stopped:
            yield self.epoch

    def batches(self, loader: Iterable[Any]) -> Iterator[Any]:
        """Batches of the current epoch, from the current step on.

        Parameters
        ----------
        loader : iterable
            Of batches.

        Yields
        ------
        batch
            As the loader gives it.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, when the step is done and saved.
        FloatingPointError
            If the loss is no longer a number.
        ValueError
            If there was no batch.
        """
        for batch in self._begin_epoch(loader):
            yield batch
            self.step += 1
            if self.bar.update():  # true when the bar was drawn anew, a few times a second
                loss = self.measured()["loss"]
                self.bar.set_postfix(epoch=self.epoch, loss=f"{loss:.4f}", refresh=False)
            if self.interrupted:
                self.save()
                raise KeyboardInterrupt(self._how_to_resume())
            if self.save_every and self.step % self.save_every == 0:
                self.save()
        if self.step == 0:
            raise ValueError(EMPTY)

    def _begin_epoch(self, loader: Iterable[Any]) -> Iterator[Any]:
        """Begin a pass; or begin an interrupted one again and go on to where it was."""
        if self.step == 0:
            self.averages = Averages()
            self.epoch_start = {"random": self.runner.random_state(), "passes": self._passes()}
            return iter(loader)
        now = self.runner.random_state()
        self.runner.set_random_state(self.epoch_start["random"])  # loaders draw their order from it
        self._set_passes(self.epoch_start["passes"])
        batches = iter(loader)
        next(islice(batches, self.step - 1, self.step), None)
        self.runner.set_random_state(now)
        return batches

    def measured(self) -> dict[str, float]:
        """Averages of the current epoch so far, in this process.

        Returns
        -------
        dict of str to float

        Raises
        ------
        FloatingPointError
            If a loss was NaN or infinite.
        """
        means = self.averages.means()
        if not math.isfinite(means.get("loss", 0.0)):
            raise FloatingPointError(
                f"the loss is {means['loss']} since step {self.averages.first_bad} of epoch "
                f"{self.epoch} (learning rate {self.runner.lr:g}). Try a learning rate ten times "
                "smaller or clip_norm=1.0; look for NaN in the inputs, and in the loss for a "
                "logarithm of 0 or a division by 0"
            )
        return means

    def end_epoch(self, row: dict[str, Any]) -> None:
        """Note the numbers of an epoch, tell the callbacks, keep the best, decide whether to go on."""
        self._check_weights()
        self.history.append(row)
        if self.patience is not None or (self.folder is not None and self.monitor in row):
            stale = self.history.stale(self.monitor)
            if stale == 0 and self.folder is not None and self.runner.writes:
                self.runner.save_model(self.folder / "best.safetensors")
            self.stopped = self.patience is not None and stale >= self.patience
        self.stopped |= any([bool(callback(self.runner, row)) for callback in self.callbacks])
        self.epoch, self.step = self.epoch + 1, 0
        self.save()

    def save(self) -> None:
        """Write ``last.safetensors``, if there is a folder for it."""
        if self.folder is None:
            return
        if self.step:
            self.measured()  # brings the sums up to date, and never lets a model of NaN be saved
            self._check_weights()
        names = ("epoch", "step", "stopped", "epoch_start")
        state = {name: getattr(self, name) for name in names} | {"passes": self._passes()}
        state |= {"history": self.history.rows, "averages": self.averages.state()}
        if self.runner.writes:
            self.runner.save_state(self.folder / "last.safetensors", state)

    def _load(self, path: Path) -> None:
        state = self.runner.load_state(path)
        for name in ("epoch", "step", "stopped", "epoch_start"):
            setattr(self, name, state[name])
        self.history.rows[:] = state["history"]
        self.averages = Averages(**state["averages"])
        self._set_passes(state["passes"])

    def _passes(self) -> list[int | None]:
        """How often each loader was gone through, which decides the next order of an ArrayLoader."""
        return [getattr(loader, "epoch", None) for loader in self.loaders]

    def _set_passes(self, passes: list[int | None]) -> None:
        for loader, count in zip(self.loaders, passes, strict=True):
            if count is not None and loader is not None:
                loader.epoch = count

    def _how_to_resume(self) -> str:
        where = f"stopped after step {self.step} of epoch {self.epoch}"
        if self.folder is None:
            return f"{where}; with checkpoint='folder' it could be continued"
        return f"{where}; continue with train(..., checkpoint='{self.folder}', resume=True)"

    def _check_weights(self) -> None:
        """Refuse weights that are no numbers, which a finite loss need not show."""
        lost = self.runner.lost_weights()  # Paddle's ReLU turns NaN into 0 and so hides it from the loss
        if lost:
            raise FloatingPointError(
                f"the loss of epoch {self.epoch} is finite but the weights {', '.join(lost[:3])} are not "
                f"(learning rate {self.runner.lr:g}). Look for NaN in the inputs; try a learning rate ten "
                "times smaller or clip_norm=1.0"
            )
