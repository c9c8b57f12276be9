"""The picture of a training: something is drawn of all its runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from encoder.training.curves import draw_curves

_EPOCHS = [
    {"samples": n, "loss": 9 - n / 100, "holdout_recall_at_1": 0.3, "holdout_recall_at_5": n / 500}
    for n in (100, 200)
]
_CARD = {
    "name": "third",
    "training": {"progress": {"samples": 200}},
    "epochs": _EPOCHS,
    "origin": {
        "name": "second",
        "progress": {"samples": 250},
        "epochs": _EPOCHS,
        "origin": {"name": "first", "progress": {"samples": 300}, "origin": None},
    },
}


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    """Two plots beside each other, with ink in both halves."""
    draw_curves(_CARD, tmp_path / "new" / "curves.png")
    picture = np.asarray(Image.open(tmp_path / "new" / "curves.png").convert("L"))
    assert picture.shape == (374, 1100)
    assert all((half < 100).mean() > 0.005 for half in np.split(picture, 2, axis=1))
