"""How each ONNX operator is written in the few that the browser knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

SHAPE = (1, 1, 28, 28)
BENDS = ("Relu", "Sigmoid", "Tanh", "Clip", "Abs")
JOINS = ("Add", "Sub", "Mul", "Div", "Greater")
OPERATORS = ("Conv", "MatMul", "MaxPool", "AveragePool", "Reshape", "Softmax", *BENDS, *JOINS)

Node = dict[str, Any]


class Writer:
    """What has been written so far, and the number that each ONNX name has."""

    def __init__(self, image: str, values: dict[str, np.ndarray]) -> None:
        self.values, self.ids = values, {image: 0}
        self.constants: list[np.ndarray] = []
        self.nodes: list[Node] = []
        self.maps: list[int] = []

    def number(self, name: str) -> int:
        """Return the number of a value; what does not depend on the picture becomes a constant."""
        if name not in self.ids:
            self.ids[name] = self.constant(self.values[name])
        return self.ids[name]

    def constant(self, array: np.ndarray) -> int:
        """Return the number of a new constant."""
        self.constants.append(np.asarray(array, np.float32))
        return -len(self.constants)

    def shape(self, name: str) -> list[int]:
        """Return the shape of a value."""
        return list(self.values[name].shape) if name in self.values else list(SHAPE)

    def add(self, op: str, inputs: list[int], shape: list[int], **attributes: Any) -> int:
        """Write one node and return the number of what it gives."""
        self.nodes.append({"op": op, "in": inputs, "shape": [int(n) for n in shape], **attributes})
        number = len(self.nodes)
        if op == "Conv":
            self.maps.append(number)
        # A feature map is what leaves the layer: after the bias, the normalisation and the bend.
        elif self.maps and op in BENDS + JOINS and inputs[0] == self.maps[-1]:
            self.maps[-1] = number
        return number


def _require(good: bool, node: Any, why: str) -> None:
    if not good:
        raise ValueError(f"has a {node.op_type} that the browser does not know: {why}")


def _same(writer: Writer, node: Any, attributes: Node) -> int:
    return writer.number(node.input[0])


def _plain(writer: Writer, node: Any, attributes: Node) -> int:
    inputs = [writer.number(name) for name in node.input]
    return writer.add(node.op_type, inputs, writer.shape(node.output[0]))


def _cast(writer: Writer, node: Any, attributes: Node) -> int:
    """Leave a number as it is: all of them are float32, truth is 1 and falsehood 0."""
    _require(attributes["to"] == 1, node, "to another type than float32")
    return writer.number(node.input[0])


def _clip(writer: Writer, node: Any, attributes: Node) -> int:
    limits = {"low": attributes.get("min", -3e38), "high": attributes.get("max", 3e38)}
    for name, key in zip(node.input[1:], limits, strict=False):
        if name:
            limits[key] = float(writer.values[name])
    inputs = [writer.number(node.input[0])]
    return writer.add("Clip", inputs, writer.shape(node.output[0]), **limits)


def _reshape(writer: Writer, node: Any, attributes: Node) -> int:
    inputs = [writer.number(node.input[0])]
    return writer.add("Reshape", inputs, writer.shape(node.output[0]))


def _softmax(writer: Writer, node: Any, attributes: Node) -> int:
    shape = writer.shape(node.output[0])
    _require(len(shape) == 2 and attributes.get("axis", -1) in (1, -1), node, f"over the shape {shape}")
    return _plain(writer, node, attributes)


def _matmul(writer: Writer, node: Any, attributes: Node) -> int:
    shapes = [writer.shape(name) for name in node.input]
    _require([len(shape) for shape in shapes] == [2, 2], node, f"of the shapes {shapes}")
    return _plain(writer, node, attributes)


def _gemm(writer: Writer, node: Any, attributes: Node) -> int:
    """Write y = alpha x W + beta b as a product and a sum, the transposing done here."""
    fixed = all(name in writer.values and name not in writer.ids for name in node.input[1:])
    _require(fixed and not attributes.get("transA"), node, "only x · constant + constant")
    weight, *bias = (writer.values[name] for name in node.input[1:])
    weight = attributes.get("alpha", 1.0) * (weight.T if attributes.get("transB") else weight)
    shape = writer.shape(node.output[0])
    number = writer.add("MatMul", [writer.number(node.input[0]), writer.constant(weight)], shape)
    if bias:
        scaled = writer.constant(attributes.get("beta", 1.0) * bias[0])
        number = writer.add("Add", [number, scaled], shape)
    return number


def _normalise(writer: Writer, node: Any, attributes: Node) -> int:
    """Write batch normalisation with fixed statistics as what it is: a product and a sum."""
    scale, shift, mean, variance = (writer.values[name].astype(float) for name in node.input[1:5])
    scale = scale / np.sqrt(variance + attributes.get("epsilon", 1e-5))
    shape = writer.shape(node.output[0])
    column = (1, -1, *[1] * (len(shape) - 2))
    number = writer.number(node.input[0])
    number = writer.add("Mul", [number, writer.constant(scale.reshape(column))], shape)
    return writer.add("Add", [number, writer.constant((shift - mean * scale).reshape(column))], shape)


def _window(node: Any, attributes: Node) -> Node:
    padded = attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    _require(padded, node, f"auto_pad {attributes.get('auto_pad')!r}")
    pads = list(attributes.get("pads", [0, 0, 0, 0]))
    return {"strides": list(attributes.get("strides", [1, 1])), "pads": pads[:2]}


def _conv(writer: Writer, node: Any, attributes: Node) -> int:
    shape = writer.shape(node.output[0])
    _require(len(shape) == 4, node, f"of the shape {shape}")
    options = _window(node, attributes)
    options["dilations"] = list(attributes.get("dilations", [1, 1]))
    options["group"] = attributes.get("group", 1)
    inputs = [writer.number(name) for name in node.input if name]
    return writer.add("Conv", inputs, shape, **options)


def _pool(writer: Writer, node: Any, attributes: Node) -> int:
    shape = writer.shape(node.output[0])
    _require(len(shape) == 4, node, f"of the shape {shape}")
    _require(set(attributes.get("dilations", [1])) == {1}, node, "dilation")
    options = _window(node, attributes)
    options["kernel"] = list(attributes["kernel_shape"])
    if node.op_type == "AveragePool":
        options["padding_counts"] = bool(attributes.get("count_include_pad", 0))
        odd = options["padding_counts"] and attributes.get("ceil_mode", 0)
        _require(not odd, node, "count_include_pad with ceil_mode")
    return writer.add(node.op_type, [writer.number(node.input[0])], shape, **options)


def _global(writer: Writer, node: Any, attributes: Node) -> int:
    """Write the mean of each map as a pool that is as large as the map (of one map: of them all)."""
    shape = writer.shape(node.input[0])
    axes = list(attributes.get("axes", [2, 3]))
    if node.op_type == "ReduceMean" and len(node.input) > 1:
        axes = writer.values[node.input[1]].tolist()
    over = {axis % 4 for axis in axes} | ({1} if shape[1] == 1 else set())
    _require(len(shape) == 4 and over - {1} == {2, 3} and (1 in over) == (shape[1] == 1), node, f"over the axes {axes}")
    options = {"strides": [1, 1], "pads": [0, 0], "kernel": shape[2:], "padding_counts": False}
    inputs = [writer.number(node.input[0])]
    return writer.add("AveragePool", inputs, writer.shape(node.output[0]), **options)


WRITERS: dict[str, Callable[[Writer, Any, Node], int]] = {
    "Conv": _conv, "Gemm": _gemm, "MatMul": _matmul, "BatchNormalization": _normalise,
    "MaxPool": _pool, "AveragePool": _pool, "GlobalAveragePool": _global, "ReduceMean": _global,
    "Flatten": _reshape, "Reshape": _reshape, "Squeeze": _reshape, "Unsqueeze": _reshape,
    "Identity": _same, "Dropout": _same, "Softmax": _softmax, "Clip": _clip, "Cast": _cast,
    "Relu": _plain, "Sigmoid": _plain, "Tanh": _plain, "Abs": _plain, "Greater": _plain,
    "Add": _plain, "Sub": _plain, "Mul": _plain, "Div": _plain,
}  # fmt: skip
