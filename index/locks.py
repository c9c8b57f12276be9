"""One writer at a time, among the threads of a process and among processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from index.errors import BusyError


class ProcessLock(Protocol):
    """A lock among processes, of one machine or of many."""

    def acquire(self, seconds: float) -> bool: ...

    def release(self) -> None: ...


class WriterLock:
    """A thread lock with a lock among processes inside; not to be taken twice by one thread."""

    def __init__(self, path: Path, seconds: float, processes: ProcessLock | None = None) -> None:
        """`processes` is a lock on the file `path` by default."""
        self._name = path if processes is None else "the database's lock"
        self._seconds = seconds
        self._threads = threading.Lock()
        self._processes = processes or _FileLock(path)

    @contextmanager
    def hold(self, seconds: float | None = None) -> Iterator[None]:
        """Hold both locks for the block; `BusyError` when they are not free in time.

        `seconds` to wait, the constructor's by default; 0 tries once.
        """
        patience = self._seconds if seconds is None else seconds
        until = time.monotonic() + patience
        if not self._threads.acquire(timeout=patience):
            raise self._busy(patience)
        try:
            if not self._processes.acquire(max(0.0, until - time.monotonic())):
                raise self._busy(patience)
            try:
                yield
            finally:
                self._processes.release()
        finally:
            self._threads.release()

    def _busy(self, patience: float) -> BusyError:
        return BusyError(
            f"another writer has held {self._name} for over {patience:g} s; try again later"
        )


class _FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, thread_local=False)

    def acquire(self, seconds: float) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=seconds)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        self._lock.release()
