"""How many parts a TIFF is cut into, looked up before Pillow makes a list of them.

After the TIFF 6.0 specification, section 2, and the BigTIFF design.
"""

from __future__ import annotations

import struct

_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_HEADERS = {
    b"II*\0": ("<", 4, "I", "H", "HHI4x"),
    b"MM\0*": (">", 4, "I", "H", "HHI4x"),
    b"II+\0": ("<", 8, "Q", "Q", "HHQ8x"),
    b"MM\0+": (">", 8, "Q", "Q", "HHQ8x"),
}


def tiff_parts(data: bytes) -> int:
    """Strips or tiles that the first directory states; 0 for none, damage and other formats."""
    if data[:4] not in _HEADERS:
        return 0
    order, at, offset, count, entry = _HEADERS[data[:4]]
    try:
        (place,) = struct.unpack_from(order + offset, data, at)
        (entries,) = struct.unpack_from(order + count, data, place)
        place += struct.calcsize(order + count)
        rows = struct.iter_unpack(
            order + entry, data[place : place + entries * struct.calcsize(order + entry)]
        )
        return max((n for tag, _, n in rows if tag in (_STRIP_OFFSETS, _TILE_OFFSETS)), default=0)
    except (struct.error, OverflowError, MemoryError):
        return 0
