"""Answers that were given lately, for the same picture asked again.

Of a picture only a keyed hash is kept, and no answer that shows a part of it. The key is made
when the process starts, so that a hash says nothing to who knows the picture but not the process.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np

from index.answers import SearchAnswer

SECONDS = 600  # for which an answer is kept


class Remembered:
    """At most `most` answers, each for ten minutes, then they are gone; 0 remembers nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[float, SearchAnswer]] = OrderedDict()
        self._sweeping = False

    def answer(
        self, picture: np.ndarray, asked: Hashable, search: Callable[[], SearchAnswer]
    ) -> SearchAnswer:
        """What `search` gives, or gave for this picture (uint8 [H, W, 3]) and `asked` before.

        `asked` must hold everything else that decides the answer.
        """
        if not self._most:
            return search()
        started = time.perf_counter()
        key = (self._hash(picture), asked)
        if (known := self._recall(key)) is not None:
            took = (time.perf_counter() - started) * 1000
            return replace(known, took_ms=took, steps_ms={"remembered": took})
        answer = search()
        if not answer.differences:
            self._keep(key, answer)
        return answer

    def _hash(self, picture: np.ndarray) -> bytes:
        digest = hashlib.blake2b(repr(picture.shape).encode(), key=self._key, digest_size=32)
        digest.update(np.ascontiguousarray(picture).data)
        return digest.digest()

    def _recall(self, key: Hashable) -> SearchAnswer | None:
        with self._lock:
            until, answer = self._answers.get(key, (0.0, None))
            if answer is None or time.monotonic() > until:
                self._answers.pop(key, None)
                return None
            self._answers.move_to_end(key)
            return answer

    def _keep(self, key: Hashable, answer: SearchAnswer) -> None:
        with self._lock:
            self._answers[key] = time.monotonic() + SECONDS, answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
            self._sweep_later()

    def _sweep_later(self) -> None:
        """With the lock held: forget in time even if nobody asks again."""
        if self._answers and not self._sweeping:
            self._sweeping = True
            first = min(until for until, _ in self._answers.values())
            timer = threading.Timer(max(0.0, first - time.monotonic()), self._sweep)
            timer.daemon = True
            timer.start()

    def _sweep(self) -> None:
        with self._lock:
            now = time.monotonic()
            for key in [key for key, (until, _) in self._answers.items() if until <= now]:
                del self._answers[key]
            self._sweeping = False
            self._sweep_later()
