"""From the float encoder to the one that serves: 8 bits, half the file, a third of the time.

Static quantisation by ONNX Runtime (QDQ): activations uint8 with ranges seen on drawn windows,
weights int8 per channel. Weights use seven of their eight bits, because processors without
VNNI add pairs of products in 16 bits, which eight would overflow: the vectors of a catalogue
must be those that a query gets on any machine. Attention, projection, norm and the column head
stay float32.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from encoder.embed import INPUT
from encoder.training.batches import draw_window
from encoder.training.config import DataConfig
from encoder.training.faces import load_faces, training_split
from encoder.training.onnxfile import read_column_head, with_columns, without_columns

_WINDOWS = 256  # drawn for the ranges: twice as many change no vector by more than a hundredth
_BATCH = 16
_OPERATORS = ["Conv", "Add", "MaxPool", "AveragePool"]


def calibration_windows(fonts: Path, seed: int = 0) -> np.ndarray:
    """Windows as training draws them, of seen families: float32 [256, 1, H, W] in 0..1.

    Raises `FileNotFoundError` when no family lies below `fonts`.
    """
    seen, _ = training_split(load_faces(fonts))
    if not seen:
        raise FileNotFoundError(f"no fonts below {fonts}: run `python -m scripts.fetch_fonts`")
    rng = np.random.default_rng((seed, 0x0B17))
    windows: list[np.ndarray] = []
    while len(windows) < _WINDOWS:
        drawn = draw_window(seen[int(rng.integers(len(seen)))], rng, DataConfig())
        if drawn is not None:
            windows.append(drawn)
    return np.stack(windows)[:, None].astype(np.float32) / 255


def quantise(source: Path, target: Path, windows: np.ndarray) -> dict[str, Any]:
    """Write `target` (.onnx, with its card) from the exported float encoder `source`.

    `windows` float32 [N, 1, H, W] in 0..1 show the ranges of the activations. Returns the card:
    the source's, with the new file's hash and the source's as `float_sha256`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        bare, folded, small = (Path(folder, f"{n}.onnx") for n in ("bare", "folded", "small"))
        onnx.save(without_columns(onnx.load(str(source))), str(bare))
        quant_pre_process(str(bare), str(folded), skip_symbolic_shape=True)  # folds the norms
        quantize_static(
            str(folded),
            str(small),
            _Windows(windows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        if head := read_column_head(source):  # it stays in float
            onnx.save(with_columns(onnx.load(str(small)), head), str(small))
        os.replace(small, target)
    card = json.loads(source.with_suffix(".json").read_text())
    card["float_sha256"] = card["onnx_sha256"]
    card["onnx_sha256"] = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


class _Windows(CalibrationDataReader):
    def __init__(self, windows: np.ndarray) -> None:
        self._batches: Iterator[np.ndarray] = iter(
            windows[at : at + _BATCH] for at in range(0, len(windows), _BATCH)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch under the name of the net's input; None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}
