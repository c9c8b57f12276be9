"""Font files of Google Fonts, brought a few at a time in the background for searches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
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
        self._changed = threading.Condition()
        self._waiting: list[str] = []
        self._asked: set[str] = set()
        self._settled = 0  # of those asked for: here, or not to be had
        self._came = 0  # since anybody waited
        self._thread: threading.Thread | None = None

    @cached_property
    def _known(self) -> frozenset[str]:
        """The ids of the pinned list: read once, every search asks for them."""
        return frozenset(fontsource.pinned())

    def want(self, family_ids: Iterable[str]) -> None:
        """Fetch these families, the first one first, unless they are here or were asked for."""
        with self._changed:
            new = [i for i in family_ids if i not in self._asked and i in self._known]
            new = [i for i in new if not (self._fonts / i).is_dir()]
            self._asked.update(new)
            self._waiting += new
            if self._waiting and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="fonts", daemon=True)
                self._thread.start()

    def wait(self, seconds: float, on_progress: Callable[[int, int], None]) -> int:
        """Wait until all is here that can be had, at most so long.

        How many families came since the last such call. `on_progress(done, total)` counts those
        that were asked for.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while self._thread is not None and (left := end - time.monotonic()) > 0:
                on_progress(self._settled, len(self._asked))
                self._changed.wait(left)
                on_progress(self._settled, len(self._asked))
            came, self._came = self._came, 0
        return came

    def _work(self) -> None:
        try:
            while batch := self._next():
                report = fontsource.fetch(self._fonts, only=batch, jobs=1)
                log.info("fetched %s; not served: %s", report.fetched, report.not_served)
                with self._changed:
                    self._settled += len(batch)
                    self._came += len(report.fetched)
                    self._changed.notify_all()
        except (OSError, RuntimeError) as error:
            log.warning("no font files are fetched: %s", error)
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _next(self) -> list[str]:
        with self._changed:
            batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            if not batch:  # in the same moment: whoever wants more from now on starts anew
                self._thread = None
            return batch
