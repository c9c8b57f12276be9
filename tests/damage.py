"""What disks do to files."""

from __future__ import annotations

import shutil
from pathlib import Path

from index.settings import Settings


def flip(path: Path) -> None:
    """One bit in the middle of the file is another one."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flipped_encoder(folder: Path) -> Path:
    """A copy of the shipped encoder, beside its card, with one bit changed."""
    shipped = Settings().encoder
    for path in (shipped, shipped.with_suffix(".json")):
        shutil.copy(path, folder / path.name)
    flip(folder / shipped.name)
    return folder / shipped.name
