"""A run's state in one safetensors file: weights, optimiser, and how far it got."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from encoder.training.onnxfile import read_onnx_weights


class CheckpointError(RuntimeError):
    """A checkpoint that does not fit the run; the message says where they differ."""


def save(path: Path, model: nn.Module, loss: nn.Module, optimiser, progress: dict) -> None:  # type: ignore[no-untyped-def]
    """Write everything that a resumed run needs, replacing the old file at once."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"loss.{k}": v for k, v in loss.state_dict().items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{k}": torch.as_tensor(v) for k, v in state.items()}
    tensors = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"progress": json.dumps(progress)})
    os.replace(temporary, path)


def resume(path: Path, model: nn.Module, loss: nn.Module, optimiser) -> dict:  # type: ignore[no-untyped-def]
    """Fill model, loss and optimiser from `path`; returns the progress that was saved."""
    tensors, progress = _read(path)
    _fill(model, tensors, "model.", path)
    _fill(loss, tensors, "loss.", path)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
    return progress


def load_weights(path: Path, model: nn.Module) -> dict:
    """Fill only the net, for an export; returns the progress. Raises `CheckpointError`."""
    tensors, progress = _read(path)
    _fill(model, tensors, "model.", path)
    return progress


def load_column_head(path: Path) -> dict[str, Tensor]:
    """The tensors of the run's `ColumnHead`; {} for a run without one. Raises `CheckpointError`."""
    tensors, _ = _read(path)
    return {
        key.split(".head.")[1]: value
        for key, value in tensors.items()
        if key.startswith("loss.") and ".head." in key  # some backbones have a head, too
    }


def warm_start(path: Path, model: nn.Module) -> None:
    """Fill the net from a checkpoint, or from an exported .onnx file. Raises `CheckpointError`."""
    if path.suffix != ".onnx":
        load_weights(path, model)
        return
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; name an exported encoder")
    counters = {k: v for k, v in model.state_dict().items() if k.endswith("num_batches_tracked")}
    tensors = {f"model.{k}": v for k, v in (read_onnx_weights(path) | counters).items()}
    _fill(model, tensors, "model.", path)


def _read(path: Path) -> tuple[dict[str, Tensor], dict]:
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; train first, or name another checkpoint")
    with safe_open(path, "pt") as stored:
        progress = json.loads((stored.metadata() or {}).get("progress", "{}"))
        return {key: stored.get_tensor(key) for key in stored.keys()}, progress  # noqa: SIM118


def _fill(module: nn.Module, tensors: dict[str, Tensor], prefix: str, path: Path) -> None:
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"{path} was made by another configuration: {error}") from error
