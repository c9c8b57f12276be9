"""Fonts that come in a zip archive, as foundries send them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from encoder.fontguard import MAX_BYTES
from index.reports import Refusal

MAX_FONTS = 200  # of an archive
MAX_UNPACKED = 512 * 2**20  # bytes of its fonts together
SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"})
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Font files with the names to show for them, and the archives that gave none."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    refused: tuple[Refusal, ...]


def unpack(paths: Sequence[Path], names: Sequence[str], folder: Path) -> Unpacked:
    """The files as they are, and the fonts of those that are zip archives, put into `folder`.

    A font of an archive is called "ARCHIVE: FILE". An archive that is damaged, locked, too
    large or without fonts is refused as a whole; sizes are counted while unpacking, whatever
    the archive states.
    """
    files: list[tuple[Path, str]] = []
    refused: list[Refusal] = []
    for path, name in zip(paths, names, strict=True):
        if not _is_archive(path):
            files.append((path, name))
            continue
        try:
            files += _fonts(path, name, folder, len(files))
        except _UnusableError as error:
            refused.append(Refusal(name, error.code, str(error)))
    return Unpacked(tuple(p for p, _ in files), tuple(n for _, n in files), tuple(refused))


def _is_archive(path: Path) -> bool:
    """By its beginning: what `zipfile` looks for at the end, any file may have there."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError:  # who reads it as a font says why
        return False


class _UnusableError(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _fonts(path: Path, name: str, folder: Path, first: int) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    room = MAX_UNPACKED
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if _is_font(info)]
            if not members:
                raise _UnusableError("not-a-font", "The archive holds no font file.")
            if len(members) > MAX_FONTS:
                raise _UnusableError(
                    "too-many-files", f"{len(members)} fonts are in it; at most {MAX_FONTS}."
                )
            for info in members:
                last = PurePosixPath(info.filename).name
                target = folder / f"unpacked-{first + len(found)}{PurePosixPath(last).suffix}"
                with archive.open(info) as member, target.open("wb") as file:
                    for chunk in _limited(member, last, room):
                        file.write(chunk)
                room -= target.stat().st_size
                found.append((target, f"{name}: {last}"))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _UnusableError("broken", f"The archive is damaged ({error}).") from error
    except RuntimeError as error:  # what zipfile raises without the password
        raise _UnusableError("unsupported", f"The archive is locked ({error}).") from error
    return found


def _is_font(info: zipfile.ZipInfo) -> bool:
    place = PurePosixPath(info.filename)
    hidden = place.name.startswith("._") or "__MACOSX" in place.parts
    return place.suffix.lower() in SUFFIXES and not info.is_dir() and not hidden


def _limited(member: IO[bytes], name: str, room: int) -> Iterator[bytes]:
    size = 0
    while chunk := member.read(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _UnusableError("too-large", f"{name} has more than {MAX_BYTES:,} bytes.")
        if size > room:
            raise _UnusableError(
                "too-large", f"Its fonts have more than {MAX_UNPACKED:,} bytes together."
            )
        yield chunk
