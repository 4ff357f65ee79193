"""An ONNX model as the browser reads it: a short list of operators and one string of weights.

All that does not depend on the pixels is computed here, once; what a page has to understand is
small. Numbers of values: 0 is the picture, 1, 2, … are what the nodes give, -1, -2, … are constants.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from .operators import OPERATORS, SHAPE, WRITERS, Writer

CLASSES = 10
# A page carries the weights as text, four thirds of their size.
MOST_WEIGHTS = 100_000
# More needs a thread of its own in the browser, and a strict content security policy forbids the
# blob: address that a worker inside one script file would have to come from.
MOST_WORK = 20_000_000
# Whose result depends on the shape of its input only.
_OF_SHAPE = ("Shape", "Size", "ConstantOfShape")


def read(source: Any) -> dict[str, Any]:
    """Return the compact form of a model.

    Parameters
    ----------
    source : path, bytes, onnx.ModelProto or dict
        An ``.onnx`` file, its content, the model as the package onnx holds it, or the compact form.

    Returns
    -------
    dict
        ``constants`` (shapes), ``data`` (their float32 values one after the other, base64),
        ``nodes`` and ``maps`` (numbers of the values that are feature maps).

    Raises
    ------
    ValueError
        If it is no such model, has an operator that the browser does not know, or is too large.
    """
    if isinstance(source, dict):
        return check(source)
    import onnx  # not needed by those who only look at a widget
    from google.protobuf.message import DecodeError

    if isinstance(source, (str, Path)):
        if not Path(source).is_file():
            raise ValueError(f"there is no file {str(source)!r}")
        source = Path(source)
    try:
        if isinstance(source, Path):
            source = onnx.load(source)
        elif isinstance(source, bytes):
            source = onnx.load_from_string(source)
    except (DecodeError, OSError) as error:
        raise ValueError(f"is no readable ONNX model: {error}") from None
    if not isinstance(source, onnx.ModelProto) or not source.graph.node:
        raise ValueError(f"needs an ONNX file, its bytes or an onnx model, not {type(source).__name__}")
    return check(_compact(source))


def _compact(model: Any) -> dict[str, Any]:
    import onnx

    graph = model.graph
    fixed = {entry.name for entry in graph.initializer}
    inputs = [entry.name for entry in graph.input if entry.name not in fixed]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError(f"needs one input and one output, not {len(inputs)} and {len(graph.output)}")
    varying = {inputs[0]}
    for node in graph.node:
        if node.op_type not in _OF_SHAPE and varying & set(node.input):
            varying.update(node.output)
            if node.op_type not in WRITERS:
                known = ", ".join(sorted(WRITERS))
                raise ValueError(f"has the operator {node.op_type}; the browser knows {known}")
    writer = Writer(inputs[0], _evaluate(model, inputs[0]))
    for node in graph.node:
        if varying & set(node.output):
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            writer.ids[node.output[0]] = WRITERS[node.op_type](writer, node, attributes)
    if writer.ids[graph.output[0].name] != len(writer.nodes):
        raise ValueError("must compute its output last")
    return _packed(writer)


def _packed(writer: Writer) -> dict[str, Any]:
    weights = [array.ravel() for array in writer.constants]
    data = np.concatenate([*weights, np.zeros(0, np.float32)]).astype("<f4").tobytes()
    return {
        "constants": [list(array.shape) for array in writer.constants],
        "data": base64.b64encode(data).decode("ascii"),
        "nodes": writer.nodes,
        "maps": writer.maps,
    }


def _evaluate(model: Any, image: str) -> dict[str, np.ndarray]:
    """Return every value of the graph for an empty picture: constants, and the shapes of the rest."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    names = [name for node in graph.node for name in node.output if name]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.output[:]
    whole.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    try:
        results = ReferenceEvaluator(whole).run(None, {image: np.zeros(SHAPE, np.float32)})
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ValueError(f"does not take a picture of shape {SHAPE}: {error}") from None
    fixed = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    values = fixed | dict(zip(names, results, strict=True))
    return {name: np.asarray(value) for name, value in values.items()}


def weights(model: dict[str, Any]) -> int:
    """Return how many numbers the constants of a compact model hold."""
    return sum(int(np.prod(shape)) for shape in model["constants"])


def work(model: dict[str, Any]) -> int:
    """Return the multiply-adds of one answer; a pool counts each number it looks at."""
    total = 0
    for node in model["nodes"]:
        per_output = 1
        if node["op"] in ("Conv", "MatMul"):
            shape = model["constants"][-1 - node["in"][1]] if node["in"][1] < 0 else [1]
            per_output = int(np.prod(shape[1:] if node["op"] == "Conv" else shape[:1]))
        elif node["op"] in ("MaxPool", "AveragePool"):
            per_output = int(np.prod(node["kernel"]))
        total += per_output * int(np.prod(node["shape"]))
    return total


def check(model: dict[str, Any]) -> dict[str, Any]:
    """Return a compact model unchanged, or raise a ValueError that says what is wrong with it."""
    if set(model) != {"constants", "data", "nodes", "maps"}:
        raise ValueError("needs an ONNX model, or a dict with constants, data, nodes and maps")
    try:
        size = len(base64.b64decode(model["data"], validate=True))
        good = size == 4 * weights(model)
        for number, node in enumerate(model["nodes"], 1):
            good &= node["op"] in OPERATORS and bool(node["shape"])
            good &= all(-len(model["constants"]) <= i < number for i in node["in"])
        good &= all(1 <= number <= len(model["nodes"]) for number in model["maps"])
        last, multiply_adds = model["nodes"][-1]["shape"], work(model)
    except (KeyError, IndexError, TypeError, ValueError):
        good = False
    if not good:
        raise ValueError("has nodes, constants and data that do not fit together")
    if last != [1, CLASSES]:
        raise ValueError(f"must give {CLASSES} numbers for a picture, not the shape {last}")
    if weights(model) > MOST_WEIGHTS:
        raise ValueError(f"has {weights(model):,} weights; a page carries up to {MOST_WEIGHTS:,}")
    if multiply_adds > MOST_WORK:
        raise ValueError(f"takes {multiply_adds:,} multiply-adds; a frame has room for {MOST_WORK:,}")
    return model
