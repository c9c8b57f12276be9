"""How much one client, and all together, may ask: the rest is 429 or 503 at once."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, g, request
from limits import parse
from limits.strategies import SlidingWindowCounterRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from api.context import current, current_grant
from api.counters import SharedStorage
from api.problems import ProblemError

WAIT_SECONDS = 5.0  # that a search waits for one before it to end ...
WAITING = 2  # ... and so many times as many as run at a time may wait
_GUESSES = parse("30/minute")  # wrong tokens of one address
_FREE = frozenset({"static", "static_now", "health.healthz", "health.readyz", "health.metrics"})


class Throttle:
    """Counts calls, in this process or with other workers of the service."""

    def __init__(self, rate: str, shared: Path | None = None) -> None:
        """`rate` like "1200/minute", "" for no limit; `shared` is a folder of all workers."""
        self._rate = parse(rate) if rate else None
        counts = SharedStorage(shared / "calls.sqlite" if shared else None)
        self._windows = SlidingWindowCounterRateLimiter(counts)

    def call(self) -> dict[str, str]:
        """Count this request's call; the RateLimit headers of its answer.

        Raises `ProblemError` "too-many-requests" (429) when the client has had its share.
        """
        if self._rate is None:
            return {}
        grant = current_grant()
        who = ("address", address()) if grant is None else ("token", grant.name or "")
        allowed = self._windows.hit(self._rate, *who)
        state = self._windows.get_window_stats(self._rate, *who)
        wait = max(1, round(state.reset_time - time.time()))
        headers = {
            "RateLimit-Limit": str(self._rate.amount),
            "RateLimit-Remaining": str(state.remaining),
            "RateLimit-Reset": str(wait),
        }
        if not allowed:
            what = f"more than {self._rate} came from this {who[0]}"
            raise _too_many(what, wait, headers)
        return headers

    def require_guesses(self) -> None:
        """Raises `ProblemError` (429) for an address that has sent too many wrong tokens."""
        if not self._windows.test(_GUESSES, "guess", address()):
            raise _too_many(f"more than {_GUESSES} wrong tokens came from this address", 60, {})

    def count_guess(self) -> None:
        """This address has sent a wrong token."""
        self._windows.hit(_GUESSES, "guess", address())


class Slots:
    """So many searches run at a time in this process, a few wait a little, the rest is refused.

    `scripts.serve` shares the service's searches out among its workers.
    """

    def __init__(self, count: int, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.count = count
        self._wait = wait_seconds
        self._free = threading.BoundedSemaphore(count)
        self._queue = threading.BoundedSemaphore(count * (1 + WAITING))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """A slot for the block; `ProblemError` "overloaded" (503) when none is free in time."""
        if not self._queue.acquire(blocking=False):
            raise self._overloaded("as many wait already as may")
        try:
            with current().metrics.waiting():
                free = self._free.acquire(timeout=self._wait)
            if not free:
                raise self._overloaded(f"none ended within {self._wait:g} seconds")
            try:
                with current().metrics.searching():
                    yield
            finally:
                self._free.release()
        finally:
            self._queue.release()

    def _overloaded(self, why: str) -> ProblemError:
        detail = f"{self.count} searches run at a time here, and {why}: try again in a moment"
        return ProblemError("overloaded", detail, headers={"Retry-After": "5"})


def install(app: Flask, trusted_proxies: int) -> None:
    """Count the calls of `app`; so many proxies in front of it tell whom they ask for."""
    if trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies
        )
    app.before_request(_count)
    app.after_request(_tell)


def address() -> str:
    """The client's address; of IPv6 the 64 bits that one customer has."""
    given = request.remote_addr or ""
    try:
        found = ipaddress.ip_address(given)
    except ValueError:  # a Unix socket has none
        return given
    if found.version == 4:
        return given
    return str(ipaddress.ip_network((found, 64), strict=False))


def _count() -> None:
    if request.endpoint not in _FREE:
        g.limits = current().throttle.call()


def _tell(response: Response) -> Response:
    for name, value in g.get("limits", {}).items():
        response.headers.setdefault(name, value)
    return response


def _too_many(what: str, wait: int, headers: dict[str, str]) -> ProblemError:
    detail = f"{what}: try again in {wait} seconds"
    return ProblemError("too-many-requests", detail, headers={"Retry-After": str(wait), **headers})
