"""A catalogue that an earlier version's encoder made, after an update: brought to this one's."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from db.records import FamilyBundle
from db.session import Database, open_database, sqlite_path
from index.builder import Embedder
from index.owndrawing import draw_guarded
from index.rebuild import own_sources
from index.settings import Settings
from index.shipping import CATALOG, require_whole
from index.sources import GOOGLE

log = logging.getLogger(__name__)


def renew(
    settings: Settings,
    database: Database,
    embedder: Embedder,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> bool:
    """Take the shipped catalogue's families, and draw the own ones anew, all or nothing.

    `on_progress` gets the own families that are drawn, and all of them.

    Nothing is done, and False returned, when the vectors are this encoder's already, when the
    shipped ones are not, when a copy of an own font is lost (it would be lost from the catalogue
    too), and in a database that other machines share: they may still run the earlier version. The
    caller holds the writer lock.
    """
    with database.begin() as rows:
        state = rows.state.get()
        if state is None or state.encoder_sha256 == embedder.sha256:
            return False
        sources = list(own_sources(rows, settings.data))
        counts = [len(rows.faces.of_family(source.family.id)) for source in sources]
    manifest = require_whole(settings.prebuilt)
    shared = sqlite_path(settings.database_url) is None
    if shared or manifest is None or manifest["encoder_sha256"] != embedder.sha256:
        return False
    log.info("renewing the catalogue for encoder %s", embedder.sha256[:12])
    drawn = list[FamilyBundle]()
    for source in sources:
        drawn.append(draw_guarded(source, embedder, None).bundle)
        on_progress(len(drawn), len(sources))
    if any(len(own.faces) < count for own, count in zip(drawn, counts, strict=True)):
        log.warning("own fonts cannot all be drawn again, so the catalogue is not renewed")
        return False
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(settings.prebuilt / CATALOG, Path(folder, CATALOG))
        with closing(open_database(f"sqlite:///{Path(folder, CATALOG)}")) as shipped:
            _exchange(database, shipped, drawn, embedder)
    return True


def _exchange(
    database: Database, shipped: Database, own: Sequence[FamilyBundle], embedder: Embedder
) -> None:
    with shipped.begin() as new, database.write() as rows:
        every = (*rows.twins.all(), *new.twins.all())
        twins = {(twin.family_id, twin.twin_id): twin for twin in every}
        rows.replace_families(chain(new.bundles(GOOGLE), own), twins.values())
        rows.state.set_encoder(embedder.sha256, embedder.prepare_version, embedder.dim)
