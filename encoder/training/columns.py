"""From a float encoder to its column head, in that file and in the one that serves."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx
from torch import Tensor

from encoder.training import checkpoint
from encoder.training.config import DataConfig, ModelConfig
from encoder.training.faces import load_faces, training_split
from encoder.training.late import LateConfig, OnPrepare, draw_features, teach_columns
from encoder.training.model import FontEncoder
from encoder.training.onnxfile import with_columns


def add_columns(
    encoders: Sequence[Path],
    fonts: Path,
    runs: Path,
    config: LateConfig,
    *,
    on_step: Callable[[float, float], None] = lambda share, loss: None,
    on_prepare: OnPrepare = lambda what, done, total: None,
) -> dict[str, Any]:
    """Teach a head on the first of `encoders`, a float one, and write it into all of them.

    They must be one net, in float or 8 bits; their vectors stay the same. What is drawn is kept
    below `runs`, and a run that is stopped goes on from there. Returns what the cards say of the
    head. Raises `CheckpointError`, and `FileNotFoundError` without an encoder or fonts.
    """
    remedy = "run `python -m scripts.fetch_fonts`"
    if not fonts.is_dir():
        raise FileNotFoundError(f"there is no folder {fonts}: {remedy}")
    cards = {path: json.loads(path.with_suffix(".json").read_text()) for path in encoders}
    card = cards[encoders[0]]
    faces = load_faces(fonts, on_progress=lambda done, total: on_prepare("reading", done, total))
    seen, _ = training_split(faces)
    if not seen:
        raise FileNotFoundError(f"no fonts below {fonts}: {remedy}")
    model = FontEncoder(ModelConfig(**card["training"]["model"]))
    checkpoint.warm_start(encoders[0], model)
    folder = runs / f"columns-{_key(model)}"
    data = DataConfig(fonts=str(fonts))
    features = draw_features(model, seen, data, config, folder, on_prepare)
    head, right = teach_columns(model, features, config, on_step)
    found = {**asdict(config), "right": round(right, 4), "among": len(features.references)}
    _write_all(cards, head.state_dict(), found)
    return found


def put_columns(encoders: Sequence[Path], run: Path) -> dict[str, Any]:
    """Write the head that `run` trained with its net into `encoders`, the float one first.

    Returns what the cards say of the head. Raises `CheckpointError` when the run has none.
    """
    head = checkpoint.load_column_head(run / "checkpoint.safetensors")
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    found = {"dim": len(head["project.bias"]), "right": last["late_right"], "with": "the net"}
    cards = {path: json.loads(path.with_suffix(".json").read_text()) for path in encoders}
    _write_all(cards, head, found)
    return found


def _write_all(
    cards: dict[Path, dict[str, Any]], head: Mapping[str, Tensor], found: dict[str, Any]
) -> None:
    first = next(iter(cards.values()))
    for path, card in cards.items():
        if "float_sha256" in card:  # the first one, which is in float, is written by now
            card["float_sha256"] = first["onnx_sha256"]
        _write(path, card, head, found)


def _key(model: FontEncoder) -> str:
    """The same for the same weights, whatever head they had."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode() + values.numpy().tobytes())
    return digest.hexdigest()[:12]


def _write(
    path: Path, card: dict[str, Any], head: Mapping[str, Tensor], found: dict[str, Any]
) -> None:
    tensors = {name: values.numpy() for name, values in head.items()}
    temporary = path.with_suffix(".tmp")
    onnx.save(with_columns(onnx.load(str(path)), tensors), str(temporary))
    os.replace(temporary, path)
    card |= {"column_dim": found["dim"], "columns": found}
    card["onnx_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
