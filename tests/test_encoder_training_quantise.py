"""The encoder that serves is the float one in 8 bits: same vectors, half the file."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from encoder.embed import Embedder
from encoder.training.batches import draw_window
from encoder.training.config import DataConfig
from encoder.training.faces import load_faces
from encoder.training.quantise import calibration_windows, quantise

WEIGHTS = Path(__file__).resolve().parent.parent / "encoder" / "weights"
FLOAT = WEIGHTS / "float" / "fontkin.onnx"


@pytest.fixture(scope="module")
def windows(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Float32 [24, 1, H, W]: drawn as in training, from the tests' own families."""
    fonts = tmp_path_factory.mktemp("data") / "fonts"
    shutil.copytree(fonts_dir, fonts)  # reading leaves a list of faces there
    faces, rng = load_faces(fonts), np.random.default_rng(3)
    drawn = [draw_window(faces[i % len(faces)], rng, DataConfig()) for i in range(24)]
    return np.stack([w for w in drawn if w is not None])[:, None].astype(np.float32) / 255


def test_what_serves_is_the_float_encoder_in_8_bits(windows: np.ndarray) -> None:
    """The shipped pair belongs together, and its vectors of unseen pictures agree."""
    card = json.loads((WEIGHTS / "fontkin.json").read_text())
    assert card["float_sha256"] == hashlib.sha256(FLOAT.read_bytes()).hexdigest()
    served = Embedder.from_files(WEIGHTS / "fontkin.onnx").embed_windows(windows)
    exact = Embedder.from_files(FLOAT).embed_windows(windows)
    alike = (served * exact).sum(axis=1)
    assert alike.min() > 0.98 and alike.mean() > 0.998


@pytest.mark.slow
def test_ranges_come_from_the_windows(windows: np.ndarray, tmp_path: Path) -> None:
    """With ranges of real windows vectors hold; with ranges of blank paper they do not."""
    exact = Embedder.from_files(FLOAT).embed_windows(windows)
    for name, shown, low, high in (
        ("good", windows, 0.99, 1.001),
        ("blank", np.ones_like(windows), -1.0, 0.9),
    ):
        card = quantise(FLOAT, tmp_path / f"{name}.onnx", shown)
        assert card["float_sha256"] != card["onnx_sha256"]
        found = Embedder.from_files(tmp_path / f"{name}.onnx").embed_windows(windows)
        assert low < (found * exact).sum(axis=1).mean() < high
    assert (tmp_path / "good.onnx").stat().st_size < 0.6 * FLOAT.stat().st_size
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{name}.{kind}" for name in ("blank", "good") for kind in ("json", "onnx")
    ]


def test_without_fonts_nothing_is_quantised(tmp_path: Path) -> None:
    """An empty folder is named with the remedy."""
    with pytest.raises(FileNotFoundError, match="fetch_fonts"):
        calibration_windows(tmp_path)
