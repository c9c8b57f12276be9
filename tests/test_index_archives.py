"""Fonts that come in a zip archive, and archives that are up to no good."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from index import archives
from index.archives import unpack
from index.catalog import FontCatalog
from index.settings import Settings
from tests.catalog_fixtures import *  # noqa: F403


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_fonts_are_taken_out_and_the_rest_is_left(tmp_path: Path, serif_path: Path) -> None:
    """Fonts of any folder; no licence text, no macOS leftovers, and never outside the folder."""
    font = serif_path.read_bytes()
    members = {
        "Family/Serif.woff2": font,
        "../../evil.TTF": b"x",
        "Family/OFL.txt": b"free",
        "__MACOSX/Family/._Serif.woff2": b"fork",
        "Family/._Serif.woff2": b"fork",
    }
    archive = _zip(tmp_path / "a.zip", members)
    folder = tmp_path / "out"
    folder.mkdir()
    found = unpack([serif_path, archive], ["plain.woff2", "a.zip"], folder)
    assert found.names == ("plain.woff2", "a.zip: Serif.woff2", "a.zip: evil.TTF")
    assert found.paths[0] == serif_path
    assert [p.read_bytes() for p in found.paths[1:]] == [font, b"x"]
    assert {p.parent for p in found.paths[1:]} == {folder}
    assert sorted(p.name for p in folder.iterdir()) == ["unpacked-1.woff2", "unpacked-2.TTF"]
    assert found.refused == ()


def test_a_font_with_an_archive_behind_it_is_a_font(tmp_path: Path, serif_path: Path) -> None:
    """Only the beginning counts."""
    archive = _zip(tmp_path / "a.zip", {"x.ttf": b"x"})
    both = tmp_path / "both.woff2"
    both.write_bytes(serif_path.read_bytes() + archive.read_bytes())
    assert unpack([both], ["both.woff2"], tmp_path).paths == (both,)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("none", "not-a-font"),
        ("many", "too-many-files"),
        ("cut", "broken"),
        ("locked", "unsupported"),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, kind: str, code: str) -> None:
    """Without fonts, with too many, cut off, with a password: refused as a whole."""
    members = {"readme.txt": b"hello"} if kind == "none" else {"a.ttf": b"x" * 5000}
    if kind == "many":
        members = {f"{i}.ttf": b"" for i in range(archives.MAX_FONTS + 1)}
    archive = _zip(tmp_path / "a.zip", members)
    data = bytearray(archive.read_bytes())
    if kind == "cut":
        data = data[: len(data) // 2]
    if kind == "locked":  # the flag that says so, in both headers
        for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            struct.pack_into("<H", data, data.index(magic) + at, 1)
    archive.write_bytes(bytes(data))
    found = unpack([archive], ["a.zip"], tmp_path)
    assert found.paths == () and [(r.name, r.code) for r in found.refused] == [("a.zip", code)]


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_UNPACKED"])
def test_bombs_are_counted_while_unpacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Zeros that shrink a thousandfold are refused at the limit, whatever the header states."""
    monkeypatch.setattr(archives, limit, 3 * 2**20)
    archive = _zip(tmp_path / "a.zip", {"a.ttf": bytes(2**21), "b.ttf": bytes(2**22)})
    assert archive.stat().st_size < 20_000
    found = unpack([archive], ["a.zip"], tmp_path)
    assert [r.code for r in found.refused] == ["too-large"] and found.paths == ()


def test_a_zip_is_added(
    catalog: FontCatalog, settings: Settings, tmp_path: Path, serif_path: Path
) -> None:
    """One font of the archive is there already, one is refused; nothing is left behind."""
    archive = _zip(
        tmp_path / "fonts.zip", {"again.woff2": serif_path.read_bytes(), "no.ttf": b"nothing"}
    )
    report = catalog.add_fonts([archive])
    assert [(d.name, d.family_id) for d in report.duplicates] == [
        ("fonts.zip: again.woff2", "lora")
    ]
    assert [(r.name, r.code) for r in report.refused] == [("fonts.zip: no.ttf", "not-a-font")]
    assert not list(settings.data.glob("unpacked-*"))
