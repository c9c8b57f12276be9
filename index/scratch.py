"""Folders for the time of one call, which do not outlive a killed process."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import StorageError
from index.files import HALF_WRITTEN

FOLDER = "tmp"  # below the data folder
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextmanager
def scratch(data: Path, purpose: str) -> Iterator[Path]:
    """A new folder below `data` that is gone after the block, or at the next `sweep`.

    Raises `StorageError` for what the block, or making the folder, meets of a full disk or of
    one that cannot be written.
    """
    with storage_errors(data):
        root = data / FOLDER
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root, fcntl.LOCK_SH):
            folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=root))
            alive = os.open(folder, os.O_RDONLY)  # its lock ends with the process, however it ends
            fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(alive)


@contextmanager
def storage_errors(data: Path) -> Iterator[None]:
    """Raise a full disk, and one that cannot be written, as `StorageError` naming the folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in _STORAGE:
            raise
        raise StorageError(
            f"{data} takes no more: {os.strerror(error.errno)}; make room or make it writable"
        ) from error


def leftovers(data: Path) -> list[Path]:
    """The folders and half-written files that processes which are gone have left.

    To be asked with the writer's lock held: files are written under it.
    """
    found = [*data.glob(HALF_WRITTEN), *data.glob(f"*/{HALF_WRITTEN}")]
    root = data / FOLDER
    if root.is_dir():
        with _locked(root, fcntl.LOCK_EX):
            found += [folder for folder in root.iterdir() if _is_abandoned(folder)]
    return sorted(found)


def sweep(data: Path) -> None:
    """Delete the leftovers; live folders stay. Needs the writer's lock."""
    for path in leftovers(data):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
    except OSError:  # somebody holds it, or it has just gone
        return False


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
