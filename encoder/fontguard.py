"""What may be opened as a font file at all: kind, size, and what it unpacks to.

Nothing here trusts a length that the file states; fontTools and FreeType do.
"""

from __future__ import annotations

import io
import stat
import struct
import zlib
from pathlib import Path

import brotli
from fontTools.ttLib import TTFont
from fontTools.ttLib.woff2 import WOFF2DirectoryEntry

MAX_BYTES = 30 * 2**20  # of a WOFF or WOFF2 file
MAX_UNPACKED = 96 * 2**20  # of the others; the largest CJK fonts have about half of this
MAX_COLLECTION = 64  # faces of a TTC

_SFNT = (b"\0\1\0\0", b"OTTO", b"true")
_OTHERS = (
    (b"%!", "a Type 1 font"),
    (b"\x80\x01", "a Type 1 font"),
    (b"typ1", "a Type 1 font"),
    (b"\0\0\1\0", "a Macintosh suitcase (dfont)"),
    (b"PK\3\4", "a zip archive; unpack it first"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"STARTFONT", "a bitmap font (BDF)"),
    (b"\1fcp", "a bitmap font (PCF)"),
    (b"<", "XML or HTML text"),
)
_OUTLINES = frozenset({"glyf", "CFF ", "CFF2"})
_PICTURES = frozenset({"sbix", "CBDT", "EBDT", "bdat", "SVG ", "COLR"})
_WOFF_HEADER, _WOFF_ENTRY, _WOFF2_HEADER = 44, 20, 48


class FontRefusedError(ValueError):
    """A file that gives no usable face; `code` is a stable slug, `message` says why.

    Codes: "not-a-font", "unsupported", "broken", "too-large", "too-many-faces", "no-outlines",
    "no-latin", "empty-outlines", "identical-glyphs", "icon-font"; of strangers' files also
    "unsafe", "time-limit", "memory-limit", "crashed" and "no-sanitizer".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_file(path: Path) -> None:
    """Whether this may be a font at all: a file, of a size and beginning that fonts have.

    Never waits (a FIFO or device is refused unopened). Raises `FontRefusedError`.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise FontRefusedError("not-a-font", "It is not a regular file.")
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise FontRefusedError("not-a-font", f"It cannot be read: {error.strerror}.") from error
    packed = start[:4] in (b"wOFF", b"wOF2")
    if not packed and start[:4] != b"ttcf" and start[:4] not in _SFNT:
        kinds = (kind for beginning, kind in _OTHERS if start.startswith(beginning))
        found = next(kinds, "no font file" if start else "empty")
        raise FontRefusedError(
            "not-a-font", f"It is {found}; TTF, OTF, TTC, WOFF and WOFF2 files are read."
        )
    limit = MAX_BYTES if packed else MAX_UNPACKED
    if facts.st_size > limit:
        raise FontRefusedError(
            "too-large", f"It has {facts.st_size:,} bytes; at most {limit:,} are read."
        )


def read_font_bytes(path: Path) -> bytes:
    """The bytes of a TTF, OTF, TTC, WOFF or WOFF2 file that unpacks to a bounded size.

    Never waits, as `check_file`. Raises `FontRefusedError`.
    """
    check_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FontRefusedError("not-a-font", f"It cannot be read: {error.strerror}.") from error
    if data[:4] in (b"wOFF", b"wOF2"):
        _check_unpacked(data)
    return data


def require_outlines(data: bytes) -> None:
    """Refuse fonts that hold pictures only, which no sanitizer or renderer lets through.

    Says nothing to files whose tables cannot be listed. Raises `FontRefusedError`.
    """
    try:
        with TTFont(io.BytesIO(data), lazy=True, fontNumber=0) as font:
            tables = set(font.reader.keys())
    except Exception:  # damaged: whoever reads on finds out where
        return
    pictures = sorted(tables & _PICTURES)
    if pictures and not tables & _OUTLINES:
        raise FontRefusedError(
            "no-outlines",
            f"The font holds pictures of its letters only ({', '.join(pictures)}), and outlines "
            "are compared here; add its outline version.",
        )


def face_count(data: bytes) -> int:
    """How many faces the file states: 1, or that of a collection (at most 64).

    Raises `FontRefusedError` for none or for more.
    """
    if data[:4] != b"ttcf":
        return 1
    count = int.from_bytes(data[8:12], "big")
    if count == 0 or len(data) < 12 + 4 * count:
        raise FontRefusedError("broken", f"The collection states {count} faces but lists none.")
    if count > MAX_COLLECTION:
        raise FontRefusedError(
            "too-many-faces", f"The collection has {count:,} faces; at most {MAX_COLLECTION}."
        )
    return count


def _check_unpacked(data: bytes) -> None:
    if data[4:8] == b"ttcf":
        raise FontRefusedError("unsupported", "It is a WOFF2 collection; unpack it to a TTC.")
    stated = int.from_bytes(data[16:20], "big")
    try:
        measure = _woff_size if data[:4] == b"wOFF" else _woff2_size
        fits = stated <= MAX_UNPACKED and measure(data) <= MAX_UNPACKED
    except Exception as error:  # struct, zlib, brotli and fontTools raise their own types
        raise FontRefusedError("broken", "It cannot be unpacked: damaged.") from error
    if not fits:
        raise FontRefusedError("too-large", f"It unpacks to more than {MAX_UNPACKED:,} bytes.")


def _woff_size(data: bytes) -> int:
    """Bytes that the tables of a WOFF file really unpack to; stops past the limit."""
    total = 0
    (count,) = struct.unpack_from(">H", data, 12)
    for i in range(count):
        entry = struct.unpack_from(">4s3I", data, _WOFF_HEADER + i * _WOFF_ENTRY)
        _, offset, packed, original = entry
        body = data[offset : offset + packed]
        if packed < original:
            body = zlib.decompressobj().decompress(body, MAX_UNPACKED - total + 1)
        total += len(body)
        if total > MAX_UNPACKED:
            break
    return total


def _woff2_size(data: bytes) -> int:
    """Bytes that the one brotli stream of a WOFF2 file unpacks to; stops past the limit."""
    count, packed = struct.unpack_from(">12xH6xI", data)
    file = io.BytesIO(data)
    file.seek(_WOFF2_HEADER)
    for _ in range(count):
        WOFF2DirectoryEntry().fromFile(file)
    stream = brotli.Decompressor()
    total, body = 0, file.read(packed)
    while not stream.is_finished() and total <= MAX_UNPACKED:
        part = stream.process(body, output_buffer_limit=2**22)
        if not part and not body:
            raise ValueError("the stream ends early")
        total, body = total + len(part), b""
    return total
