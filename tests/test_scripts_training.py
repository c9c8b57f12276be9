"""The commands around training: exit codes, and what they leave on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts import contact_sheet, export_encoder, train
from tests.tiny_training import tiny_config


def _config(tmp_path: Path, fonts_dir: Path, wandb: str) -> Path:
    fonts = tmp_path / "fonts"
    shutil.copytree(fonts_dir, fonts)
    path = tmp_path / "run.toml"
    path.write_text(tiny_config(fonts=fonts, samples=8, wandb=wandb))
    return path


def test_a_wrong_config_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file and what is wrong in it."""
    path = tmp_path / "wrong.toml"
    path.write_text("name = 'x'\nspeed = 3")
    assert train.main([str(path)]) == 2
    assert "speed" in capsys.readouterr().err


def test_exporting_nothing_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run is named, and nothing is written."""
    assert export_encoder.main([str(tmp_path), "--to", str(tmp_path / "x.onnx")]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_contact_sheet_is_the_same_for_a_seed(
    tmp_path: Path, sans_path: Path, serif_path: Path
) -> None:
    """A page of twenty samples, equal for one seed and other for the next."""
    pages = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = tmp_path / f"{name}.png"
        arguments = [str(sans_path), str(serif_path), "--out", str(out), "--seed", str(seed)]
        assert contact_sheet.main([*arguments, "--rows", "10"]) == 0
        pages.append(np.asarray(Image.open(out)))
    assert pages[0].shape == (800, 2 * (512 + 6), 3)
    assert np.array_equal(pages[0], pages[1])
    assert not np.array_equal(pages[0], pages[2])


def test_contact_sheet_without_fonts_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no font is refused by name."""
    path = tmp_path / "no.ttf"
    path.write_bytes(b"nothing")
    assert contact_sheet.main([str(path), "--out", str(tmp_path / "x.png")]) == 2
    assert "fetch_fonts" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_run_is_tracked_offline(
    tmp_path: Path, fonts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Weights & Biases offline the run's metrics go to both places."""
    monkeypatch.setenv("WANDB_SILENT", "true")
    config = _config(tmp_path, fonts_dir, "offline")
    assert train.main([str(config), "--runs", str(tmp_path / "runs")]) == 0
    run = tmp_path / "runs" / "tiny"
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
    assert list(run.glob("wandb/offline-run-*/run-*.wandb"))
