"""The column head in an encoder's file: it comes and goes, and nothing else changes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from encoder.embed import OUTPUTS, Embedder
from encoder.training import checkpoint
from encoder.training.config import ModelConfig
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.onnxfile import (
    read_column_head,
    read_onnx_weights,
    with_columns,
    without_columns,
)

WEIGHTS = Path(__file__).resolve().parent.parent / "encoder" / "weights"
BOTH = (WEIGHTS / "float" / "fontkin.onnx", WEIGHTS / "fontkin.onnx")


@pytest.mark.parametrize("path", BOTH, ids=("float", "served"))
def test_the_head_is_added_and_nothing_changes(path: Path, tmp_path: Path) -> None:
    """Vectors stay the same to the last bit; columns and shares are the torch head's; twice too."""
    torch.manual_seed(0)
    head = ColumnHead(512, 24).eval()
    tensors = head.state_dict()
    model = with_columns(with_columns(onnx.load(str(path)), tensors), tensors)
    onnx.checker.check_model(model)
    target = tmp_path / "headed.onnx"
    onnx.save(model, str(target))
    card = json.loads(path.with_suffix(".json").read_text())
    card |= {"column_dim": 24, "onnx_sha256": hashlib.sha256(target.read_bytes()).hexdigest()}
    target.with_suffix(".json").write_text(json.dumps(card))
    windows = np.random.default_rng(0).random((3, 1, 64, 256), np.float32)
    before, after = Embedder.from_files(path), Embedder.from_files(target)
    assert np.array_equal(before.embed_windows(windows), after.embed_windows(windows))
    _, columns, shares = next(after._run(OUTPUTS, windows))
    net = FontEncoder(ModelConfig())
    checkpoint.warm_start(BOTH[0], net)
    with torch.no_grad():
        expected, weights = head(net.eval().features(torch.from_numpy(windows))[0])
    exact = path == BOTH[0]
    assert columns.shape == (3, 16, 24) and np.allclose(shares.sum(axis=1), 1)
    assert (expected.numpy() * columns[:, ::2]).sum(axis=2).min() > (0.9999 if exact else 0.9)
    second = shares[:, ::2] / shares[:, ::2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(second, weights.numpy(), atol=1e-4 if exact else 0.05)
    # Those between are what the net sees when the line is moved by half a column.
    moved = np.concatenate([windows[..., 16:], windows[..., -16:]], axis=3)
    _, there, _ = next(after._run(OUTPUTS, moved))
    inner = (there[:, 4:12:2] * columns[:, 5:13:2]).sum(axis=2)
    assert inner.min() > (0.995 if exact else 0.9)  # of noise, some reach the picture's ends
    assert set(read_onnx_weights(BOTH[0])) <= set(net.state_dict())


@pytest.mark.parametrize("path", BOTH, ids=("float", "served"))
def test_the_head_goes_and_comes_back(path: Path, tmp_path: Path) -> None:
    """Without it the net steps as before; with it again the file is the same to the last byte."""
    head = read_column_head(path)
    assert set(head) == set(ColumnHead(512, 64).state_dict())
    bare = without_columns(onnx.load(str(path)))
    onnx.checker.check_model(bare)
    assert [output.name for output in bare.graph.output] == ["vectors"]
    assert all(2 not in _dilations(node) for node in bare.graph.node)
    onnx.save(bare, str(tmp_path / "bare.onnx"))
    assert read_column_head(tmp_path / "bare.onnx") == {}
    assert with_columns(bare, head).SerializeToString() == path.read_bytes()


def _dilations(node: onnx.NodeProto) -> list[int]:
    return [i for each in node.attribute if each.name == "dilations" for i in each.ints]
