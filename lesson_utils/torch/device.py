"""Where and in which number format the computing happens: decided once, before the training loop."""

import atexit
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from lesson_utils.checkpoint import python_random_state, set_python_random_state
from lesson_utils.seed import seed_python


@dataclass(frozen=True)
class Hardware:
    """Device, number format and memory layout of a runner.

    Parameters
    ----------
    device : torch.device
        Where model and batches are.
    bfloat16 : bool
        Forward pass in bfloat16 where that is safe; the weights stay in float32.
    channels_last : bool
        Pictures in memory as N, H, W, C: what tensor cores and the vector units of a CPU read.
    """

    device: torch.device
    bfloat16: bool = False
    channels_last: bool = False

    @classmethod
    def choose(cls, model: nn.Module, device: str = "auto", precision: str = "auto") -> "Hardware":
        """Decide for a model.

        Parameters
        ----------
        model : nn.Module
            Its layers decide about the memory layout.
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
        auto = precision == "auto" and place.type == "cuda"
        half = precision == "bfloat16" or (auto and torch.cuda.is_bf16_supported())
        return cls(place, bfloat16=half, channels_last=prefers_channels_last(model, place))

    def autocast(self) -> AbstractContextManager[Any]:
        """Context of the forward pass.

        Returns
        -------
        context manager
        """
        return torch.autocast(self.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def place_model(self, model: nn.Module) -> nn.Module:
        """Bring a model to the device, its convolutions in the layout of the pictures."""
        if self.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model.to(self.device)

    def place(self, tensors: Iterable[Any]) -> list[torch.Tensor]:
        """Bring a batch to the device.

        Parameters
        ----------
        tensors : iterable of Tensor or array
            A batch.

        Returns
        -------
        list of Tensor
        """
        placed = [torch.as_tensor(tensor).to(self.device, non_blocking=True) for tensor in tensors]
        if self.channels_last:
            placed = [t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in placed]
        return placed


def prefers_channels_last(model: nn.Module, device: torch.device) -> bool:
    """Whether a model computes faster on pictures stored as N, H, W, C.

    Parameters
    ----------
    model : nn.Module
        Any; without 2-D convolutions the answer is no.
    device : torch.device
        A GPU always prefers it. On a CPU convolutions take 0.6 to 0.9 of the time they take on
        N, C, H, W and pooling as little as 0.2, but normalisation takes up to ten times as long where
        its channels do not fill the vector registers, which are eight numbers wide.

    Returns
    -------
    bool
    """
    layers = list(model.modules())
    if device.type not in ("cuda", "cpu") or not any(isinstance(layer, nn.Conv2d) for layer in layers):
        return False
    channels = [layer.num_features for layer in layers if isinstance(layer, nn.BatchNorm2d | nn.InstanceNorm2d)]
    channels += [layer.num_channels for layer in layers if isinstance(layer, nn.GroupNorm)]
    return device.type == "cuda" or all(count % 8 == 0 for count in channels)


def pick_device(name: str = "auto") -> torch.device:
    """Choose a device.

    Parameters
    ----------
    name : str
        ``"auto"`` takes the first of CUDA, MPS and CPU; everything else is a name PyTorch knows.

    Returns
    -------
    torch.device
        Under ``torchrun`` each process gets a GPU of its own.
    """
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def processes() -> tuple[int, int]:
    """Rank of this process and number of processes; the first call under ``torchrun`` joins them.

    Returns
    -------
    tuple of int
        (0, 1) for a program that was started alone.
    """
    if not dist.is_available() or int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(dist.destroy_process_group)
    return dist.get_rank(), dist.get_world_size()


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch on every device.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.
    """
    seed_python(seed)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """State of every random generator: Python, NumPy, PyTorch on the CPU and on the GPUs.

    Returns
    -------
    dict
        For `set_random_state`.
    """
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return python_random_state() | {"torch": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    """Put every random generator where it was.

    Parameters
    ----------
    state : dict
        From `random_state`.
    """
    set_python_random_state(state)
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


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
    if not isinstance(tensor, torch.Tensor):
        return np.asarray(tensor)
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()
