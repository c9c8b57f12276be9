"""The one place where the parts are wired together."""

from __future__ import annotations

from db.session import Database, open_database
from encoder import reading
from encoder.finding import Reader
from index.builder import Embedder
from index.catalog import FontCatalog
from index.errors import MismatchError
from index.fetching import FontFetcher
from index.fontfiles import FontFiles
from index.live import EncoderIdentity, LiveView
from index.locks import WriterLock
from index.proof import Prover
from index.rebuild import Rebuilder
from index.searching import Searcher
from index.settings import Settings
from index.shipping import install_prebuilt
from index.showing import Shower
from index.stores.opening import open_stores
from index.writer import Writer


def open_catalog(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    reader: Reader | None = None,
    rebuilding: bool = False,
) -> FontCatalog:
    """Open the catalogue in `settings.data`, from the prebuilt one at the first start.

    `embedder` and `reader` are the shipped ones by default. With `rebuilding` a catalogue that
    another encoder made is opened all the same, to be rebuilt before anything else. Raises
    `MismatchError` when encoder and catalogue do not belong together, `DatabaseError`,
    `BusyError`, and what the encoder raises when its files are not there.
    """
    encoder = embedder or _shipped(settings)
    identity = EncoderIdentity(encoder.sha256, encoder.prepare_version, encoder.dim)
    lock = WriterLock(settings.lock_path, settings.lock_seconds)
    with lock.hold():
        install_prebuilt(settings)
        database = open_database(settings.database_url)
        _claim_if_empty(database, identity)
    live = LiveView(database, open_stores(settings), lock, identity)
    if not rebuilding:
        live.refresh(patience=None)
    files = FontFiles(database, settings.data)
    prover, readers = Prover(files, encoder), reader or reading.Reader()
    fetched = (FontFetcher(settings.fonts).want,) if settings.fetch_fonts else ()
    return FontCatalog(
        database,
        live,
        Searcher(encoder, readers, prover, *fetched),
        Writer(database, live, encoder, settings.data),
        Rebuilder(database, live, encoder, settings.data),
        Shower(database, files),
    )


def _shipped(settings: Settings) -> Embedder:
    # Imported here: whoever brings an embedder of their own needs no ONNX Runtime.
    from encoder import embed

    try:
        return embed.Embedder.from_files(settings.encoder)
    except embed.MismatchError as error:
        raise MismatchError(str(error)) from error


def _claim_if_empty(database: Database, identity: EncoderIdentity) -> None:
    """An empty catalogue takes whatever encoder it is opened with."""
    with database.begin() as rows:
        if rows.counts()["families"] == 0 and not identity.fits(rows.state()):
            rows.set_encoder(identity.sha256, identity.prepare_version, identity.dim)
