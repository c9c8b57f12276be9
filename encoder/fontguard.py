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
from fontTools.ttLib.woff2 import WOFF2DirectoryEntry

MAX_BYTES = 30 * 2**20
MAX_UNPACKED = 96 * 2**20  # the largest CJK fonts unpack to about half of this
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
_WOFF_HEADER, _WOFF_ENTRY, _WOFF2_HEADER = 44, 20, 48


class FontRefusedError(ValueError):
    """A file that gives no usable face; `code` is a stable slug, `message` says why.

    Codes: "not-a-font", "unsupported", "broken", "too-large", "too-many-faces",
    "no-latin", "empty-outlines", "identical-glyphs", "icon-font".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_font_bytes(path: Path) -> bytes:
    """The bytes of a TTF, OTF, TTC, WOFF or WOFF2 file that unpacks to a bounded size.

    Never waits (a FIFO or device is refused unopened). Raises `FontRefusedError`.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise FontRefusedError("not-a-font", f"{path.name} is not a regular file.")
        if facts.st_size > MAX_BYTES:
            found = f"{path.name} has {facts.st_size:,} bytes"
            raise FontRefusedError("too-large", f"{found}; at most {MAX_BYTES:,} are read.")
        data = path.read_bytes()
    except OSError as error:
        raise FontRefusedError("not-a-font", f"{path.name}: {error.strerror}.") from error
    _check_kind(data, path.name)
    return data


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


def _check_kind(data: bytes, name: str) -> None:
    magic = data[:4]
    if magic in _SFNT or magic == b"ttcf":
        return
    if magic in (b"wOFF", b"wOF2"):
        _check_unpacked(data, name)
        return
    kinds = (kind for start, kind in _OTHERS if data.startswith(start))
    found = next(kinds, "no font file" if data else "empty")
    raise FontRefusedError(
        "not-a-font", f"{name} is {found}; TTF, OTF, TTC, WOFF and WOFF2 files are read."
    )


def _check_unpacked(data: bytes, name: str) -> None:
    if data[4:8] == b"ttcf":
        raise FontRefusedError("unsupported", f"{name} is a WOFF2 collection; unpack it to a TTC.")
    stated = int.from_bytes(data[16:20], "big")
    try:
        measure = _woff_size if data[:4] == b"wOFF" else _woff2_size
        fits = stated <= MAX_UNPACKED and measure(data) <= MAX_UNPACKED
    except Exception as error:  # struct, zlib, brotli and fontTools raise their own types
        raise FontRefusedError("broken", f"{name} cannot be unpacked: damaged.") from error
    if not fits:
        raise FontRefusedError("too-large", f"{name} unpacks to more than {MAX_UNPACKED:,} bytes.")


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
