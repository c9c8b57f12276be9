"""Which scripts a font has letters for."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from encoder.fontcmap import read_segments
from encoder.fontfile import read_faces
from encoder.scripts import SCRIPTS, covered, letters_of


def _cmap(*runs: tuple[int, int]) -> bytes:
    """A `cmap` of format 12 that maps these runs of codes, one glyph each from 1 on."""
    groups, glyph = b"", 1
    for first, last in runs:
        groups += struct.pack(">III", first, last, glyph)
        glyph += last - first + 1
    head = struct.pack(">HHHHI", 0, 1, 3, 10, 12)
    return head + struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(runs)) + groups


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(0x20, 0x7E)], {"latin"}),
        ([(0x20, 0x7E), (0x400, 0x45F)], {"latin", "cyrillic"}),
        ([(0x391, 0x3A1), (0x3A3, 0x3C9)], {"greek"}),
        ([(0x20, 0x7E), (0x410, 0x415)], {"latin"}),  # a few signs are no script
        ([(0x1EA0, 0x1EF9), (0xAC00, 0xD7A3)], {"vietnamese", "korean"}),
        ([(0x2500, 0x2600)], set()),
    ],
)
def test_by_hand(runs: list[tuple[int, int]], expected: set[str]) -> None:
    """Whole blocks count, a handful of letters does not."""
    segments = read_segments(_cmap(*runs))
    assert segments is not None
    assert covered(segments) == expected


def test_real_fonts(serif_path: Path) -> None:
    """A file of Google's Latin subset has Latin alone, and the names are known ones."""
    (face,) = read_faces(serif_path)
    assert face.scripts == {"latin"} and face.scripts <= set(SCRIPTS)


@pytest.mark.parametrize(
    ("text", "scripts", "count"),
    [
        ("Gr\u00f6\u00dfe 20, \u0141", (), 8),
        ("\u7231 \u946b", (), 0),  # what noise is read as
        ("\u7231 \u946b", ("latin", "chinese-simplified"), 2),
        ("\u7231\u304b\u30a2", ("japanese",), 3),
        ("\u7231\u304b\u30a2\ud55c", ("korean",), 1),
        ("\u0416x", ("latin", "greek"), 1),
        ("\u0416x", ("latin", "cyrillic"), 2),
        ("\u2162 \u2460 \u3010!", ("latin",), 0),
        ("\ua000", ("yi",), 1),
        ("", ("latin",), 0),
    ],
)
def test_letters_of_scripts(text: str, scripts: tuple[str, ...], count: int) -> None:
    """Counted by eye: Latin ones and digits always, others with their script alone."""
    assert letters_of(text, scripts) == count
