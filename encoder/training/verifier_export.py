"""From a verifier's checkpoint to the file that serves: ONNX with a card beside it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import onnx
import torch

from encoder.prepare import HEIGHT, WIDTH
from encoder.training import checkpoint
from encoder.training.model import count_parameters
from encoder.training.onnxfile import halved, without_traces, without_zero_biases
from encoder.training.verifier import Verifier
from encoder.verify import INPUT, OUTPUT


def export_verifier(run: Path, target: Path) -> dict[str, Any]:
    """Write `target` (.onnx) and its card (.json) from a run's folder; returns the card.

    Weights are float16 in the file and float32 in use. Raises `CheckpointError`.
    """
    model = Verifier()
    progress = checkpoint.load_weights(run / "checkpoint.safetensors", model)
    program = torch.onnx.export(
        model.eval(),
        (torch.ones(2, 2, HEIGHT, WIDTH),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes={INPUT: {0: torch.export.Dim("n", min=1)}},
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch exported no program")
    made = halved(without_zero_biases(without_traces(program.model_proto)))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    onnx.save(made, str(temporary))
    os.replace(temporary, target)
    card = {
        "onnx_sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": count_parameters(model),
        "training": json.loads((run / "config.json").read_text()) | {"progress": progress},
        "outcome": json.loads((run / "outcome.json").read_text()),
    }
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card
