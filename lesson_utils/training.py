"""What the runners of both frameworks have in common: all of training but the five steps.

Where a run stands between two steps is kept by `Session`, everything around a step by `BaseRunner`. The
steps themselves, and whatever else a framework does in its own way, are in ``lesson_utils.torch.runner`` and
``lesson_utils.paddle.runner``.

The same script runs in several processes, one for each GPU, without a change. On one machine::

    torchrun --nproc_per_node 2 train.py
    python -m paddle.distributed.launch --nproc_per_node 2 train.py          # --backend gloo on CPUs

and on each of two machines, of which the first is called head::

    torchrun --nnodes 2 --nproc_per_node 8 --rdzv_backend c10d --rdzv_endpoint head:29500 train.py
    python -m paddle.distributed.launch --nnodes 2 --master head:29500 train.py

``batch_size`` is that of all processes together, so losses and weights are those of a single process, to
rounding. Only the first process writes; a checkpoint has to be in a folder that all of them can read. Where a
model normalises over the batch, each process sees its own share: convert it with ``SyncBatchNorm`` first.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lesson_utils.checks import check_loss_inputs
from lesson_utils.history import Averages, History
from lesson_utils.session import Callback, Session

Function = Callable[[Any, Any], Any]


class BaseRunner(ABC):
    """Train and store a model, in either framework.

    A framework's runner sets the attributes below and fills in the methods at the end of this class.
    """

    model: Any
    optimizer: Any
    loss_fn: Function
    metric: Function | None
    scheduler: Any
    hardware: Any
    rank: int
    processes: int
    history: History
    _checked = False

    def train(
        self,
        train_loader: Iterable[Any],
        val_loader: Iterable[Any] | None = None,
        epochs: int = 1,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        save_every: int | None = None,
        monitor: str = "val_loss",
        patience: int | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> History:
        """Train for some epochs.

        Ctrl-C ends the run after the current step, with a checkpoint if there is a folder for it.

        Parameters
        ----------
        train_loader, val_loader : iterable of batches
            A batch is a tuple of tensors, the targets last: an `ArrayLoader` or any DataLoader.
        epochs : int
            Passes over the training data; with `resume`, those of the interrupted run included.
        checkpoint : path, optional
            Folder for ``last.safetensors``, written after each epoch, and ``best.safetensors``.
        resume : bool
            Continue from ``last.safetensors`` if it exists. In a single process on the CPU the result
            is, to the last bit, that of a run which was never interrupted.
        save_every : int, optional
            Write ``last.safetensors`` also after every so many steps.
        monitor : str
            Column that decides what is best: the lowest if it contains ``loss``, else the highest.
        patience : int, optional
            Stop after so many epochs without an improvement of `monitor`.
        callbacks : sequence of callable
            Called as ``callback(runner, row)`` after each epoch; a true answer ends the run.

        Returns
        -------
        History
            One row an epoch. Also kept as ``runner.history``, for a run that did not end.

        Raises
        ------
        ValueError
            If a loader is empty, or logits and targets do not fit the loss.
        FloatingPointError
            If the loss is no longer a number; names step and learning rate and what to try.
        CheckpointError
            If the checkpoint is damaged or of another model.
        OSError
            If a checkpoint cannot be written; the one before it is unharmed.
        """
        loaders = (train_loader, val_loader)
        session = Session(self, epochs, loaders, checkpoint, save_every, monitor, patience, callbacks)
        self.history = session.history
        session.begin(resume)
        with session:
            for epoch in session.epochs():
                measured = self._train_epoch(session, train_loader)
                row = {"epoch": epoch, "lr": self.lr}
                row |= {f"train_{name}": value for name, value in measured.items()}
                if val_loader is not None:
                    measured = self.evaluate(val_loader)
                    row |= {f"val_{name}": value for name, value in measured.items()}
                session.end_epoch(row)
        return self.history

    def save_model(self, path: str | Path) -> None:
        """Write the weights as safetensors: the whole file, or nothing.

        Parameters
        ----------
        path : path
            File to write; its folder is made.

        Raises
        ------
        OSError
            If it cannot be written; what was at `path` is still there.
        """
        self._write(Path(path), {"model": self.model.state_dict()})

    def load_model(self, path: str | Path) -> None:
        """Read weights that `save_model` or `train` wrote.

        Parameters
        ----------
        path : path
            File to read.

        Raises
        ------
        CheckpointError
            If the file is damaged or of another model; the message says which weights differ.
        """
        self._set_weights(Path(path), self._read(Path(path))["model"])

    def save_state(self, path: Path, session: dict[str, Any]) -> None:
        """Write all that a resumed run needs: weights, momenta, generators and the session."""
        state = {"model": self.model.state_dict(), "random": self.random_state()}
        self._write(path, state | {"optimizer": self._optimizer_state(), "session": session})

    def load_state(self, path: Path) -> dict[str, Any]:
        """Put everything where `save_state` found it and return the session."""
        state = self._read(path)
        self._set_weights(path, state["model"])
        self._set_optimizer_state(state["optimizer"])
        self.set_random_state(state["random"])
        return dict(state["session"])

    def _predict(self, network: Any, inputs: Sequence[Any]) -> Any:
        try:
            with self.hardware.autocast():
                return network(*inputs)
        except Exception as error:
            shapes = ", ".join(f"{tuple(tensor.shape)} {tensor.dtype}" for tensor in inputs)
            error.add_note(f"The model was given inputs of shape {shapes}")
            raise

    def _loss(self, logits: Any, targets: Any) -> Any:
        try:
            if not self._checked:  # the first batch always, a later one when the loss complains
                check_loss_inputs(self.loss_fn, logits, targets)
                self._checked = True
            with self.hardware.autocast():
                return self.loss_fn(logits, targets)
        except (RuntimeError, ValueError, IndexError):
            check_loss_inputs(self.loss_fn, logits, targets)
            raise

    def _measure(self, loss: Any, logits: Any, targets: Any) -> dict[str, Any]:
        values = {"loss": loss.detach()}
        if self.metric is not None:
            name = getattr(self.metric, "__name__", type(self.metric).__name__.lower())
            values[name] = self.metric(logits.detach(), targets)
        return values

    def _means(self, averages: Averages) -> dict[str, float]:
        """Averages over the examples of all processes."""
        means = averages.means()
        if self.processes > 1:
            examples, *sums = self._add_up([averages.examples, *averages.sums.values()])
            means = {name: total / examples for name, total in zip(means, sums, strict=True)}
        if not means:
            raise ValueError("the loader is empty: there is nothing to measure")
        return means

    @property
    def writes(self) -> bool:
        """Whether this process writes files and shows the bar: the first one alone does."""
        return self.rank == 0

    # What each framework does in its own way.

    @abstractmethod
    def _train_epoch(self, session: Session, loader: Iterable[Any]) -> dict[str, float]: ...

    @abstractmethod
    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """Mean loss and metric over a loader.

        Parameters
        ----------
        loader : iterable of batches
            As for `train`.

        Returns
        -------
        dict of str to float
            ``loss`` and the metric under its function's name.

        Raises
        ------
        ValueError
            If the loader is empty, or logits and targets do not fit the loss.
        """

    @property
    @abstractmethod
    def lr(self) -> float:
        """Learning rate of the next step."""

    @abstractmethod
    def random_state(self) -> dict[str, Any]:
        """State of every random generator: Python's, NumPy's and the framework's."""

    @abstractmethod
    def set_random_state(self, state: dict[str, Any]) -> None:
        """Put every random generator where it was."""

    @abstractmethod
    def lost_weights(self) -> list[str]:
        """Names of the parameters that hold NaN or infinity."""

    @abstractmethod
    def _optimizer_state(self) -> dict[str, Any]: ...

    @abstractmethod
    def _set_optimizer_state(self, state: dict[str, Any]) -> None: ...

    @abstractmethod
    def _set_weights(self, path: Path, weights: dict[str, Any]) -> None: ...

    @abstractmethod
    def _write(self, path: Path, tree: Any) -> None: ...

    @abstractmethod
    def _read(self, path: Path) -> Any: ...

    @abstractmethod
    def _add_up(self, numbers: list[float]) -> list[float]: ...
