"""Checkpoints of PyTorch: nested state with tensors in it, to a file and back."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from lesson_utils import checkpoint


def save_tree(path: Path, tree: Any) -> None:
    """Write nested state.

    Parameters
    ----------
    path : Path
        A ``.safetensors`` file.
    tree : object
        Dicts, lists, tuples, numbers, text and tensors.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` is still there.
    """
    tensors: dict[str, torch.Tensor] = {}
    state = checkpoint.pack(tree, torch.is_tensor, tensors)
    # Clones, because safetensors refuses tensors that share memory, as tied weights do.
    copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    checkpoint.write(path, save(copies, checkpoint.header(state)))


def load_tree(path: Path) -> Any:
    """Read what `save_tree` wrote.

    Parameters
    ----------
    path : Path
        File to read.

    Returns
    -------
    object
        The same nested state, tensors on the CPU.

    Raises
    ------
    CheckpointError
        If the file is truncated, damaged or something else.
    """
    data, state = checkpoint.read(path)
    return checkpoint.unpack(state, load(data))
