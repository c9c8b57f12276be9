"""One writer at a time, among the threads of a process and among processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import BusyError


class WriterLock:
    """A thread lock with a file lock inside; not to be taken twice by one thread."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._threads = threading.Lock()
        self._processes = FileLock(path, thread_local=False)

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
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._processes.acquire(timeout=max(0.0, until - time.monotonic()))
            except Timeout as error:
                raise self._busy(patience) from error
            try:
                yield
            finally:
                self._processes.release()
        finally:
            self._threads.release()

    def _busy(self, patience: float) -> BusyError:
        return BusyError(
            f"another writer has held {self._path} for over {patience:g} s; try again later"
        )
