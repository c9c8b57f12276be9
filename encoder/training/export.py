"""From a checkpoint to the file that serves: ONNX with a card beside it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from encoder.prepare import HEIGHT, VERSION, WIDTH
from encoder.training import checkpoint
from encoder.training.browser_lines import BrowserLines, folder_beside
from encoder.training.config import DataConfig, ModelConfig
from encoder.training.cost import total
from encoder.training.faces import load_faces, training_split
from encoder.training.model import FontEncoder, count_parameters
from encoder.training.onnxfile import (
    halved,
    with_columns,
    without_traces,
    without_zero_biases,
)
from encoder.training.whiten import POWER, SHRINKAGE, whiten


def export(
    run: Path, target: Path, average: Path | None = None, *, whitened: bool = False
) -> dict[str, Any]:
    """Write `target` (.onnx) and its card (.json) from a run's folder; returns the card.

    With `average`, an exported encoder that the run started from, the weights are the mean of
    both: what lies between two ends of one training is often better than either (Izmailov et
    al. 2018, Wortsman et al. 2022). `whitened` folds in the whitening of pictures of the faces
    that the run learned from (see `whiten`), whose fonts must be here.

    Weights are stored as float16 and widened when the session starts: half the file, and the
    arithmetic stays float32. Norms stay apart from their convolutions and names stay those of
    the net, so that `warm_start` can read the file back. The column head that the run trained
    comes along; an encoder without one cannot serve. The card says what this run cost and, by
    machine, all runs behind it. Raises `CheckpointError`.
    """
    config = json.loads((run / "config.json").read_text())
    model = FontEncoder(ModelConfig(**config["model"]))
    progress = checkpoint.load_weights(run / "checkpoint.safetensors", model)
    averaged = None if average is None else _mean_with(model, average)
    if whitened:
        _whiten(model, config)
    model.eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    made = halved(without_zero_biases(without_traces(_to_onnx(model))))
    head = checkpoint.load_column_head(run / "checkpoint.safetensors")
    if head:
        made = _with_head(made, head, run)
    onnx.save(made, str(temporary))
    os.replace(temporary, target)
    card = {
        "name": config["name"],
        "dim": config["model"]["dim"],
        "height": HEIGHT,
        "width": WIDTH,
        "prepare_version": VERSION,
        "onnx_sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": count_parameters(model),
        "training": config | {"progress": progress},
        "averaged_with": averaged,
        "whitened": {"power": POWER, "shrinkage": SHRINKAGE} if whitened else None,
        "origin": _origin(run / "origin.json"),
        "epochs": _epochs(run / "metrics.jsonl"),
        "families": json.loads((run / "families.json").read_text()),
    }
    card["cost"] = total(card)
    if head:
        card["column_dim"] = len(head["project.bias"])
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _with_head(model: onnx.ModelProto, head: dict[str, Tensor], run: Path) -> onnx.ModelProto:
    try:
        return with_columns(model, head)
    except ValueError as error:
        raise checkpoint.CheckpointError(f"{run} cannot be exported: {error}") from error


def _whiten(model: FontEncoder, config: dict[str, Any]) -> None:
    data = DataConfig(**config["data"])
    seen, _ = training_split(load_faces(Path(data.fonts)))
    if not seen:
        remedy = "run `python -m scripts.fetch_fonts`"
        raise FileNotFoundError(f"no fonts below {data.fonts} to whiten by: {remedy}")
    whiten(model, seen, data, config["seed"], BrowserLines(folder_beside(Path(data.fonts))))


def _mean_with(model: FontEncoder, other: Path) -> dict[str, str]:
    """Replace the weights by their mean with an exported encoder's; its name and hash."""
    mine = {name: value.clone() for name, value in model.state_dict().items()}
    checkpoint.warm_start(other, model)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.add_(mine[name]).div_(2)
    card = json.loads(other.with_suffix(".json").read_text())
    return {key: card[key] for key in ("name", "onnx_sha256")}


def _to_onnx(model: nn.Module) -> onnx.ModelProto:
    windows = torch.ones(2, 1, HEIGHT, WIDTH)
    program = torch.onnx.export(
        model,
        (windows,),
        input_names=["windows"],
        output_names=["vectors"],
        dynamic_shapes={"windows": {0: torch.export.Dim("windows", min=1)}},
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch exported no program")
    return program.model_proto


def _origin(path: Path) -> dict[str, Any] | None:
    """What the run started from: name, hash and cost; None when it started from nothing."""
    return json.loads(path.read_text()) if path.exists() else None


def _epochs(metrics: Path) -> list[dict[str, Any]]:
    keys = ("samples", "loss", "holdout_recall_at_1", "holdout_recall_at_5")
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    return [{k: line[k] for k in keys if k in line} for line in lines]
