"""Font files that a service should not be sent: real ones with one thing wrong, or made by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import numpy as np
from fontTools.cffLib import SubrsIndex
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from fontTools.ttLib.tables.ttProgram import Program

from tests.test_encoder_fontfile import LETTERS, built, nest, nested, picture, polygon


def plain(path: Path, change: Callable[[TTFont], Any] = lambda font: None, name: str = "") -> bytes:
    """The font as a TTF, with one thing changed, and perhaps with another name."""
    font = TTFont(path, recalcBBoxes=False, recalcTimestamp=False)
    font.flavor = None
    if name:
        rename(font, name)
    change(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def rename(font: TTFont, name: str, ids: tuple[int, ...] = (1, 4, 16)) -> None:
    """Call the family `name`, in Windows' record alone."""
    font["name"].names = [n for n in font["name"].names if n.nameID not in ids]
    for name_id in ids:
        font["name"].setName(name, name_id, 3, 1, 0x409)


def raw(tag: str, data: bytes) -> DefaultTable:
    """A table of these bytes."""
    table = DefaultTable(tag)
    table.data = data
    return table


def entry_at(data: bytes, tag: str) -> int:
    """Where the directory of a TTF names this table."""
    return data.index(tag.encode("latin-1"), 12, 12 + 16 * int.from_bytes(data[4:6], "big"))


def table_place(data: bytes, tag: str) -> tuple[int, int]:
    """Offset and length of a table."""
    return struct.unpack_from(">II", data, entry_at(data, tag) + 8)


def with_entry(data: bytes, tag: str, *, offset: int | None = None, length: int | None = None):
    """The TTF with another place or length of a table in its directory."""
    out = bytearray(data)
    at = entry_at(data, tag)
    for place, value in ((at + 8, offset), (at + 12, length)):
        if value is not None:
            struct.pack_into(">I", out, place, value)
    return bytes(out)


def without(data: bytes, tag: str) -> bytes:
    """The TTF with a table that nobody finds under its name."""
    out = bytearray(data)
    at = entry_at(data, tag)
    out[at : at + 4] = b"zzzz"
    return bytes(out)


def bad_checksums(data: bytes) -> bytes:
    """Every checksum of the directory is another."""
    out = bytearray(data)
    for i in range(int.from_bytes(data[4:6], "big")):
        struct.pack_into(">I", out, 12 + 16 * i + 4, 0xDEADBEEF)
    return bytes(out)


def beyond_last_glyph(font: TTFont) -> None:
    """All letters are mapped to glyph 60,000."""
    rows = struct.pack(">3I", 0x41, 0x7A, 60_000)
    body = struct.pack(">HHIII", 12, 0, 16 + len(rows), 0, 1) + rows
    font["cmap"] = raw("cmap", struct.pack(">HHHHI", 0, 1, 3, 10, 12) + body)


def only_greek(font: TTFont) -> None:
    """What was A to z is Greek, and nothing is Latin."""
    for table in font["cmap"].tables:
        table.cmap = {c + 0x350: g for c, g in table.cmap.items() if 0x41 <= c <= 0x5A}


def empty(font: TTFont) -> None:
    """All letters are there and show nothing."""
    blank = Glyph()
    blank.numberOfContours = 0
    for name in font.getGlyphOrder():
        font["glyf"][name] = blank


def many_parts(path: Path) -> bytes:
    """Each letter leads to a glyph of 65,533 parts, as in the attack on CVE-2025-27363."""
    nest(path, {"n0": TTGlyphPen(None).glyph(), "n1": nested(("n0", 65_533))})
    return path.read_bytes()


def circle(path: Path) -> bytes:
    """A glyph that contains itself."""
    nest(path, {"n0": nested(("n1", 1)), "n1": nested(("n0", 1))})
    return path.read_bytes()


def giant_advances(font: TTFont) -> None:
    """Every letter is as wide as the format can say, on an em of 16 units."""
    font["head"].unitsPerEm = 16
    font["hmtx"].metrics = {g: (65_535, lsb) for g, (_, lsb) in font["hmtx"].metrics.items()}


def endless_hinting(font: TTFont) -> None:
    """The program that runs before every size jumps back for ever."""
    program = Program()
    program.fromBytecode(bytes([0xB8, 0xFF, 0xFD, 0x1C]))  # PUSHW -3, JMPR
    for tag in ("prep", "fpgm"):
        font[tag] = newTable(tag)
        font[tag].program = program
    font["maxp"].maxStackElements = 256


def deep_subroutines() -> bytes:
    """A CFF font of which each letter calls a subroutine that calls itself."""
    names = {c: f"u{ord(c):04X}" for c in LETTERS}
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(c): n for c, n in names.items()})
    call = T2CharString(bytecode=bytes([139 - 107, 10, 14]))  # -107 callsubr endchar
    letters = {name: call for name in [".notdef", *names.values()]}
    builder.setupCFF("Deep", {"FullName": "Deep"}, letters, {})
    private = builder.font["CFF "].cff.topDictIndex[0].Private
    private.Subrs = SubrsIndex()
    private.Subrs.append(T2CharString(bytecode=bytes([139 - 107, 10, 11]), private=private))
    builder.setupHorizontalMetrics(dict.fromkeys(letters, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Deep", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.font.recalcBBoxes = False  # it would follow the calls
    out = io.BytesIO()
    builder.font.save(out)
    return out.getvalue()


def upside_down_axis(font: TTFont) -> None:
    """An axis that ends before it begins."""
    axis = font["fvar"].axes[0]
    axis.minValue, axis.defaultValue, axis.maxValue = 900, 400, 100


def cut_gvar(font: TTFont) -> None:
    """What the axes do to the glyphs ends after forty bytes."""
    font["gvar"] = raw("gvar", font.getTableData("gvar")[:40])


def gvar_beyond(font: TTFont) -> None:
    """Each glyph's variations lie far behind the table."""
    data = bytearray(font.getTableData("gvar"))
    struct.pack_into(">I", data, 16, 0x7FFFFFF0)  # glyphVariationDataArrayOffset
    font["gvar"] = raw("gvar", bytes(data))


def gvar_junk(font: TTFont) -> None:
    """After the header come random bytes."""
    data = font.getTableData("gvar")
    font["gvar"] = raw("gvar", data[:20] + np.random.default_rng(62).bytes(len(data)))


def hvar_junk(font: TTFont) -> None:
    """What the axes do to the widths is all ones."""
    font["HVAR"] = raw("HVAR", b"\xff" * 200)


def hvar_of_many(font: TTFont) -> None:
    """... or 65,535 parts, of which none is there."""
    header = struct.pack(">HHIIII", 1, 0, 20, 0, 0, 0)
    font["HVAR"] = raw("HVAR", header + struct.pack(">HIH", 1, 12, 65_535) + bytes(20))


def huge_name(font: TTFont) -> None:
    """A family name as long as a record can be, in a table of a megabyte."""
    records = [struct.pack(">6H", 3, 1, 0x409, name_id, 65_534, 0) for name_id in (1, 16)]
    head = struct.pack(">3H", 0, len(records), 6 + 12 * len(records)) + b"".join(records)
    font["name"] = raw("name", head + ("x" * 2**19).encode("utf-16-be"))


def many_axes(path: Path) -> bytes:
    """Sixty-four axes and no table that says what they do."""
    font = TTFont(path)
    font.flavor = None
    rename(font, "Axes")
    axes = [(f"A{i:03d}", 0, 0, 1, f"Axis {i}") for i in range(64)]
    FontBuilder(font=font).setupFvar(axes, [])
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def pictures_only(font: TTFont, tag: str) -> None:
    """Outlines give way to one of the tables that hold pictures."""
    for table in ("glyf", "loca", "gvar", "fpgm", "prep", "cvt "):
        if table in font:
            del font[table]
    font[tag] = raw(tag, struct.pack(">HH", 1, 0) + bytes(200))


def brotli_bomb() -> bytes:
    """A WOFF2 whose stream unpacks to far more than it states."""
    bomb = brotli.compress(bytes(120 * 2**20), quality=1)
    body = bytes([0x3F]) + b"zzzz" + bytes([0x10]) + bomb
    sizes = (0x10000, 48 + len(body), 1, 0, 100, len(bomb))
    return struct.pack(">4sIIHHIIHHIIIII", b"wOF2", *sizes, *[0] * 7) + body


def woff_lies(path: Path) -> bytes:
    """A WOFF whose tables unpack to other lengths than they state."""
    font = TTFont(path)
    font.flavor = "woff"
    out = io.BytesIO()
    font.save(out)
    data = bytearray(out.getvalue())
    for i in range(int.from_bytes(data[12:14], "big")):
        at = 44 + 20 * i + 12
        (stated,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, 3 * stated)
    return bytes(data)


def many_faces() -> bytes:
    """A collection that states 10,000 faces, all at one place."""
    return struct.pack(">4sII", b"ttcf", 0x10000, 10_000) + struct.pack(">I", 12) * 10_000


def surrogate(font: TTFont) -> None:
    """A family name with half of a character."""
    rename(font, "Half")
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = "Half".encode("utf-16-be") + b"\xd8\x00"


def zipped(name: str, data: bytes) -> bytes:
    """An archive of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def random_bytes() -> bytes:
    """No font at all."""
    return np.random.default_rng(44).bytes(5000)


def same_letters(path: Path) -> bytes:
    """Every letter is the same box."""
    return built(path, lambda c, i: polygon((0, 0), (0, 700), (500, 700), (500, 0))).read_bytes()


def icons(path: Path) -> bytes:
    """A to z are little pictures."""
    return built(path, lambda c, i: picture(i)).read_bytes()
