"""The faces of a font file: TTF, OTF, TTC, WOFF or WOFF2, static or variable.

A static file is one face, a collection has several, and a variable font gives one face
for every named instance. What cannot be drawn as Latin letters is refused with a reason.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from PIL import ImageFont

from encoder.fontcmap import PRIVATE_USE, read_segments
from encoder.fontcomposites import MAX_PARTS, largest_composite
from encoder.fontguard import FontRefusedError, face_count, read_font_bytes
from encoder.fontletters import FIRST, LAST, draw_check
from encoder.fontnames import Names, name_of, read_names
from encoder.scripts import covered

__all__ = ["FaceRef", "FontFace", "FontRefusedError", "read_faces"]

MAX_FACES = 512  # named instances of one file; the largest real font has about 200
SECONDS = 10.0  # for drawing all letters of a file; 0.03 is usual
_DRAW_SIZE = 48
_UNITS_PER_EM = range(16, 16385)  # the OpenType specification, chapter head
_WIDTHS = {1: 50, 2: 62, 3: 75, 4: 88, 5: 100, 6: 112, 7: 125, 8: 150, 9: 200}  # chapter OS/2
# Old Windows smeared weights below 250, so many thin fonts state these instead.
_WINDOWS_LIGHT = (250, 275)
_LIGHTEST = (
    (re.compile(r"(extra|ultra)[\s-]?light", re.I), 200),
    (re.compile(r"thin|hairline", re.I), 100),
)
_SLANTED = re.compile(r"\b(italic|oblique|slanted|kursiv|cursiva|italique)\b", re.I)


@dataclass(frozen=True, slots=True)
class FaceRef:
    """Enough to open a face again.

    `index` counts the faces of a collection. `variation` holds every axis of a variable
    font, as (tag, value) in the file's order; it is empty for a static one.
    """

    path: Path
    index: int = 0
    variation: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class FontFace:
    """What a file says about one face, checked and cleaned.

    `weight` is 1..1000, `width` a percentage (100 is normal), `coverage` the characters
    of U+0020..U+024F that are drawn, `scripts` those it has letters for, `license` an SPDX id
    or the file's own words, and `sha256` that of the whole file.
    """

    ref: FaceRef
    family_name: str
    style_name: str
    weight: int
    italic: bool
    width: int
    coverage: frozenset[str]
    scripts: frozenset[str]
    license: str | None
    license_url: str | None
    designer: str | None
    version: str | None
    sha256: str


def read_faces(path: Path, *, fallback: str | None = None) -> tuple[FontFace, ...]:
    """Every usable face of a file, at least one, in the file's order.

    Faces of a collection that cannot be used are left out. A family without a name is called
    `fallback`, by default as the file is. Raises `FontRefusedError` when no face is usable,
    with the reason of the first.
    """
    path = Path(path)
    data = read_font_bytes(path)
    sha256, deadline = hashlib.sha256(data).hexdigest(), time.thread_time() + SECONDS
    file = _File(path, data, sha256, deadline, fallback or path.stem)
    faces: list[FontFace] = []
    refusals: list[FontRefusedError] = []
    for index in range(face_count(data)):
        try:
            faces += _faces_at(file, index)
        except FontRefusedError as error:
            refusals.append(error)
    if not faces:
        raise refusals[0]
    return tuple(faces)


@dataclass(frozen=True, slots=True)
class _File:
    """One file while it is read; `deadline` is a `time.thread_time()`."""

    path: Path
    data: bytes
    sha256: str
    deadline: float
    fallback: str


def _faces_at(file: _File, index: int) -> list[FontFace]:
    with _opened(file, index) as font:
        coverage, scripts = _coverage(font, file, index)
        names = read_names(font, file.fallback)
        return [
            FontFace(
                ref=FaceRef(file.path, index, variation),
                family_name=names.family,
                style_name=style,
                weight=_weight(font, dict(variation), style),
                italic=_italic(font, dict(variation), style),
                width=_width(font, dict(variation)),
                coverage=coverage,
                scripts=scripts,
                license=names.license,
                license_url=names.license_url,
                designer=names.designer,
                version=names.version,
                sha256=file.sha256,
            )
            for style, variation in _instances(font, names)
        ]


@contextmanager
def _opened(file: _File, index: int) -> Iterator[TTFont]:
    """fontTools' view of the file, with whatever it raises turned into a refusal."""
    try:
        with TTFont(io.BytesIO(file.data), lazy=True, fontNumber=index) as font:
            yield font
    except FontRefusedError:
        raise
    except Exception as error:  # fontTools raises a dozen types for damaged tables
        raise FontRefusedError(
            "broken", f"It is damaged or cut off ({type(error).__name__}: {error})."
        ) from error


def _coverage(font: TTFont, file: _File, index: int) -> tuple[frozenset[str], frozenset[str]]:
    """The characters that are drawn, and the scripts that are mapped."""
    em = font["head"].unitsPerEm
    if em not in _UNITS_PER_EM:
        raise FontRefusedError("broken", f"The font has {em} units to the em; 16 to 16,384 exist.")
    segments = read_segments(font.reader["cmap"]) if "cmap" in font else None
    if segments is None:
        raise FontRefusedError("no-latin", "The font maps no Unicode characters.")
    if largest_composite(font) > MAX_PARTS:
        raise FontRefusedError("broken", f"One glyph is made of more than {MAX_PARTS:,} parts.")
    glyphs = font["maxp"].numGlyphs
    mapped = [chr(c) for c in range(FIRST, LAST + 1) if 0 < segments.glyph(c) < glyphs]
    drawn = _drawable(file.data, index)
    coverage = draw_check(drawn, mapped, segments.count(*PRIVATE_USE), file.deadline)
    return coverage, covered(segments)


def _drawable(data: bytes, index: int) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(
            io.BytesIO(data), _DRAW_SIZE, index=index, layout_engine=ImageFont.Layout.BASIC
        )
    except (OSError, ValueError, MemoryError) as error:
        raise FontRefusedError("broken", f"FreeType cannot open it ({error}).") from error


def _instances(font: TTFont, names: Names) -> list[tuple[str, tuple[tuple[str, float], ...]]]:
    """(style name, variation) of every face: one static, or the named instances.

    A variable font without named instances gives its default one. Instances at the same
    place are one face.
    """
    if "fvar" not in font:
        return [(names.style, ())]
    axes, instances = font["fvar"].axes, font["fvar"].instances
    if len(instances) > MAX_FACES:
        raise FontRefusedError(
            "too-many-faces", f"The font names {len(instances):,} instances; at most {MAX_FACES}."
        )
    found: dict[tuple[tuple[str, float], ...], str] = {}
    for instance in instances:
        place = tuple((a.axisTag, _clamped(instance.coordinates, a)) for a in axes)
        found.setdefault(place, name_of(font, instance.subfamilyNameID) or names.style)
    if not found:
        found[tuple((a.axisTag, float(a.defaultValue)) for a in axes)] = names.style
    return [(style, place) for place, style in found.items()]


def _clamped(coordinates: dict[str, float], axis: Any) -> float:
    value = coordinates.get(axis.axisTag, axis.defaultValue)
    return float(min(max(value, axis.minValue), axis.maxValue))


def _weight(font: TTFont, place: dict[str, float], style: str) -> int:
    if "wght" in place:
        return min(max(round(place["wght"]), 1), 1000)
    if "OS/2" not in font:
        return 700 if font["head"].macStyle & 1 else 400
    weight = font["OS/2"].usWeightClass
    if weight in _WINDOWS_LIGHT:
        name = f"{style} {name_of(font, 1) or ''}"
        named = (value for pattern, value in _LIGHTEST if pattern.search(name))
        return next(named, weight)
    if weight < 10:  # some old tools wrote 4 for 400; 0 means nothing was set
        weight = weight * 100 or 400
    return min(weight, 1000)


def _italic(font: TTFont, place: dict[str, float], style: str) -> bool:
    """By the axes, then the flags, then the name.

    The slope angle counts only without an OS/2 table: upright styles of script fonts
    state one too.
    """
    if "ital" in place or "slnt" in place:
        return place.get("ital", 0) >= 0.5 or abs(place.get("slnt", 0)) >= 1
    flagged = bool(font["head"].macStyle & 2)
    if "OS/2" in font:
        flagged = flagged or bool(font["OS/2"].fsSelection & 0x201)  # ITALIC, OBLIQUE
    elif "post" in font:
        flagged = flagged or abs(font["post"].italicAngle) >= 1
    return flagged or bool(_SLANTED.search(style))


def _width(font: TTFont, place: dict[str, float]) -> int:
    if "wdth" in place:
        return min(max(round(place["wdth"]), 1), 1000)
    return _WIDTHS.get(font["OS/2"].usWidthClass, 100) if "OS/2" in font else 100
