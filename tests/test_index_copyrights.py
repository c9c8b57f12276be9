"""The copyright lines of Google Fonts: gathered from metadata, shipped, read again."""

from __future__ import annotations

import json
from pathlib import Path

from index.copyrights import Copyrights, shortened


def folder(fonts: Path, name: str, licence: object) -> None:
    (fonts / name).mkdir(parents=True)
    (fonts / name / "metadata.json").write_text(json.dumps({"license": licence}))


def test_files_of_one_holder_are_one_line() -> None:
    """The holder of several files is said once, two holders both."""
    same = "Copyright A (x) A-Italic[wght].ttf: Copyright A (x) A-Bold.ttf: Copyright A (x)"
    assert shortened(same) == "Copyright A (x)"
    assert shortened("Copyright B  C-Bold.otf: Copyright C") == "Copyright B; Copyright C"


def test_gathered_written_and_read(tmp_path: Path) -> None:
    """What the metadata says comes back; families without a line are unknown."""
    fonts, shipped = tmp_path / "fonts", tmp_path / "shipped"
    folder(fonts, "inter", {"type": "OFL-1.1", "attribution": "Copyright 2016 Ünter"})
    folder(fonts, "old", "http://example.org")
    folder(fonts, "bare", {"type": "OFL-1.1"})
    assert Copyrights(shipped, fonts).write(shipped) == 1
    read = Copyrights(shipped, tmp_path / "none")
    assert (read.of("inter"), read.of("old"), read.of("bare")) == (
        "Copyright 2016 Ünter",
        None,
        None,
    )


def test_without_font_files_the_known_lines_stay(tmp_path: Path) -> None:
    """A catalogue written where no font files are keeps what was shipped."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "copyrights.json").write_text('{"inter": "Copyright"}')
    assert Copyrights(old, tmp_path / "none").write(new) == 1
    assert Copyrights(new, tmp_path / "none").of("inter") == "Copyright"
