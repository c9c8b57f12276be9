"""Tokens: made, listed, revoked and checked.

A token is "fontkin_ID_SECRET" with 256 random bits in the secret, of which only the SHA-256 is
kept. A slow hash would add nothing: it protects words that people think of, and 2^256 values can
be guessed at no speed.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from db.records import TokenRecord
from db.session import Database
from index.errors import QueryError
from index.locks import WriterLock
from index.viewer import SERVER, Viewer

log = logging.getLogger(__name__)

READ, WRITE = "read", "write"
SCOPES = (READ, WRITE)
MAX_DAYS = 3650
_PREFIX = "fontkin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a good token opens; `name` None is the one in FONTKIN_API_TOKEN, which opens all."""

    name: str | None
    scopes: frozenset[str]
    expires: date | None = None

    @property
    def viewer(self) -> Viewer:
        """Who looks through this token."""
        return SERVER if self.name is None else Viewer(self.name)


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token as it is listed; `state` is "active", "expired" or "revoked"."""

    id: str
    name: str
    scopes: tuple[str, ...]
    state: str
    created: date
    expires: date | None
    last_used: date | None

    def to_json(self) -> dict[str, Any]:
        """All fields, days as YYYY-MM-DD."""
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


class Tokens:
    """The tokens of a database; safe to share among threads and processes.

    Tokens of one name share their families, so that one can be replaced by another.
    """

    def __init__(
        self,
        database: Database,
        lock: WriterLock,
        first: str | None = None,
        *,
        clock: Callable[[], date] = today,
    ) -> None:
        """`first` is the token that opens everything without being in the database.

        `lock` is the catalogue's: SQLite lets no second writer in between what one reads and
        what it writes.
        """
        self._database = database
        self._lock = lock
        self._first = None if first is None else _digest(first)
        self._today = clock
        # A search must not wait for a writer, so the day of a token's use is noted beside it.
        self._notes = ThreadPoolExecutor(1, thread_name_prefix="tokens")

    def create(
        self, name: str, scopes: Iterable[str] = SCOPES, *, days: int | None = None
    ) -> tuple[str, TokenInfo]:
        """A new token, good for `days` (1..3650; None: until revoked): its text, shown only now.

        Raises `QueryError` for a name, scope or number that cannot be, `BusyError`.
        """
        if not _NAME.fullmatch(name):
            raise QueryError(
                f"token name {name!r}: a-z, 0-9, '.', '_' and '-' are possible, 64 at most"
            )
        wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
        if not wanted or set(wanted) != set(scopes):
            raise QueryError(f"scopes {sorted(set(scopes))}: read, write or both are possible")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise QueryError(f"a token for {days} days: 1 to {MAX_DAYS} are possible")
        secret = secrets.token_urlsafe(32)
        expires = None if days is None else self._today() + timedelta(days)
        record = TokenRecord(
            secrets.token_hex(6), name, _digest(secret), wanted, self._today(), expires
        )
        with self._lock.hold(), self._database.write() as rows:
            rows.tokens.add(record)
        return f"{_PREFIX}_{record.id}_{secret}", self._info(record)

    def listing(self) -> list[TokenInfo]:
        """All tokens that were ever made, by name and day."""
        with self._database.begin() as rows:
            return [self._info(record) for record in rows.tokens.all()]

    def revoke(self, token_id: str) -> TokenInfo:
        """From now on the token opens nothing; its families stay its name's.

        Raises `QueryError` when there is none of this id, `BusyError`.
        """
        with self._lock.hold(), self._database.write() as rows:
            rows.tokens.revoke(token_id, self._today())
            record = rows.tokens.get(token_id)
        if record is None:
            raise QueryError(f"no token has the id {token_id!r}: `scripts.tokens list` shows all")
        return self._info(record)

    def any(self) -> bool:
        """Whether there is a token that opens anything."""
        return self._first is not None or any(info.state == "active" for info in self.listing())

    def check(self, text: str) -> Grant | None:
        """What the token opens; None when it is not one, or is none any more."""
        if self._first is not None and hmac.compare_digest(_digest(text), self._first):
            return Grant(None, frozenset(SCOPES))
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        if prefix != _PREFIX or not secret:
            return None
        with self._database.begin() as rows:
            record = rows.tokens.get(token_id[:64])
        if record is None or not hmac.compare_digest(_digest(secret), record.digest):
            return None
        if self._info(record).state != "active":
            return None
        if record.last_used != self._today():
            self._notes.submit(self._note, record.id)
        return Grant(record.name, frozenset(record.scopes), record.expires)

    def close(self) -> None:
        """Wait until every day is noted."""
        self._notes.shutdown()

    def _note(self, token_id: str) -> None:
        try:
            with self._lock.hold(), self._database.write() as rows:
                rows.tokens.use(token_id, self._today())
        except Exception:  # a read-only or busy database is no reason to lock anybody out
            log.warning("the last use of token %s was not noted", token_id, exc_info=True)

    def _info(self, record: TokenRecord) -> TokenInfo:
        expired = record.expires is not None and record.expires < self._today()
        state = "revoked" if record.revoked else "expired" if expired else "active"
        return TokenInfo(
            record.id,
            record.name,
            record.scopes,
            state,
            record.created,
            record.expires,
            record.last_used,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
