"""The commands that look after the catalogue: backup and restore, in words and as JSON."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from index.bootstrap import open_catalog
from index.settings import Settings
from scripts import backup, opening, restore, terminal
from tests.fake_embedder import FakeEmbedder


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands open the test's own catalogue with the fake embedder."""
    monkeypatch.setenv("FONTKIN_DATA", str(settings.data))
    monkeypatch.setenv("FONTKIN_PREBUILT", str(settings.prebuilt))
    monkeypatch.setattr(opening, "open_catalog", partial(open_catalog, embedder=FakeEmbedder()))


def backed_up(*argv: str) -> int:
    return terminal.run("backup", lambda: backup.back_up(backup.parser().parse_args(argv)))


def restored(*argv: str) -> int:
    return terminal.run("restore", lambda: restore.restore(restore.parser().parse_args(argv)))


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was written is restored; both say what it holds, --json for programs."""
    path = str(tmp_path / "fontkin.zip")
    assert backed_up(path, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["families"], made["own_files"], made["path"]) == (4, 0, path)
    assert made["bytes"] == Path(path).stat().st_size
    assert restored(path) == 0
    assert f"backed up at {made['created']}: 4 families" in capsys.readouterr().out


def test_what_cannot_be_restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lost and a foreign file: one line that names it, exit code 1."""
    foreign = tmp_path / "picture.png"
    foreign.write_bytes(b"\x89PNG\r\n\x1a\n")
    for path in (tmp_path / "lost.zip", foreign):
        assert restored(str(path)) == 1
        assert path.name in capsys.readouterr().err
