"""The load test's connections: none is used again about when the service gives it up."""

from __future__ import annotations

import time
from typing import Any

import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

IDLE_SECONDS = 20.0  # well below the service's --keep-alive


class _Connection(HTTPConnection):
    """One that was last used long ago is opened anew.

    A service closes what is idle without a word. A call that is on its way meanwhile gets no
    answer, which browsers make good by sending it again, and says nothing about the service.
    """

    _sent = 0.0  # not when the answer was read: a client that has to wait reads it late

    def request(self, *args: Any, **kwargs: Any) -> None:
        now = time.monotonic()
        if now - self._sent > IDLE_SECONDS:
            self.close()
        self._sent = now
        super().request(*args, **kwargs)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


def give_up_idle(session: requests.Session) -> None:
    """Let `session` close a connection that was idle for IDLE_SECONDS before it asks again."""
    session.get_adapter("http://").poolmanager.pool_classes_by_scheme = {"http": _Pool}
