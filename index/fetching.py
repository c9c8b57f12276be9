"""Font files of Google Fonts, brought one by one in the background when a search wants them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from encoder import fontsource

log = logging.getLogger(__name__)

_AT_ONCE = 6  # families of one call, so that the first ones are soon there


class FontFetcher:
    """Puts families into `fonts`; safe to share among threads.

    Only ids of the pinned list are ever asked for, each once. Without npm, or where the registry
    cannot be reached, nothing happens but a line in the log.
    """

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._asked: set[str] = set()
        self._thread: threading.Thread | None = None

    @cached_property
    def _known(self) -> frozenset[str]:
        """The ids of the pinned list: read once, every search asks for them."""
        return frozenset(fontsource.pinned())

    def want(self, family_ids: Iterable[str]) -> None:
        """Fetch these families, the first one first, unless they are here or were asked for."""
        with self._lock:
            new = [i for i in family_ids if i not in self._asked and i in self._known]
            new = [i for i in new if not (self._fonts / i).is_dir()]
            self._asked.update(new)
            self._waiting += new
            if self._waiting and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="fonts", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while batch := self._next():
            try:
                report = fontsource.fetch(self._fonts, only=batch, jobs=1)
                log.info("fetched %s; not served: %s", report.fetched, report.not_served)
            except (OSError, RuntimeError) as error:
                log.warning("no font files are fetched: %s", error)
                return

    def _next(self) -> list[str]:
        with self._lock:
            batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            if not batch:
                self._thread = None
            return batch
