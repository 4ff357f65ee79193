"""The training loop of the course, in Paddle."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import paddle.distributed as dist
from paddle import nn

from lesson_utils.checkpoint import check_weights
from lesson_utils.history import Averages
from lesson_utils.paddle.checkpoint import (
    load_tree,
    optimizer_state,
    save_tree,
    set_optimizer_state,
)
from lesson_utils.paddle.device import Hardware, processes, random_state, set_random_state
from lesson_utils.parity import deterministic_weights
from lesson_utils.session import Session
from lesson_utils.training import BaseRunner, Function


class Runner(BaseRunner):
    """Train, evaluate and use a model.

    Parameters
    ----------
    model : nn.Layer
        Called with the inputs of a batch; returns logits. Is moved to the device.
    optimizer : Optimizer
        Over the parameters of the model.
    loss_fn : callable
        ``loss_fn(logits, targets)`` returns the mean loss of a batch.
    metric : callable, optional
        ``metric(logits, targets)`` returns the mean of a batch, for example `accuracy`. Its name
        becomes the name of the column.
    device : str
        See `pick_device`.
    precision : str
        ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 on a GPU that has it.
    scheduler : LRScheduler, optional
        Is stepped after every batch, for example ``LambdaDecay(1e-3, one_cycle(steps))``; the
        optimizer must have been made with it as its learning rate.
    clip_norm : float, optional
        Gradients are scaled down to this norm when they are longer.
    compile : bool
        Compile the model first; pays off on a GPU in long runs.

    Examples
    --------
    >>> runner = Runner(model, optimizer, nn.CrossEntropyLoss(), metric=accuracy)  # doctest: +SKIP
    >>> runner.train(train_loader, val_loader, epochs=5).frame()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Layer,
        optimizer: paddle.optimizer.Optimizer,
        loss_fn: Function,
        metric: Function | None = None,
        device: str = "auto",
        precision: str = "auto",
        *,
        scheduler: Any = None,
        clip_norm: float | None = None,
        compile: bool = False,
    ) -> None:
        if metric is not None and not callable(metric):
            raise TypeError(f"unknown metric {metric!r}: give a function such as accuracy")
        self.rank, self.processes = processes()
        self.hardware = Hardware.choose(model, device, precision)
        self.model = self.hardware.place_model(model)
        self.optimizer, self.loss_fn, self.metric = optimizer, loss_fn, metric
        self.scheduler, self.clip_norm = scheduler, clip_norm
        # What the loop calls: the model, perhaps in wrappers. What is saved is always the model.
        self.network: Any = paddle.jit.to_static(self.model) if compile else self.model
        if self.processes > 1:
            self.network = paddle.DataParallel(self.network)

    def _train_epoch(self, session: Session, loader: Iterable[Any]) -> dict[str, float]:
        self.model.train()
        self._checked = False
        self.optimizer.clear_grad()  # left over from experiments before the run
        for batch in session.batches(loader):
            *inputs, targets = self.hardware.place(batch)
            logits = self._predict(self.network, inputs)  # 1 predict
            loss = self._loss(logits, targets)  # 2 how wrong was it?
            loss.backward()  # 3 which way is down?
            if self.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
            self.optimizer.step()  # 4 one step that way
            self.optimizer.clear_grad()  # 5 forget the gradient
            if self.scheduler is not None:
                self.scheduler.step()
            session.averages.add(len(targets), self._measure(loss, logits, targets))
        session.measured()
        return self._means(session.averages)

    @paddle.no_grad()
    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:  # noqa: D102
        self.model.eval()
        self._checked = False
        averages = Averages()
        for batch in loader:
            *inputs, targets = self.hardware.place(batch)
            logits = self._predict(self.model, inputs)
            loss = self._loss(logits, targets)
            averages.add(len(targets), self._measure(loss, logits, targets))
        return self._means(averages)

    @paddle.no_grad()
    def predict(self, inputs: Any) -> paddle.Tensor:
        """Outputs of the model for inputs without targets.

        Parameters
        ----------
        inputs : array, Tensor or loader
            (N, …). Of a loader's batches the last tensor is taken for the targets and left aside.

        Returns
        -------
        Tensor
            Logits (N, …) in float32 on the CPU.

        Raises
        ------
        ValueError
            If there are no inputs.
        """
        self.model.eval()
        if hasattr(inputs, "shape"):
            whole = inputs if isinstance(inputs, paddle.Tensor) else paddle.to_tensor(inputs)
            whole = whole.astype("float32") if whole.dtype == paddle.float64 else whole
            inputs = [(whole[start : start + 256], None) for start in range(0, len(whole), 256)]
        outputs = []
        for *batch, _ in inputs:
            logits = self._predict(self.model, self.hardware.place(batch))
            outputs.append(logits.astype("float32").cpu())
        if not outputs:
            raise ValueError("there is nothing to predict: no inputs")
        return paddle.concat(outputs)

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        return float(self.optimizer.get_lr())

    def _optimizer_state(self) -> dict[str, Any]:
        return optimizer_state(self.model, self.optimizer)  # its scheduler's included

    def _set_optimizer_state(self, state: dict[str, Any]) -> None:
        set_optimizer_state(self.model, self.optimizer, state)

    def random_state(self) -> dict[str, Any]:  # noqa: D102
        return random_state()

    def set_random_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        set_random_state(state)

    def lost_weights(self) -> list[str]:  # noqa: D102
        return [name for name, weight in self.model.named_parameters() if not weight.isfinite().all()]

    def _write(self, path: Path, tree: Any) -> None:
        save_tree(path, tree)

    def _read(self, path: Path) -> Any:
        return load_tree(path)

    def _set_weights(self, path: Path, weights: dict[str, Any]) -> None:
        check_weights(path, weights, self.model.state_dict())
        self.model.set_state_dict(weights)

    def _add_up(self, numbers: list[float]) -> list[float]:
        totals = paddle.to_tensor(numbers, dtype="float64", place=self.hardware.device)
        dist.all_reduce(totals)
        return [float(total) for total in totals.numpy()]


def accuracy(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """Share of decisions that are right.

    Parameters
    ----------
    logits : Tensor
        (N, classes), (N, …, classes) or (N, classes, …); of the shape of `targets` for one logit
        a decision.
    targets : Tensor
        Class indices (N,) or (N, …); zeros and ones for one logit a decision.

    Returns
    -------
    Tensor
        A float32 scalar from 0 to 1.
    """
    if logits.shape == targets.shape:
        return ((logits > 0) == (targets > 0.5)).astype("float32").mean()
    axis = -1 if logits.shape[:-1] == targets.shape else 1
    return (logits.argmax(axis) == targets).astype("float32").mean()


def fill_weights(model: nn.Layer, seed: int = 0) -> None:
    """Give a model weights that are the same in PyTorch and in Paddle.

    Parameters
    ----------
    model : nn.Layer
        Its parameters are overwritten in their order of definition.
    seed : int
        See `lesson_utils.parity.deterministic_weights`.
    """
    # PyTorch keeps the weight of a linear layer as (out, in), Paddle as (in, out).
    layers = model.sublayers(include_self=True)
    linear = {id(layer.weight) for layer in layers if isinstance(layer, nn.Linear)}
    # Paddle counts the running averages of batch normalisation among the parameters, PyTorch does not.
    running = ("_mean", "_variance")
    parameters = {name: p for name, p in model.named_parameters() if name.split(".")[-1] not in running}
    shapes = {name: tuple(p.shape)[:: -1 if id(p) in linear else 1] for name, p in parameters.items()}
    for name, array in deterministic_weights(shapes, seed).items():
        transposed = array.T if id(parameters[name]) in linear else array
        parameters[name].set_value(np.ascontiguousarray(transposed))
