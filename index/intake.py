"""Taking in one stranger's font file: copied, checked, sanitised, read; under names of ours."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from encoder.fontfile import FontFace
from encoder.fontguard import check_file
from encoder.sanitize import sanitize
from index.files import sha256_of
from index.jail import Jail
from index.scratch import storage_errors

_SUFFIXES = {b"OTTO": ".otf", b"ttcf": ".ttc"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A copy of what was sent, in our folder, and its sha256."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A sanitised file, named by its sha256, with its faces and the sha256 of what was sent."""

    path: Path
    sha256: str
    original: str
    faces: tuple[FontFace, ...]


def receive(path: Path, folder: Path) -> Sent:
    """Copy a file of a font's size and beginning to `folder`. Raises `FontRefusedError`.

    A copy, so that nobody changes it between two looks, and the jail need not read elsewhere.
    Raises `StorageError` when there is no room for it.
    """
    check_file(path)
    copy = folder / "sent"
    with storage_errors(folder):
        shutil.copyfile(path, copy)
    return Sent(copy, sha256_of(copy))


def take(sent: Sent, jail: Jail, label: str) -> Taken:
    """Measure, sanitise and read the file in that order; the last two only if it passed.

    A family without a name is called `label`. Raises `FontRefusedError` and `StorageError`.
    """
    jail.measure(sent.path)
    clean = sent.path.with_name("sanitised")
    with storage_errors(clean.parent):
        sanitize(sent.path, clean)
    with clean.open("rb") as file:
        suffix = _SUFFIXES.get(file.read(4), ".ttf")
    sha256 = sha256_of(clean)
    kept = clean.replace(clean.with_name(sha256 + suffix))
    return Taken(kept, sha256, sent.sha256, jail.faces(kept, label))
