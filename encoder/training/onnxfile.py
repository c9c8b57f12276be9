"""An ONNX file that is small and fast: float16 weights, and nothing that hinders fusing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

_COLUMNS = "column-head."
_SECOND = "every-second."
_HALF_FROM = 1024  # numbers: smaller tensors (norms, biases) keep their full precision


def read_onnx_weights(path: Path) -> dict[str, torch.Tensor]:
    """The net's tensors by name, float32, from a file that `export` wrote; no column head's."""
    return {
        tensor.name.removesuffix(".half"): torch.from_numpy(
            numpy_helper.to_array(tensor).astype(
                np.float32 if tensor.data_type != TensorProto.INT64 else np.int64
            )
        )
        for tensor in onnx.load(str(path)).graph.initializer
        if not tensor.name.startswith((_COLUMNS, _SECOND))
    }


def read_column_head(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of `encoder.training.model.ColumnHead` in a file; {} when it has none."""
    found = {}
    for tensor in onnx.load(str(path)).graph.initializer:
        key = tensor.name.removeprefix(_COLUMNS)
        if key != tensor.name and key.startswith(("project.", "attention.")):
            found[key] = torch.from_numpy(numpy_helper.to_array(tensor).T.copy())
    return found


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with its large weights in float16, widened when a session starts."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _HALF_FROM:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    return model


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without the lines of code, and their folders, that each node came from."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
    return model


def without_zero_biases(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without the biases of zeros that torch's exporter gives convolutions.

    It computes their length when the model runs, which keeps ONNX Runtime from folding the
    batch norm behind the convolution into it: a quarter of the time.
    """
    graph = model.graph
    maker = {output: node for node in graph.node for output in node.output}
    values = {tensor.name: tensor for tensor in graph.initializer}
    values |= {n.output[0]: n.attribute[0].t for n in graph.node if n.op_type == "Constant"}

    def is_zero(name: str) -> bool:
        node = maker.get(name)
        if node is not None and node.op_type in ("Expand", "CastLike"):
            return is_zero(node.input[0])
        return name in values and not numpy_helper.to_array(values[name]).any()

    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3 and is_zero(node.input[2]):
            node.input.pop()
    _remove_unused(graph)
    return model


def with_columns(model: onnx.ModelProto, tensors: Mapping[str, torch.Tensor]) -> onnx.ModelProto:
    """The same model, in float or 8 bits, with a column head, in the place of one that it has.

    `tensors` are those of `encoder.training.model.ColumnHead`. The output `columns` float32
    [N, 2 C, d] holds unit vectors, `shares` [N, 2 C] sums to 1: the net's C columns, and one
    half-way behind each. What was there before gives the same numbers as before. Raises
    `ValueError` for a model without attention, or one that halves its width last by a pool.
    """
    graph = model.graph
    _remove_columns(graph)
    seen_from = _finer(model)
    names = {key: f"{_COLUMNS}{key}" for key in ("seen", "rows", "sums", "lengths", "least")}
    for key, value in tensors.items():
        graph.initializer.append(_tensor(f"{_COLUMNS}{key}", value.numpy().T.astype(np.float32)))
    graph.initializer.append(_tensor(f"{_COLUMNS}row", np.array([2], np.int64)))
    graph.initializer.append(_tensor(f"{_COLUMNS}last", np.array([-1], np.int64)))
    graph.initializer.append(_tensor(names["least"], np.array(1e-12, np.float32)))

    def add(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        node = helper.make_node(kind, list(inputs), [output], **attributes)
        node.name = f"{_COLUMNS}{len(graph.node)}"
        graph.node.append(node)
        return output

    def linear(of: str, layer: str) -> str:
        times = add("MatMul", [of, f"{_COLUMNS}{layer}.weight"], f"{_COLUMNS}{layer}.product")
        return add("Add", [times, f"{_COLUMNS}{layer}.bias"], f"{_COLUMNS}{layer}.sum")

    row, last = f"{_COLUMNS}row", f"{_COLUMNS}last"
    seen = add("Squeeze", [seen_from, row], names["seen"])
    rows = add("Transpose", [seen], names["rows"], perm=[0, 2, 1])
    made = linear(rows, "project")
    lengths = add("ReduceL2", [made, last], names["sums"], keepdims=1)
    add("Div", [made, add("Max", [lengths, names["least"]], names["lengths"])], "columns")
    weighed = add("Squeeze", [linear(rows, "attention"), last], f"{_COLUMNS}weighed")
    add("Softmax", [weighed], "shares", axis=-1)
    count, dim = (
        graph.output[0].type.tensor_type.shape.dim[0].dim_param,
        len(tensors["project.bias"]),
    )
    for name, shape in (("columns", [count, None, dim]), ("shares", [count, None])):
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    return model


def _finer(model: onnx.ModelProto) -> str:
    """Make the net's columns twice as many, once, and give their name; the pool takes every second.

    Whatever halves the width last does so no more, and what follows looks twice as far (Yu and
    Koltun 2016), so that every second column is the same to the last bit as before.
    """
    graph = model.graph
    for node in graph.node:
        if node.output[0].startswith(_SECOND):
            return str(node.input[0])
    attended = _attended(graph)
    pixels: dict[str, int] = {}  # of a window that one column of a tensor steps over
    steps = {}
    for node in graph.node:
        before = max((pixels.get(name, 1) for name in node.input), default=1)
        after = before * _ints(node, "strides", [1, 1])[1]
        pixels |= dict.fromkeys(node.output, after)
        steps[node.name] = (before, after)
    last = pixels[attended]
    for node in graph.node:
        before, after = steps[node.name]
        if before < after == last:
            if node.op_type != "Conv":
                raise ValueError(
                    "the net halves its width last by a pool, which cannot look between its "
                    "columns: train one that does so by convolutions, like resnet18"
                )
            _ints(node, "strides")[1] = 1
        elif before == last and node.op_type == "Conv" and _ints(node, "kernel_shape")[1] > 1:
            for key in ("dilations", "pads"):
                wide = _ints(node, key)
                wide[1::2] = [2 * value for value in wide[1::2]]
    values = {"starts": 0, "ends": 2**31, "axes": 3, "steps": 2}
    for key, value in values.items():
        graph.initializer.append(_tensor(f"{_SECOND}{key}", np.array([value], np.int64)))
    second = f"{_SECOND}columns"
    for node in graph.node:
        node.input[:] = [second if name == attended else name for name in node.input]
    made = next(at for at, node in enumerate(graph.node) if attended in node.output)
    inputs = [attended, *(f"{_SECOND}{key}" for key in values)]
    graph.node.insert(made + 1, helper.make_node("Slice", inputs, [second], name=_SECOND))
    del graph.value_info[:]
    return attended


def without_columns(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without its column head and the columns half-way: `with_columns` undone."""
    graph = model.graph
    _remove_columns(graph)
    for node in [each for each in graph.node if each.name == _SECOND]:
        for other in graph.node:
            swapped = [node.input[0] if name == node.output[0] else name for name in other.input]
            other.input[:] = swapped
        graph.node.remove(node)
        _coarser(graph)
    for value in [each for each in graph.initializer if each.name.startswith(_SECOND)]:
        graph.initializer.remove(value)
    del graph.value_info[:]
    return model


def _coarser(graph: onnx.GraphProto) -> None:
    """What `_finer` did to strides and dilations of the last stage, undone."""
    for node in graph.node:
        steps = _ints(node, "strides")
        if steps is not None and list(steps) == [2, 1]:
            steps[1] = 2
        wide = _ints(node, "dilations")
        if wide is not None and list(wide) == [1, 2]:
            for key in ("dilations", "pads"):
                values = _ints(node, key)
                values[1::2] = [value // 2 for value in values[1::2]]


def _ints(node: onnx.NodeProto, key: str, missing: list[int] | None = None) -> Any:
    """A node's attribute of several numbers, to read or to change."""
    return next((each.ints for each in node.attribute if each.name == key), missing)


def _attended(graph: onnx.GraphProto) -> str:
    """What the net's attention looks at: its columns [N, head, 1, C]."""
    for node in graph.node:
        if node.op_type == "Conv" and node.input[1].startswith("attention.weight"):
            return str(node.input[0])
    raise ValueError("the model has no attention over columns: export it by export_encoder")


def _remove_columns(graph: onnx.GraphProto) -> None:
    for part in (graph.node, graph.initializer):
        for old in [each for each in part if each.name.startswith(_COLUMNS)]:
            part.remove(old)
    for old in [each for each in graph.output if each.name in ("columns", "shares")]:
        graph.output.remove(old)


def _tensor(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values), name)


def _remove_unused(graph: onnx.GraphProto) -> None:
    """Drop nodes that nothing reads, until none is left."""
    while True:
        read = {name for node in graph.node for name in node.input}
        read |= {output.name for output in graph.output}
        unused = [node for node in graph.node if read.isdisjoint(node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)
