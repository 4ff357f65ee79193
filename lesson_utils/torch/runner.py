"""The training loop of the course, in PyTorch."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from lesson_utils.checkpoint import check_weights
from lesson_utils.history import Averages
from lesson_utils.parity import deterministic_weights
from lesson_utils.session import Session
from lesson_utils.torch.checkpoint import load_tree, save_tree
from lesson_utils.torch.device import Hardware, processes, random_state, set_random_state
from lesson_utils.training import BaseRunner, Function


class Runner(BaseRunner):
    """Train, evaluate and use a model.

    Parameters
    ----------
    model : nn.Module
        Called with the inputs of a batch; returns logits. Is moved to the device and, if
        `prefers_channels_last`, to that memory layout.
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
        Is stepped after every batch, for example ``LambdaLR(optimizer, one_cycle(steps))``.
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
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
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
        self.network: Any = torch.compile(self.model) if compile else self.model
        if self.processes > 1:
            self.network = DistributedDataParallel(self.network)

    def _train_epoch(self, session: Session, loader: Iterable[Any]) -> dict[str, float]:
        self.model.train()
        self._checked = False
        self.optimizer.zero_grad()  # left over from experiments before the run
        for batch in session.batches(loader):
            *inputs, targets = self.hardware.place(batch)
            logits = self._predict(self.network, inputs)  # 1 predict
            loss = self._loss(logits, targets)  # 2 how wrong was it?
            loss.backward()  # 3 which way is down?
            if self.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
            self.optimizer.step()  # 4 one step that way
            self.optimizer.zero_grad()  # 5 forget the gradient
            if self.scheduler is not None:
                self.scheduler.step()
            session.averages.add(len(targets), self._measure(loss, logits, targets))
        session.measured()
        return self._means(session.averages)

    @torch.no_grad()
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

    @torch.no_grad()
    def predict(self, inputs: Any) -> torch.Tensor:
        """Outputs of the model for inputs without targets.

        Parameters
        ----------
        inputs : array, Tensor or loader
            (N, …). Of a loader's batches the last tensor is taken for the targets and left aside.

        Returns
        -------
        Tensor
            Logits (N, …) in float32 on the CPU, contiguous.

        Raises
        ------
        ValueError
            If there are no inputs.
        """
        self.model.eval()
        if hasattr(inputs, "shape"):
            inputs = torch.as_tensor(inputs)
            inputs = inputs.float() if inputs.dtype is torch.float64 else inputs
            inputs = [(batch, None) for batch in inputs.split(256) if len(batch)]
        outputs = []
        for *batch, _ in inputs:
            logits = self._predict(self.model, self.hardware.place(batch))
            outputs.append(logits.float().cpu())
        if not outputs:
            raise ValueError("there is nothing to predict: no inputs")
        return torch.cat(outputs).contiguous()

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def _predict(self, network: Any, inputs: Sequence[Any]) -> Any:
        try:
            return super()._predict(network, inputs)
        except RuntimeError as error:
            if self.hardware.channels_last and ".reshape(" in str(error):  # what PyTorch says of a view
                error.add_note(
                    "Runner keeps pictures as N, H, W, C in memory, which is faster and lets no view join axes: "
                    "in the model, write .flatten(1) or .reshape(…) where it says .view(…)"
                )
            raise

    def _optimizer_state(self) -> dict[str, Any]:
        scheduler = None if self.scheduler is None else self.scheduler.state_dict()
        return {"slots": self.optimizer.state_dict(), "scheduler": scheduler}

    def _set_optimizer_state(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["slots"])
        # A file knows no memory layout; momenta laid out otherwise than their weights would slow every step.
        for weight, slots in self.optimizer.state.items():
            for name, slot in slots.items():
                if torch.is_tensor(slot) and slot.shape == weight.shape:
                    slots[name] = torch.empty_like(weight, dtype=slot.dtype).copy_(slot)
        if self.scheduler is not None and state["scheduler"] is not None:
            self.scheduler.load_state_dict(state["scheduler"])

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
        self.model.load_state_dict(weights)

    def _add_up(self, numbers: list[float]) -> list[float]:
        totals = torch.tensor(numbers, dtype=torch.float64, device=self.hardware.device)
        dist.all_reduce(totals)
        return totals.tolist()


def accuracy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
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
        return ((logits > 0) == (targets > 0.5)).float().mean()
    axis = -1 if logits.shape[:-1] == targets.shape else 1
    return (logits.argmax(axis) == targets).float().mean()


def fill_weights(model: nn.Module, seed: int = 0) -> None:
    """Give a model weights that are the same in PyTorch and in Paddle.

    Parameters
    ----------
    model : nn.Module
        Its parameters are overwritten in their order of definition.
    seed : int
        See `lesson_utils.parity.deterministic_weights`.
    """
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    weights = deterministic_weights(shapes, seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights[name]))
