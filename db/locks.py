"""One writer at a time among machines: PostgreSQL's advisory lock."""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import Connection, create_engine, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from db.session import DatabaseError, is_postgresql, unusable

_KEY = 0x666F6E746B696E  # "fontkin"; one catalogue has a database of its own
_POLL_SECONDS = 0.02


class AdvisoryLock:
    """Held by a connection of its own, so that it goes when the process or the machine does."""

    def __init__(self, url: str) -> None:
        try:
            self._engine = create_engine(
                make_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT"
            )
        except (ArgumentError, ImportError) as error:
            raise unusable(url, error) from error
        self._connection: Connection | None = None

    def acquire(self, seconds: float) -> bool:
        """Whether the lock was had within `seconds`; 0 tries once. `DatabaseError`."""
        until = time.monotonic() + seconds
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            raise DatabaseError(f"database cannot be opened: {error.orig}") from error
        while not connection.scalar(select(func.pg_try_advisory_lock(_KEY))):
            if time.monotonic() >= until:
                connection.close()
                return False
            time.sleep(_POLL_SECONDS)
        self._connection = connection
        return True

    def release(self) -> None:
        """Let the next writer in. The end of the connection is the end of the lock, but later."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with connection, suppress(DBAPIError):
                connection.scalar(select(func.pg_advisory_unlock(_KEY)))


def advisory_lock(url: str) -> AdvisoryLock | None:
    """The lock of a database that many machines share; None for a file of one machine."""
    return AdvisoryLock(url) if is_postgresql(url) else None
