"""Bad font files by number (docs/bad-inputs.md), sent to the service with its real jail.

All of them go in one request, as an archive's would: one answer says what became of each.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from fontTools.ttLib import TTFont

from tests import bad_fonts as bad
from tests.api_fake import AUTHORIZED, LARGE_FORMS, check_problem
from tests.api_fixtures import Service

pytestmark = [
    pytest.mark.slow,
    LARGE_FORMS,
    pytest.mark.skipif(sys.platform != "linux", reason="the jail's walls are Linux's"),
]
TABLES = ("OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post")
NAMES = {
    "68-name-empty": ("", "68-name-empty"),
    "68-name-control": ("Con\u0000trol\u0007 \r\nX-Evil: 1", "Control X-Evil: 1"),
    "68-name-path": ("../../etc/passwd", "../../etc/passwd"),
    "68-name-sql": ("Robert'); DROP TABLE family;--", "Robert'); DROP TABLE family;--"),
    "68-name-html": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "68-name-rtl": ("evil\u202etxt.exe", "eviltxt.exe"),
}
# Tables that vary the letters and are broken: the sanitizer leaves them out, and one face stays.
VARIATIONS = {
    "62-gvar-cut-off": bad.cut_gvar,
    "62-gvar-beyond-the-end": bad.gvar_beyond,
    "62-gvar-junk": bad.gvar_junk,
    "62-hvar-junk": bad.hvar_junk,
    "62-hvar-of-many": bad.hvar_of_many,
}
# The family that each becomes.
ODD = {
    **{case: case for case in VARIATIONS},
    "49-bad-checksums": "Checksums",
    "62-64-axes": "Axes",
    "62-axis-upside-down": "Axis",
    "68-name-surrogate": "68-name-surrogate",
    "71-restricted": "Restricted",
    **{case: shown for case, (_, shown) in NAMES.items()},
}
_SANITIZER = "OpenType Sanitizer"
REFUSED = {
    "44-random": ("not-a-font", "no font file"),
    **{f"45-cut-in-{tag.replace('/', '')}": ("unsafe", _SANITIZER) for tag in TABLES},
    "46-no-tables": ("unsafe", "number of tables"),
    "46-65535-tables": ("unsafe", "number of tables"),
    "47-overlapping": ("unsafe", "overlapping tables"),
    "48-beyond-the-end": ("unsafe", "invalid table offset"),
    "48-length-beyond": ("unsafe", "table length"),
    **{f"50-no-{tag}": ("unsafe", "missing") for tag in ("cmap", "head", "hmtx", "name")},
    "50-no-glyf": ("unsafe", "no supported glyph data"),
    "51-beyond-last-glyph": ("unsafe", "cmap"),
    "52-no-latin": ("no-latin", "0 Latin letters"),
    "53-empty-outlines": ("empty-outlines", "Only 0"),
    "54-identical": ("identical-glyphs", "Only 1 of 26"),
    "55-icons": ("icon-font", "look like pictures"),
    "56-recursive": ("unsafe", _SANITIZER),
    "57-65533-parts": ("broken", "10,000 parts"),
    **{f"58-em-{em}": ("unsafe", "unitsPerEm") for em in (0, 1, 65_535)},
    "59-giant-advances": ("broken", "FreeType"),
    "60-endless-hinting": ("broken", "too long"),
    "61-deep-subroutines": ("unsafe", "CharStrings"),
    **{f"63-only-{tag}": ("no-outlines", tag) for tag in ("sbix", "CBDT", "SVG", "COLR")},
    "64-only-EBDT": ("no-outlines", "add its outline version"),
    "65-brotli-bomb": ("too-large", "100,663,296"),
    "66-woff-lies": ("broken", "cannot be unpacked"),
    "67-10000-faces": ("too-many-faces", "10,000 faces"),
    "68-name-30-kb": ("unsafe", "name"),
    "68-name-1-mb": ("unsafe", "name"),
    "72-dfont": ("not-a-font", "dfont"),
    "72-type-1": ("not-a-font", "Type 1"),
    "72-designspace": ("not-a-font", "XML"),
    "72-zip-without-fonts": ("not-a-font", "no font file"),
}


def named(name: str) -> Callable[[TTFont], None]:
    """Gives a font this family name, be it empty."""
    return lambda font: bad.rename(font, name)


def refused_cases(sans: Path, folder: Path) -> dict[str, bytes]:
    """Those that must be refused, by number and name."""
    ttf = bad.plain(sans)
    cases = {"44-random": bad.random_bytes()}
    for tag in TABLES:
        offset, length = bad.table_place(ttf, tag)
        cases[f"45-cut-in-{tag.replace('/', '')}"] = ttf[: offset + length // 2]
    cases |= {
        "46-no-tables": b"\0\1\0\0" + bytes(8),
        "46-65535-tables": b"\0\1\0\0\xff\xff" + ttf[6:],
        "47-overlapping": bad.with_entry(ttf, "hmtx", offset=bad.table_place(ttf, "glyf")[0]),
        "48-beyond-the-end": bad.with_entry(ttf, "glyf", offset=0x7FFFFFF0),
        "48-length-beyond": bad.with_entry(ttf, "glyf", length=0xFFFFFFF0),
        **{f"50-no-{tag}": bad.without(ttf, tag) for tag in ("cmap", "head", "glyf", "hmtx")},
        "50-no-name": bad.without(ttf, "name"),
        "51-beyond-last-glyph": bad.plain(sans, bad.beyond_last_glyph),
        "52-no-latin": bad.plain(sans, bad.only_greek),
        "53-empty-outlines": bad.plain(sans, bad.empty),
        "54-identical": bad.same_letters(folder / "same.ttf"),
        "55-icons": bad.icons(folder / "icons.ttf"),
        "56-recursive": bad.circle(folder / "circle.ttf"),
        "57-65533-parts": bad.many_parts(folder / "parts.ttf"),
        "59-giant-advances": bad.plain(sans, bad.giant_advances),
        "60-endless-hinting": bad.plain(sans, bad.endless_hinting),
        "61-deep-subroutines": bad.deep_subroutines(),
        "65-brotli-bomb": bad.brotli_bomb(),
        "66-woff-lies": bad.woff_lies(sans),
        "67-10000-faces": bad.many_faces(),
        "72-dfont": b"\0\0\1\0\0\0\1\0" + bytes(100),
        "72-type-1": b"%!PS-AdobeFont-1.0: Old",
        "72-designspace": b'<?xml version="1.0"?><designspace format="4.1"/>',
        "72-zip-without-fonts": bad.zipped("readme.txt", b"hello"),
    }
    cases["68-name-30-kb"] = bad.plain(sans, name="x" * 30_000)
    cases["68-name-1-mb"] = bad.plain(sans, bad.huge_name)
    for em in (0, 1, 65_535):
        cases[f"58-em-{em}"] = bad.plain(
            sans, lambda f, em=em: setattr(f["head"], "unitsPerEm", em)
        )
    for tag in ("sbix", "CBDT", "SVG ", "COLR", "EBDT"):
        number = 64 if tag == "EBDT" else 63
        change = lambda f, tag=tag: bad.pictures_only(f, tag)  # noqa: E731
        cases[f"{number}-only-{tag.strip()}"] = bad.plain(sans, change)
    return cases


def odd_cases(sans: Path, variable: Path) -> dict[str, bytes]:
    """Those that may pass: nothing that they do is wrong once they are sanitised."""
    checked = bad.plain(sans, name="Checksums")
    cases = {
        "49-bad-checksums": bad.bad_checksums(checked),
        "62-64-axes": bad.many_axes(sans),
        "62-axis-upside-down": bad.plain(variable, bad.upside_down_axis, "Axis"),
        "68-name-surrogate": bad.plain(sans, bad.surrogate),
        "71-restricted": bad.plain(sans, lambda f: setattr(f["OS/2"], "fsType", 2), "Restricted"),
    }
    cases |= {case: bad.plain(variable, change, case) for case, change in VARIATIONS.items()}
    return cases | {case: bad.plain(sans, named(name)) for case, (name, _) in NAMES.items()}


def send(client: FlaskClient, **files: bytes) -> Any:
    parts = [(io.BytesIO(data), f"{name}.ttf") for name, data in files.items()]
    return client.post("/v1/fonts", data={"file": parts}, headers=AUTHORIZED)


@dataclass
class Outcome:
    """What one answer says of each file: a refusal's code and reason, and the families added."""

    refused: dict[str, tuple[str, str]]
    families: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def outcome(
    service: Service, sans_path: Path, variable_path: Path, tmp_path_factory: Any
) -> Outcome:
    """All of them sent together, in bounded time."""
    folder = tmp_path_factory.mktemp("bad")
    cases = refused_cases(sans_path, folder) | odd_cases(sans_path, variable_path)
    assert {case for case in cases if case not in ODD} == set(REFUSED)
    started = time.monotonic()
    answer = send(service.client, **cases)
    assert time.monotonic() - started < 180
    gc.collect()  # the client's temporary file, while its warning is ignored
    assert answer.status_code == 201, answer.data
    body = answer.get_json()
    return Outcome(
        {r["name"].removesuffix(".ttf"): (r["code"], r["reason"]) for r in body["refused"]},
        {entry["family"]["name"]: entry for entry in body["added"]},
    )


@pytest.mark.parametrize("case", REFUSED)
def test_font(outcome: Outcome, case: str) -> None:
    """Refused with this code, and a reason in words."""
    code, words = REFUSED[case]
    found, reason = outcome.refused[case]
    assert found == code, reason
    assert words in reason and reason.endswith(".")


@pytest.mark.parametrize("case", ODD)
def test_odd_font(outcome: Outcome, case: str) -> None:
    """Taken in under a harmless name: what was wrong with it stays outside."""
    assert case not in outcome.refused
    entry = outcome.families[ODD[case]]
    assert len(entry["faces"]) >= 1
    assert set(entry["family"]["id"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert case not in VARIATIONS or len(entry["faces"]) == 1


def test_nothing_of_them_is_left(outcome: Outcome, service: Service) -> None:
    """Kept are the files of added families, named by their own content; nothing else stays."""
    kept = sorted((service.settings.data / "own").iterdir())
    assert len(kept) == len(ODD)
    for path in kept:
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
        assert path.suffix == ".ttf"
    assert list((service.settings.data / "tmp").iterdir()) == []


def test_a_refused_font_alone_is_a_problem(service: Service, sans_path: Path) -> None:
    """44, 45: a file that is refused, alone, is 422 with the reason in `detail` and `refused`."""
    answer = send(service.client, junk=bad.random_bytes())
    check_problem(answer, 422, "font-refused", "junk.ttf", "no font file")
    answer = send(service.client, cut=bad.plain(sans_path)[:3000])
    check_problem(answer, 422, "font-refused", "OpenType Sanitizer")
    assert answer.get_json()["refused"][0]["code"] == "unsafe"


def test_69_the_same_font_twice(service: Service, outcome: Outcome, sans_path: Path) -> None:
    """The same bytes, the same font in another container, and one inside an archive: 409."""
    sent = bad.plain(sans_path, name="Twice")
    assert send(service.client, once=sent).status_code == 201
    for again in (sent, bad.plain(sans_path, lambda f: setattr(f, "flavor", "woff"), "Twice")):
        answer = send(service.client, again=again)
        check_problem(answer, 409, "duplicate-font", "twice")
    check_problem(send(service.client, zip=bad.zipped("a.ttf", sent)), 409, "duplicate-font")


def test_70_another_drawing_of_the_same_name(
    service: Service, outcome: Outcome, sans_path: Path, serif_path: Path
) -> None:
    """It joins the family as a face of its own and takes nothing's place."""
    first = send(service.client, first=bad.plain(sans_path, name="Shared Name")).get_json()
    second = send(service.client, second=bad.plain(serif_path, name="Shared Name")).get_json()
    assert [a["family"]["id"] for a in first["added"] + second["added"]] == ["shared-name"] * 2
    faces = service.client.get("/v1/families/shared-name", headers=AUTHORIZED).get_json()["faces"]
    assert [f["id"] for f in faces] == ["shared-name-400-normal", "shared-name-400-normal-2"]


def test_73_what_is_no_file(service: Service, tmp_path: Path) -> None:
    """A folder, a link to itself, a pipe and a device are refused unopened, at once."""
    (tmp_path / "folder.ttf").mkdir()
    (tmp_path / "loop.ttf").symlink_to(tmp_path / "loop.ttf")
    os.mkfifo(tmp_path / "pipe.ttf")
    paths = [tmp_path / f"{name}.ttf" for name in ("folder", "loop", "pipe", "lost")]
    report = service.catalog.add_fonts([*paths, Path("/dev/zero")])
    assert [r.code for r in report.refused] == ["not-a-file"] * 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_73_unreadable(service: Service, tmp_path: Path) -> None:
    """A file without the right to read it says so."""
    path = tmp_path / "secret.ttf"
    path.write_bytes(b"\0\1\0\0")
    path.chmod(0)
    (refusal,) = service.catalog.add_fonts([path]).refused
    assert "ermission denied" in refusal.reason
