"""Where the sanitizer comes from; what it does to files is tested with the bad inputs."""

from __future__ import annotations

import sys
from pathlib import Path

import ots
import pytest

from encoder.fontguard import FontRefusedError
from encoder.sanitize import sanitize


def test_without_a_sanitizer_no_font_is_taken(
    sans_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the package nor the system has one: refused with the remedy, nothing written."""
    monkeypatch.setitem(sys.modules, "ots", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FontRefusedError, match="opentype-sanitizer") as refused:
        sanitize(sans_path, tmp_path / "out.ttf")
    assert refused.value.code == "no-sanitizer"
    assert list(tmp_path.iterdir()) == []


def test_the_systems_sanitizer_does_too(
    sans_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One on the path gives the bytes that the package's gives."""
    sanitize(sans_path, tmp_path / "packaged.ttf")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ots-sanitize").symlink_to(ots.OTS_SANITIZE)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(sys.modules, "ots", None)
    sanitize(sans_path, tmp_path / "systems.ttf")
    packaged, systems = (tmp_path / f"{name}.ttf" for name in ("packaged", "systems"))
    assert systems.read_bytes() == packaged.read_bytes()
    assert systems.stat().st_size > 1000
