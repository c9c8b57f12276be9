"""Weights in an ONNX file: stored as float16, and read back by the net's own names."""

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
