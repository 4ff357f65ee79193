"""The file format of checkpoints: safetensors with a JSON header, whole or not there at all.

Nothing here knows a framework. ``lesson_utils.torch.checkpoint`` and ``lesson_utils.paddle.checkpoint``
turn their tensors into bytes; this module puts those bytes on the disk and takes them from it again. No
pickle is involved, so opening a stranger's checkpoint cannot run a stranger's code.
"""

import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_NO_DIGEST = "0" * 64


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: damaged, or of another model."""


def pack(tree: Any, is_tensor: Callable[[Any], bool], tensors: dict[str, Any], name: str = "") -> Any:
    """Take the tensors out of nested state, so that JSON can hold the rest.

    Parameters
    ----------
    tree : dict, list, tuple, number, str, None or tensor
        State, nested to any depth.
    is_tensor : callable
        Tells a tensor of the framework.
    tensors : dict
        Is filled: dotted path within `tree` to tensor.
    name : str
        Path so far.

    Returns
    -------
    object
        What JSON can hold.

    Raises
    ------
    TypeError
        If something is neither a number nor text nor a tensor; the message names its path.
    """

    def inner(key: Any, value: Any) -> Any:
        return pack(value, is_tensor, tensors, f"{name}.{key}".lstrip("."))

    if is_tensor(tree):
        tensors[name] = tree
        return {"$tensor": name}
    if isinstance(tree, dict):
        return {"$dict": [[key, inner(key, value)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        values = [inner(index, value) for index, value in enumerate(tree)]
        return {"$tuple": values} if isinstance(tree, tuple) else values
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    kind = type(tree).__name__
    raise TypeError(f"a checkpoint cannot hold {name}, a {kind}: only tensors, numbers and text")


def unpack(packed: Any, tensors: dict[str, Any]) -> Any:
    """Put the tensors back: the inverse of `pack`."""
    if isinstance(packed, list):
        return [unpack(value, tensors) for value in packed]
    if not isinstance(packed, dict):
        return packed
    ((kind, value),) = packed.items()
    if kind == "$tensor":
        return tensors[value]
    if kind == "$tuple":
        return tuple(unpack(item, tensors) for item in value)
    return {key: unpack(item, tensors) for key, item in value}


def header(state: Any) -> dict[str, str]:
    """Metadata for safetensors: the state, which JSON can hold, and room for a digest."""
    return {"state": json.dumps(state, separators=(",", ":")), "sha256": _NO_DIGEST}


def write(path: Path, data: bytes) -> None:
    """Write a safetensors file with its digest: a reader sees the old file or the new, never a part.

    Parameters
    ----------
    path : Path
        File to write; its folder is made.
    data : bytes
        From safetensors, with metadata from `header`.

    Raises
    ------
    OSError
        If the disk is full or the folder is read-only. What was at `path` is still there.
    """
    data = data.replace(_NO_DIGEST.encode(), hashlib.sha256(data).hexdigest().encode(), 1)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # the bytes must be on the disk before the name points to them
        os.replace(temporary, path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}. What was saved there before is unharmed"
        try:
            temporary.unlink(missing_ok=True)
        except OSError:
            pass  # a read-only folder; there is nothing to clean up either
        raise type(error)(error.errno, message) from error


def read(path: Path) -> tuple[bytes, Any]:
    """Read and verify a file that `write` wrote.

    Parameters
    ----------
    path : Path
        File to read.

    Returns
    -------
    data : bytes
        The whole file, for safetensors.
    state : object
        What was given to `header`.

    Raises
    ------
    CheckpointError
        If the file is truncated, was changed, or is something else.
    FileNotFoundError
        If there is no such file.
    """
    data = path.read_bytes()
    try:
        end = 8 + int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8:end])["__metadata__"]
        digest, state = metadata["sha256"], json.loads(metadata["state"])
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is not a checkpoint, or only the beginning of one") from error
    undigested = data.replace(digest.encode(), _NO_DIGEST.encode(), 1)
    if hashlib.sha256(undigested).hexdigest() != digest:
        raise CheckpointError(f"{path} is damaged: its checksum does not fit its content")
    return data, state


def check_weights(path: Path, saved: dict[str, Any], expected: dict[str, Any]) -> None:
    """Make sure that saved weights belong to a model.

    Parameters
    ----------
    path : Path
        Named in the message.
    saved, expected : dict of str to tensor
        Weights by name, of the file and of the model.

    Raises
    ------
    CheckpointError
        If names or shapes differ; the message lists which.
    """
    differences = [f"{name} is missing" for name in expected if name not in saved]
    differences += [f"{name} is not in the model" for name in saved if name not in expected]
    for name in saved.keys() & expected.keys():
        here, there = tuple(expected[name].shape), tuple(saved[name].shape)
        if here != there:
            differences.append(f"{name} has shape {there} in the file and {here} in the model")
    if differences:
        more = f"; and {len(differences) - 5} more" if len(differences) > 5 else ""
        found = "; ".join(sorted(differences)[:5])
        raise CheckpointError(f"{path} is of another model: {found}{more}")


def python_random_state() -> dict[str, Any]:
    """State of the generators of Python and NumPy."""
    name, keys, *rest = np.random.get_state()
    return {"python": random.getstate(), "numpy": (name, np.asarray(keys).tolist(), *rest)}


def set_python_random_state(state: dict[str, Any]) -> None:
    """Put the generators of Python and NumPy where they were."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
