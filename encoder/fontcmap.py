"""Which characters a font maps, read for a small range only.

fontTools expands a whole `cmap`, and a forged one of 100 kB expands to billions of
characters. Here a lookup costs the same whatever the table claims. Formats after the
OpenType specification, chapter cmap.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

PRIVATE_USE = (0xE000, 0xF8FF)
# The order in which a renderer looks: full Unicode, then the basic plane.
_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))


@dataclass(frozen=True, slots=True)
class Segments:
    """Runs of characters: int64 [S] first and last code, both inclusive, and glyph ids.

    `delta` is added to the code (65,536 wraps) unless `table` holds the glyph's byte
    offset; `constant` gives the whole run the same glyph (format 13).
    """

    first: np.ndarray
    last: np.ndarray
    delta: np.ndarray
    glyph_offsets: np.ndarray
    body: bytes
    constant: bool = False

    def glyph(self, code: int) -> int:
        """The glyph id of a character; 0 when it has none."""
        inside = np.flatnonzero((self.first <= code) & (code <= self.last))
        if not len(inside):
            return 0
        i = int(inside[0])
        offset = int(self.glyph_offsets[i])
        if offset < 0:
            base = 0 if self.constant else code
            return int((base + self.delta[i]) & 0xFFFF)
        at = offset + 2 * (code - int(self.first[i]))
        glyph = int.from_bytes(self.body[at : at + 2], "big")
        return (glyph + int(self.delta[i])) & 0xFFFF if glyph else 0

    def count(self, low: int, high: int) -> int:
        """How many codes of low..high lie in the runs (overlaps count twice)."""
        overlap = np.minimum(self.last, high) - np.maximum(self.first, low) + 1
        return int(overlap.clip(0).sum())


def read_segments(table: bytes) -> Segments | None:
    """The Unicode subtable of a raw `cmap` table; None when there is none that is known.

    Raises `struct.error` or `ValueError` when it is damaged.
    """
    (count,) = struct.unpack_from(">2xH", table)
    found: dict[tuple[int, int], int] = {}
    for i in range(min(count, 256)):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * i)
        found.setdefault((platform, encoding), offset)
    for key in _UNICODE:
        if key in found:
            body = table[found[key] :]
            (form,) = struct.unpack_from(">H", body)
            reader = {0: _format0, 4: _format4, 6: _format6, 12: _groups, 13: _groups}.get(form)
            if reader is not None:
                return reader(body)
    return None


def _format0(body: bytes) -> Segments:
    codes = np.flatnonzero(np.frombuffer(body, np.uint8, 256, 6)).astype(np.int64)
    glyphs = np.frombuffer(body, np.uint8, 256, 6)[codes].astype(np.int64)
    return Segments(codes, codes, glyphs - codes, np.full(len(codes), -1), body)


def _format4(body: bytes) -> Segments:
    (double,) = struct.unpack_from(">6xH", body)
    count, at = double // 2, 14
    last = np.frombuffer(body, ">u2", count, at).astype(np.int64)
    first = np.frombuffer(body, ">u2", count, at + double + 2).astype(np.int64)
    delta = np.frombuffer(body, ">u2", count, at + 2 * double + 2).astype(np.int64)
    range_at = at + 3 * double + 2
    offset = np.frombuffer(body, ">u2", count, range_at).astype(np.int64)
    places = np.where(offset > 0, range_at + 2 * np.arange(count) + offset, -1)
    return Segments(first, last, delta, places, body)


def _format6(body: bytes) -> Segments:
    first, count = struct.unpack_from(">6xHH", body)
    one = np.array([first], np.int64)
    return Segments(one, one + count - 1, np.array([0]), np.array([10]), body)


def _groups(body: bytes) -> Segments:
    form, count = struct.unpack_from(">H10xI", body)
    rows = np.frombuffer(body, ">u4", 3 * count, 16).reshape(-1, 3).astype(np.int64)
    first, last, glyph = rows.T
    constant = form == 13
    return Segments(
        first, last, glyph if constant else glyph - first, np.full(count, -1), body, constant
    )
