"""The column head: what it learns, what is kept, and that nothing else of an encoder changes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from encoder.embed import OUTPUTS, Embedder
from encoder.training import checkpoint
from encoder.training.columns import add_columns
from encoder.training.config import DataConfig, ModelConfig
from encoder.training.faces import load_faces
from encoder.training.late import LateConfig, draw_features, teach_columns
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.onnxfile import read_onnx_weights, with_columns

WEIGHTS = Path(__file__).resolve().parent.parent / "encoder" / "weights"
BOTH = (WEIGHTS / "float" / "fontkin.onnx", WEIGHTS / "fontkin.onnx")
TINY = LateConfig(dim=8, windows=64, steps=60, batch=8, against=2, nearest=3, columns=16)


@pytest.fixture(scope="module")
def fonts(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' families, where the list of faces may be written."""
    fonts = tmp_path_factory.mktemp("data") / "fonts"
    shutil.copytree(fonts_dir, fonts)
    return fonts


@pytest.fixture(scope="module")
def shipped() -> FontEncoder:
    """The shipped net, in float."""
    model = FontEncoder(ModelConfig())
    checkpoint.warm_start(BOTH[0], model)
    return model.eval()


@pytest.mark.slow
def test_a_head_learns_and_a_second_run_draws_nothing(
    shipped: FontEncoder, fonts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far better than chance among the faces after 60 steps; kept features give the same head."""
    faces, data = load_faces(fonts), DataConfig(fonts=str(fonts), families_per_batch=4)
    features = draw_features(shipped, faces, data, TINY, tmp_path)
    assert len(features.references) == len(faces) and len(features.asked) == 64
    head, right = teach_columns(shipped, features, TINY)
    assert right > 2 / len(faces)
    monkeypatch.setattr(FontEncoder, "features", None)
    again, _ = teach_columns(shipped, draw_features(shipped, faces, data, TINY, tmp_path), TINY)
    for name, values in head.state_dict().items():
        assert torch.equal(values, again.state_dict()[name])


def test_a_step_is_late_interaction(shipped: FontEncoder, fonts: Path, tmp_path: Path) -> None:
    """The answer of a face is found among its own columns, twins are not asked against it."""
    faces, data = load_faces(fonts), DataConfig(fonts=str(fonts), families_per_batch=4)
    features = draw_features(shipped, faces, data, TINY, tmp_path)
    groups = features.groups[features.answers]
    found = (features.vectors @ features.face_vectors.T).argmax(dim=1)
    # The pooled vectors alone find the family of most windows: windows and faces belong together.
    assert (features.groups[found] == groups).float().mean() > 0.7


@pytest.mark.parametrize("path", BOTH, ids=("float", "served"))
def test_the_head_is_added_and_nothing_changes(path: Path, tmp_path: Path) -> None:
    """Vectors stay the same to the last bit; columns and shares are the torch head's; twice too."""
    torch.manual_seed(0)
    head = ColumnHead(512, 24).eval()
    tensors = {name: values.numpy() for name, values in head.state_dict().items()}
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
    assert inner.min() > (0.999 if exact else 0.9)
    assert set(read_onnx_weights(BOTH[0])) <= set(net.state_dict())


@pytest.mark.slow
def test_both_files_get_the_head_and_their_cards_say_so(fonts: Path, tmp_path: Path) -> None:
    """What is written loads, names its head, and the two still belong together."""
    copies = []
    for path in BOTH:
        copies.append(tmp_path / path.parent.name / path.name)
        copies[-1].parent.mkdir()
        shutil.copy(path, copies[-1])
        shutil.copy(path.with_suffix(".json"), copies[-1].with_suffix(".json"))
    found = add_columns(copies, fonts, tmp_path / "runs", TINY)
    exact, served = (json.loads(copy.with_suffix(".json").read_text()) for copy in copies)
    assert exact["columns"] == served["columns"] == found and found["right"] > 0
    assert served["float_sha256"] == exact["onnx_sha256"]
    assert Embedder.from_files(copies[1]).column_dim == 8
    with pytest.raises(FileNotFoundError, match="fetch_fonts"):
        add_columns(copies, tmp_path / "none", tmp_path / "runs", TINY)
