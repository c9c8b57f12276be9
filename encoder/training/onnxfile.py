"""An ONNX file that is small and fast: float16 weights, and nothing that hinders fusing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

_HALF_FROM = 1024  # numbers: smaller tensors (norms, biases) keep their full precision


def read_onnx_weights(path: Path) -> dict[str, torch.Tensor]:
    """The net's tensors by name, float32, from a file that `export` wrote."""
    return {
        tensor.name.removesuffix(".half"): torch.from_numpy(
            numpy_helper.to_array(tensor).astype(
                np.float32 if tensor.data_type != TensorProto.INT64 else np.int64
            )
        )
        for tensor in onnx.load(str(path)).graph.initializer
    }


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
