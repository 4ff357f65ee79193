"""Where and in which number format the computing happens: decided once, before the training loop."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
import paddle.distributed as dist
from paddle import nn

from lesson_utils.checkpoint import python_random_state, set_python_random_state
from lesson_utils.seed import seed_python


@dataclass(frozen=True)
class Hardware:
    """Device and number format of a runner.

    There is no memory layout to choose as in PyTorch: in Paddle it belongs to the layer
    (``Conv2D(..., data_format="NHWC")``).

    Parameters
    ----------
    device : str
        Where model and batches are.
    bfloat16 : bool
        Forward pass in bfloat16 where that is safe; the weights stay in float32.
    """

    device: str
    bfloat16: bool = False

    @classmethod
    def choose(cls, model: nn.Layer, device: str = "auto", precision: str = "auto") -> "Hardware":
        """Decide for a model.

        Parameters
        ----------
        model : nn.Layer
            Not looked at in Paddle.
        device : str
            See `pick_device`.
        precision : str
            ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 on a GPU that has it.

        Returns
        -------
        Hardware

        Raises
        ------
        ValueError
            If the precision is unknown.
        """
        if precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"unknown precision {precision!r}: use 'auto', 'float32' or 'bfloat16'")
        place = pick_device(device)
        paddle.set_device(place)  # Paddle makes new tensors on the current device
        gpu = place.startswith("gpu")
        if precision == "bfloat16" and not gpu:
            raise ValueError("precision 'bfloat16' needs a GPU in Paddle; its CPU kernels lack it")
        half = gpu and precision != "float32" and bool(paddle.amp.is_bfloat16_supported())
        return cls(place, bfloat16=half)

    def autocast(self) -> AbstractContextManager[Any]:
        """Context of the forward pass.

        Returns
        -------
        context manager
        """
        return paddle.amp.auto_cast(dtype="bfloat16") if self.bfloat16 else nullcontext()

    def place_model(self, model: nn.Layer) -> nn.Layer:
        """Bring a model to the device."""
        # nn.LSTM keeps a buffer that is empty until the GPU's kernel fills it, and `to` cannot copy an empty one.
        empty = [
            (layer, name, buffer)
            for layer in model.sublayers(include_self=True)
            for name, buffer in layer._buffers.items()
            if buffer is not None and not buffer._is_initialized()
        ]
        for layer, name, _ in empty:
            layer._buffers[name] = None
        model.to(self.device)
        for layer, name, buffer in empty:
            layer._buffers[name] = buffer
        return model

    def place(self, tensors: Iterable[Any]) -> list[paddle.Tensor]:
        """Bring a batch to the device.

        Parameters
        ----------
        tensors : iterable of Tensor or array
            A batch.

        Returns
        -------
        list of Tensor
        """
        there = f"Place({self.device})"
        return [
            tensor if isinstance(tensor, paddle.Tensor) and str(tensor.place) == there
            else paddle.to_tensor(tensor, place=self.device)
            for tensor in tensors
        ]  # fmt: skip


def pick_device(name: str = "auto") -> str:
    """Choose a device.

    Parameters
    ----------
    name : str
        ``"auto"`` takes a GPU if there is one; everything else is a name Paddle knows.

    Returns
    -------
    str
        Under ``paddle.distributed.launch`` each process gets a GPU of its own.
    """
    if name == "gpu":
        return "gpu:0"
    if name != "auto":
        return name
    if paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count():
        return f"gpu:{os.environ.get('FLAGS_selected_gpus', '0')}"
    return "cpu"


def processes() -> tuple[int, int]:
    """Rank of this process and number of processes; the first call under ``launch`` joins them.

    Returns
    -------
    tuple of int
        (0, 1) for a program that was started alone.
    """
    if int(os.environ.get("PADDLE_TRAINERS_NUM", 1)) == 1:
        return 0, 1
    if not dist.is_initialized():
        dist.init_parallel_env()
    return dist.get_rank(), dist.get_world_size()


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and Paddle on every device.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.
    """
    seed_python(seed)
    paddle.seed(seed)


def random_state() -> dict[str, Any]:
    """State of every random generator: Python, NumPy, Paddle on the CPU and on the GPU.

    Returns
    -------
    dict
        For `set_random_state`.
    """
    gpu = paddle.get_cuda_rng_state() if paddle.device.is_compiled_with_cuda() else []
    both = {"paddle": paddle.get_rng_state("cpu"), "gpu": gpu}
    return python_random_state() | {name: [_state_to_tuple(s) for s in states] for name, states in both.items()}


def set_random_state(state: dict[str, Any]) -> None:
    """Put every random generator where it was.

    Parameters
    ----------
    state : dict
        From `random_state`.
    """
    set_python_random_state(state)
    paddle.set_rng_state([_state_from_tuple(s) for s in state["paddle"]], "cpu")
    if paddle.device.is_compiled_with_cuda() and len(state["gpu"]) == paddle.device.cuda.device_count():
        paddle.set_cuda_rng_state([_state_from_tuple(s) for s in state["gpu"]])


def _state_to_tuple(state: Any) -> tuple[int, int, int, str]:
    """A generator's state as numbers and text: Paddle itself offers only its pickle."""
    device, seed, offset, engine = state.__getstate__()
    return device, seed, offset, bytes(engine).decode("latin1")


def _state_from_tuple(values: tuple[int, int, int, str]) -> Any:
    state = paddle.base.core.GeneratorState.__new__(paddle.base.core.GeneratorState)
    state.__setstate__((*values[:3], list(values[3].encode("latin1"))))
    return state


def to_numpy(tensor: Any) -> np.ndarray:
    """A tensor as a NumPy array on the CPU, detached from the graph.

    Parameters
    ----------
    tensor : Tensor or array
        Any shape and dtype; bfloat16 becomes float32, which NumPy knows.

    Returns
    -------
    ndarray
    """
    if not isinstance(tensor, paddle.Tensor):
        return np.asarray(tensor)
    tensor = tensor.detach()
    return (tensor.astype("float32") if tensor.dtype == paddle.bfloat16 else tensor).numpy()
