"""Names, ids and licences of families, from folders and from strange files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from encoder.fontfile import FontFace, read_faces
from index.regular import regular_first
from index.sources import (
    FolderError,
    clean,
    face_id,
    google_family,
    license_id,
    own_family,
    slug,
    unique,
)


@pytest.fixture(scope="module")
def face(serif_path: Path) -> FontFace:
    """Lora Regular."""
    return read_faces(serif_path)[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Playfair Display", "playfair-display"),
        ("../../etc/passwd", "etc-passwd"),
        ("Éclair  № 5'; DROP TABLE", "eclair-no-5-drop-table"),
        ("明朝", ""),
        ("<script>\u202e\ud800", "script"),
        ("A" * 500, "a" * 80),
    ],
)
def test_slugs_are_plain(name: str, expected: str) -> None:
    """Only a-z, 0-9 and single hyphens, at most 80."""
    assert slug(name) == expected


def test_shown_names_are_one_clean_line() -> None:
    """Control and direction characters go, blanks are joined, the length is bounded."""
    assert clean("Evil\x00\n\u202eName\ud800  ") == "Evil Name"
    assert len(clean("x" * 10_000)) == 120


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("OFL-1.1", None), "OFL-1.1"),
        (("licensed under the SIL Open Font License, Version 1.1.",), "OFL-1.1"),
        ((None, "https://openfontlicense.org"), "OFL-1.1"),
        (("Licensed under the Apache License, Version 2.0",), "Apache-2.0"),
        (("Ubuntu Font Licence 1.0",), "UFL-1.0"),
        (("All rights reserved. No limits.",), "other"),
        ((None, " "), "unknown"),
        ((), "unknown"),
    ],
)  # fmt: skip
def test_licences_get_their_spdx_id(texts: tuple[str | None, ...], expected: str) -> None:
    """Known texts and links become ids, other texts "other", none "unknown"."""
    assert license_id(*texts) == expected


def test_face_ids(face: FontFace) -> None:
    """Weight and slope, the width when it is not normal, a number when taken."""
    assert face_id("lora", face, ()) == "lora-400-normal"
    assert face_id("x", replace(face, italic=True, width=75), ()) == "x-400-italic-75"
    assert face_id("lora", face, {"lora-400-normal"}) == "lora-400-normal-2"
    assert unique("a", {"a", "a-2"}) == "a-3"


def test_the_regular_most_face_comes_first(face: FontFace) -> None:
    """Upright before italic, normal width before narrow, then the nearest to 400."""
    bold = replace(face, weight=700)
    italic = replace(face, italic=True)
    narrow = replace(face, width=75)
    assert regular_first([italic, bold, narrow, face]) == [face, bold, narrow, italic]


def test_a_nameless_own_font_is_named_by_its_id(face: FontFace) -> None:
    """A family name of control characters only is replaced by the id."""
    record = own_family(replace(face, family_name="\x00\n"), "font-1234", None, True)
    assert (record.name, record.source, record.url) == ("font-1234", "own", None)


def test_the_older_metadata_is_read(tmp_path: Path) -> None:
    """fontName and a link in the licence's place; weight and slope from the file's name."""
    folder = tmp_path / "julee"
    folder.mkdir()
    (folder / "julee-latin-300-italic.woff2").write_bytes(b"")
    (folder / "julee-latin-ext-400-normal.woff2").write_bytes(b"")
    meta = {"fontName": "Julee", "license": "https://fonts.google.com/attribution"}
    (folder / "metadata.json").write_text(json.dumps(meta))
    source = google_family(folder)
    assert (source.family.license, source.family.category) == ("unknown", "unknown")
    assert source.family.license_url == "https://fonts.google.com/attribution"
    assert [(f.weight, f.italic, f.stored) for f in source.files] == [
        (300, True, "fonts/julee/julee-latin-300-italic.woff2")
    ]


@pytest.mark.parametrize(
    "meta", ["", "{}", "[]", '{"family": "X"}', '{"family": "X", "license": {}}']
)
def test_a_bad_folder_is_named(tmp_path: Path, meta: str) -> None:
    """Metadata that says too little, or no font: FolderError with the folder's name."""
    (tmp_path / "metadata.json").write_text(meta)
    with pytest.raises(FolderError, match=tmp_path.name):
        google_family(tmp_path)
