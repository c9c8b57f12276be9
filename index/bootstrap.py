"""The one place where the parts are wired together."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from db.locks import advisory_lock
from db.session import Database, open_database
from encoder import reading
from encoder.finding import Reader
from encoder.verify import Verifier
from index import readonly
from index.backup import Backups
from index.builder import Embedder
from index.catalog import FontCatalog
from index.copyrights import Copyrights
from index.errors import MismatchError, StorageError
from index.familymap import FamilyMap
from index.fetching import FontFetcher
from index.fontfiles import FontFiles
from index.late import Columns
from index.live import EncoderIdentity, LiveView
from index.locks import WriterLock
from index.ownfiles import OwnFiles
from index.proof import Prover
from index.rebuild import Rebuilder
from index.remembered import Remembered
from index.renewing import renew
from index.scratch import storage_errors, sweep
from index.searching import Searcher
from index.settings import Settings
from index.shipping import fill_from_prebuilt, install_prebuilt
from index.showing import Shower
from index.similar import Similar
from index.stores.opening import open_stores
from index.tokens import Tokens
from index.writer import Writer

log = logging.getLogger(__name__)

MIGRATION_SECONDS = 3600.0  # that a start waits for another's migration

_Opened = tuple[Database, LiveView, WriterLock]


def open_catalog(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    reader: Reader | None = None,
    rebuilding: bool = False,
) -> FontCatalog:
    """Open the catalogue in `settings.data`, from the prebuilt one at the first start.

    `embedder` and `reader` are the shipped ones by default. With `rebuilding` a catalogue that
    another encoder made is opened all the same, to be rebuilt before anything else. A data folder
    that cannot be written, or is full, can be searched and not changed. Raises `MismatchError`
    when encoder and catalogue do not belong together, `DatabaseError`, `StorageError`,
    `BusyError`, and what the encoder raises when its files are not there.
    """
    encoder = embedder or load_embedder(settings)
    identity = EncoderIdentity(encoder.sha256, encoder.prepare_version, encoder.dim)
    database, live, lock = _opened(settings, identity, None if rebuilding else encoder)
    if not rebuilding:
        live.refresh(patience=None)
    files = FontFiles(database, settings.data)
    prover = Prover(files, encoder, load_verifier(settings))
    columns = Columns(database, encoder.column_dim)
    fetcher = FontFetcher(settings.fonts) if settings.fetch_fonts else None
    wanted = (fetcher.want,) if fetcher else ()
    return FontCatalog(
        database,
        live,
        Searcher(encoder, reader or reading.Reader(), prover, columns, *wanted),
        Similar(database, columns),
        Remembered(settings.remembers),
        Writer(database, live, encoder, settings.data),
        Rebuilder(database, live, encoder, settings.data),
        Shower(database, files, *wanted),
        FamilyMap(database, live, settings.prebuilt),
        Copyrights(settings.prebuilt, settings.fonts),
        Tokens(database, lock, settings.api_token),
        Backups(database, live, identity, settings.data),
        fetcher,
    )


@contextmanager
def open_tokens(settings: Settings) -> Iterator[Tokens]:
    """The tokens alone, for a command: no encoder and no index is read."""
    shared = advisory_lock(settings.database_url)
    lock = WriterLock(settings.lock_path, settings.lock_seconds, shared)
    with lock.hold():
        install_prebuilt(settings)  # a database that is there already would keep it out
        database = open_database(settings.database_url)
    tokens = Tokens(database, lock)
    try:
        yield tokens
    finally:
        tokens.close()
        database.close()


def migrate(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> None:
    """Bring the catalogue to this version, for a start that must not take long.

    Does what `open_catalog` would: the first start, the schema, own fonts drawn anew for another
    encoder, which takes half a second each. Waits an hour for another writer, who may be doing the
    same. A folder that cannot be written, or is full, is left to `open_catalog`. Raises as that.
    """
    if not readonly.is_writable(settings):
        return
    encoder = embedder or load_embedder(settings)
    identity = EncoderIdentity(encoder.sha256, encoder.prepare_version, encoder.dim)
    lock = writer_lock(replace(settings, lock_seconds=MIGRATION_SECONDS))
    try:
        with storage_errors(settings.data):
            database = _prepared(settings, identity, lock, encoder, on_progress)
    except StorageError as error:
        log.warning("%s", error)
        return
    with closing(database), database.begin() as rows:
        if state := rows.state.get():
            identity.require(state)


def _opened(settings: Settings, identity: EncoderIdentity, renewing: Embedder | None) -> _Opened:
    if readonly.is_writable(settings):
        try:
            with storage_errors(settings.data):
                return _opened_to_write(settings, identity, renewing)
        except StorageError as error:
            log.warning("%s", error)
    elsewhere = tempfile.TemporaryDirectory(prefix="fontkin-")
    copy = readonly.copied(settings, elsewhere)
    database, live, lock = _opened_to_write(copy, identity, renewing)
    live.refuse_writers(f"{settings.data} cannot be written, or was full when this one started")
    database.when_closed(elsewhere.cleanup)
    return database, live, lock


def _opened_to_write(
    settings: Settings, identity: EncoderIdentity, renewing: Embedder | None
) -> _Opened:
    lock = writer_lock(settings)
    database = _prepared(settings, identity, lock, renewing)
    return database, LiveView(database, open_stores(settings), lock, identity), lock


def _prepared(
    settings: Settings,
    identity: EncoderIdentity,
    lock: WriterLock,
    renewing: Embedder | None,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Database:
    """A catalogue that another encoder made is renewed for `renewing` where it can be."""
    with lock.hold():
        install_prebuilt(settings)
        database = open_database(settings.database_url)
        fill_from_prebuilt(settings, database)
        _claim_if_empty(database, identity)
        OwnFiles(database, settings.data).settle()
        if renewing is not None:
            renew(settings, database, renewing, on_progress)
        sweep(settings.data)
    return database


def writer_lock(settings: Settings) -> WriterLock:
    """The lock that every writer of this catalogue takes."""
    shared = advisory_lock(settings.database_url)
    return WriterLock(settings.lock_path, settings.lock_seconds, shared)


def load_embedder(settings: Settings) -> Embedder:
    """The encoder that the settings name; `MismatchError` when it is not what its card says."""
    # Imported here: whoever brings an embedder of their own needs no ONNX Runtime.
    from encoder import embed

    try:
        return embed.Embedder.from_files(settings.encoder)
    except embed.MismatchError as error:
        raise MismatchError(str(error)) from error


def load_verifier(settings: Settings) -> Verifier:
    """The verifier that the settings name; `MismatchError` when it is not what its card says."""
    try:
        return Verifier.from_files(settings.verifier)
    except ValueError as error:
        raise MismatchError(str(error)) from error


def _claim_if_empty(database: Database, identity: EncoderIdentity) -> None:
    """An empty catalogue takes whatever encoder it is opened with."""
    with database.begin() as rows:
        fits = identity.fits(rows.state.get())
    if fits:
        return
    with database.write() as rows:
        if rows.counts()["families"] == 0:
            rows.state.set_encoder(identity.sha256, identity.prepare_version, identity.dim)
