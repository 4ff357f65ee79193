"""Checkpoints of Paddle: nested state with tensors in it, to a file and back."""

import re
from pathlib import Path
from typing import Any

import paddle
from safetensors.paddle import load, save

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
    tensors: dict[str, paddle.Tensor] = {}
    state = checkpoint.pack(tree, lambda value: isinstance(value, paddle.Tensor), tensors)
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


def optimizer_state(model: paddle.nn.Layer, optimizer: Any) -> dict[str, Any]:
    """State of an optimizer under the names that the parameters have in the model.

    Paddle numbers parameters through the whole program (``linear_3.w_0_moment1_0``), so that a second
    model in the same notebook could not find its state again; ``0.weight/moment1`` it can.
    """
    state = optimizer.state_dict()
    scheduler = state.pop("LR_Scheduler", None)
    slots = {_stable_name(model, name): tensor for name, tensor in state.items()}
    return {"slots": slots, "scheduler": scheduler}


def set_optimizer_state(model: paddle.nn.Layer, optimizer: Any, state: dict[str, Any]) -> None:
    """Give an optimizer the state that `optimizer_state` returned."""
    # The first step makes the slots; here they have to exist before it.
    names = {slot.split("/")[0] for slot in state["slots"]}
    block = paddle.static.default_main_program().global_block()
    parameters = [parameter for name, parameter in model.named_parameters() if name in names]
    optimizer._create_accumulators(block, parameters)
    current = optimizer.state_dict()
    current.pop("LR_Scheduler", None)
    restored = {name: state["slots"][_stable_name(model, name)] for name in current}
    optimizer.set_state_dict(restored | {"LR_Scheduler": state["scheduler"]})


def _stable_name(model: paddle.nn.Layer, name: str) -> str:
    owners = {p.name: key for key, p in model.named_parameters() if name.startswith(f"{p.name}_")}
    longest = max(owners, key=len)
    return f"{owners[longest]}/{re.sub('_[0-9]+$', '', name[len(longest) + 1 :])}"
