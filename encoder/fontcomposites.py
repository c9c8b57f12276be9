"""Glyphs made of glyphs: refuse nests that would take FreeType hours to draw.

A file of a few kilobytes can nest ten copies of ten copies of ... an empty glyph.
FreeType follows them all, so the parts are counted here first. Record formats after the
OpenType specification, chapter glyf, and the WOFF2 specification, section 5.1.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont

MAX_PARTS = 10_000  # of one glyph, all levels; the most intricate real ones have dozens
_MAX_DEPTH = 32

_WORDS, _SCALE, _MORE, _XY_SCALE, _MATRIX = 0x1, 0x8, 0x20, 0x40, 0x80


def largest_composite(font: TTFont) -> int:
    """The most parts, over all levels, that one TrueType glyph draws; 1 without composites.

    More than `MAX_PARTS` is reported as `MAX_PARTS + 1`. Raises `ValueError` or
    `struct.error` for cycles, endless depth and damaged tables.
    """
    if "glyf" not in font:
        return 1
    children = _woff2_children(font) if _is_transformed(font) else _glyf_children(font)
    known: dict[int, int] = {}
    return max((_parts(glyph, children, known, 0) for glyph in children), default=1)


def _parts(glyph: int, children: dict[int, list[int]], known: dict[int, int], depth: int) -> int:
    if depth > _MAX_DEPTH:
        raise ValueError("composite glyphs are nested too deep, or in a circle")
    if glyph not in known:
        total = 1
        for child in children.get(glyph, ()):
            total += _parts(child, children, known, depth + 1)
            if total > MAX_PARTS:
                total = MAX_PARTS + 1
                break
        known[glyph] = total
    return known[glyph]


def _is_transformed(font: TTFont) -> bool:
    return bool(getattr(font.reader.tables["glyf"], "transformed", False))


def _glyf_children(font: TTFont) -> dict[int, list[int]]:
    """Glyph -> its components, for the composites of a plain `glyf` table."""
    body, places = font.reader["glyf"], font.reader["loca"]
    long = font["head"].indexToLocFormat != 0
    starts = np.frombuffer(places, ">u4" if long else ">u2").astype(np.int64)
    starts = starts * (1 if long else 2)
    used = np.flatnonzero((np.diff(starts) > 0) & (starts[:-1] + 2 <= len(body)))
    found = {}
    for glyph in used.tolist():
        at = int(starts[glyph])
        if body[at] & 0x80:  # a negative number of contours
            found[glyph], _ = _components(body, at + 10)
    return found


def _woff2_children(font: TTFont) -> dict[int, list[int]]:
    """The same from WOFF2's own form, which costs far less than rebuilding `glyf`."""
    reader: Any = font.reader
    body = reader.tables["glyf"].loadData(reader.transformBuffer)
    count, *sizes = struct.unpack_from(">4xH2x5I", body)
    contours = np.frombuffer(body, ">i2", count, 36)
    at, found = 36 + sum(sizes[:4]), {}
    for glyph in np.flatnonzero(contours < 0).tolist():
        found[glyph], at = _components(body, at)
    return found


def _components(body: bytes, at: int) -> tuple[list[int], int]:
    """The glyph ids of one composite record at `at`, and where it ends."""
    glyphs, flags = [], _MORE
    while flags & _MORE:
        flags, glyph = struct.unpack_from(">HH", body, at)
        glyphs.append(glyph)
        at += 8 if flags & _WORDS else 6
        if flags & _SCALE:
            at += 2
        elif flags & _XY_SCALE:
            at += 4
        elif flags & _MATRIX:
            at += 8
    return glyphs, at
