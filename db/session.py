"""Open a database of any SQLAlchemy URL, brought to the newest schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.repository import Repository

_BUSY_MS = 10_000
# SQLite: read-only, input/output error, full. PostgreSQL: full, out of memory,
# read-only transaction.
_STORAGE = (8, 10, 13, "53100", "53200", "25006")
_LOCKED = (5, 6)  # SQLite: busy, locked
_DAMAGED = (11, 26)  # SQLite: malformed, not a database
# Every statement of a block sees one moment; a connection that a restart cut off is replaced.
_OPTIONS: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "pool_pre_ping": True}
}


class DatabaseError(RuntimeError):
    """The database cannot be opened; the message names its URL without the password."""


class BusyError(RuntimeError):
    """Another writer holds the catalogue for longer than this one was ready to wait."""


class StorageError(RuntimeError):
    """The disk is full or cannot be written; nothing was changed."""


class Database:
    """An open database; `begin()` is the only door to its rows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._afterwards: Callable[[], object] = lambda: None

    def when_closed(self, afterwards: Callable[[], object]) -> None:
        """Have `afterwards` called once the database is closed."""
        self._afterwards = afterwards

    @property
    def name(self) -> str:
        """The URL without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def url(self) -> str:
        """The URL as it was opened, password included: not for messages."""
        return self._engine.url.render_as_string(hide_password=False)

    @contextmanager
    def begin(self) -> Iterator[Repository]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Everything read in one block is of one moment, also beside a writer.
        Raises `StorageError` when the disk takes no more, `DatabaseError` for a damaged file.
        """
        with self._transaction(self._engine) as rows:
            yield rows

    @contextmanager
    def write(self) -> Iterator[Repository]:
        """As `begin`, for a block that writes: no other process can write from its first line.

        SQLite refuses at once to let a transaction write that read before another wrote.
        """
        with self._transaction(self._engine.execution_options(begin="BEGIN IMMEDIATE")) as rows:
            yield rows

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Repository]:
        try:
            with Session(engine) as session, session.begin():
                yield Repository(session)
        except DBAPIError as error:
            raise _named(error, self.name) or error from error
        except PoolTimeoutError as error:
            raise BusyError(f"all connections to {self.name} are in use: {error}") from error

    def compact(self) -> None:
        """Give back unused pages and leave one self-contained file (SQLite only)."""
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            for statement in ("VACUUM", "PRAGMA journal_mode=DELETE"):
                cursor.execute(statement)
        finally:
            raw.close()

    def revisions(self) -> tuple[str | None, str | None]:
        """The schema's revision (None: no tables yet) and the newest one."""
        with self.begin() as rows:
            found = rows.revision()
        return found, ScriptDirectory.from_config(migrations()).get_current_head()

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()
        self._afterwards()


def open_database(url: str, *, migrating: bool = True) -> Database:
    """Open `url` and run the migrations that it lacks; `DatabaseError` when it cannot."""
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, **_OPTIONS.get(parsed.get_backend_name(), {}))
    except (ArgumentError, ImportError) as error:
        raise unusable(url, error) from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    database = Database(engine)
    try:
        if migrating:
            migrate(engine)
    except CommandError as error:
        raise DatabaseError(
            f"database {database.name} was made by a newer Fontkin; update this one ({error})"
        ) from error
    except DBAPIError as error:
        raise _named(error, database.name) or DatabaseError(
            f"database {database.name} cannot be opened: {error.orig}"
        ) from error
    return database


def sqlite_path(url: str) -> Path | None:
    """The file that an SQLite URL names; None for other databases and for one in memory."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise unusable(url, error) from error
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, ":memory:")
    return Path(parsed.database) if is_file and parsed.database else None


def is_postgresql(url: str) -> bool:
    """Whether the URL names a database that many machines share."""
    return url.startswith("postgresql")


def copy_sqlite(source_url: str, target_url: str) -> bool:
    """Copy a live SQLite database, rows in its WAL included, into a file of its own.

    Returns False and copies nothing when there is no source file yet. Raises
    `DatabaseError` when either is not an SQLite file.
    """
    source, target = sqlite_path(source_url), sqlite_path(target_url)
    if source is None or target is None:
        raise DatabaseError(f"{source_url!r} to {target_url!r}: both must be SQLite files")
    if not source.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return True


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision, all of it or nothing.

    Nothing happens when it is there.
    """
    config = migrations()
    with engine.connect() as connection, _unenforced(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migrations() -> Config:
    """Alembic's configuration; whoever uses it hands its connection over in `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


@contextmanager
def _unenforced(connection: Connection) -> Iterator[None]:
    """Migrations of SQLite copy a table and drop the old one, which must not cascade."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    assert raw is not None  # it was opened just now
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _named(error: DBAPIError, name: str) -> RuntimeError | None:
    """Our error for a full disk, damage and a lock; None for everything else."""
    number = getattr(error.orig, "sqlite_errorcode", None)
    code = getattr(error.orig, "sqlstate", None) if number is None else number & 0xFF
    if code in _STORAGE:
        return StorageError(f"the disk of {name} takes no more: {error.orig}; nothing was changed")
    if code in _DAMAGED:
        return DatabaseError(f"database {name} is damaged: {error.orig}; restore a backup")
    if code in _LOCKED:
        return BusyError(f"database {name} is locked by somebody else: {error.orig}")
    return None


def _prepare_sqlite(engine: Engine) -> None:
    # The driver begins a transaction only before a write, so reads of one block could see
    # two generations; it is switched off and SQLAlchemy's own begin says BEGIN.
    @event.listens_for(engine, "connect")
    def _on_connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What was acknowledged must survive a power cut: NORMAL syncs the WAL at checkpoints only.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(str(options.get("begin", "BEGIN")))


def unusable(url: str, error: Exception) -> DatabaseError:
    """The URL may hold a password, also one that cannot be parsed: only its kind is shown."""
    kind = url.partition("://")[0]
    missing = isinstance(error, ImportError) and error.name == "psycopg"
    remedy = "; run `pip install -r requirements-cluster.txt`" if missing else ""
    return DatabaseError(f"the database URL {kind}://... cannot be used: {error}{remedy}")
