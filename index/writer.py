"""Add own font files to the catalogue, and remove families from it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from db.records import FamilyBundle, TwinRecord
from db.repository import Repository
from db.session import Database
from encoder.fontguard import FontRefusedError
from index.answers import AddedFamily, AddReport
from index.archives import Unpacked, unpack
from index.batch import Batch, OnProgress
from index.builder import Embedder
from index.errors import QueryError, UnknownFamilyError
from index.jail import BreachError, Jail
from index.kin import twins_of_new
from index.live import LiveView
from index.ownfiles import OwnFiles
from index.scratch import scratch
from index.sources import OWN, clean
from index.view import View, face_info

log = logging.getLogger(__name__)

_TRIES = 5


class ChangedMeanwhileError(RuntimeError):
    """Another writer took an id or a file while this one was drawing; it starts again."""


class Writer:
    """Adding and removing; draws outside the lock, writes inside it."""

    def __init__(self, database: Database, live: LiveView, embedder: Embedder, data: Path) -> None:
        self._database = database
        self._live = live
        self._embedder = embedder
        self._data = data
        self._own = OwnFiles(database, data)

    def add(
        self, paths: Sequence[Path], names: Sequence[str] | None, on_progress: OnProgress
    ) -> AddReport:
        """See `FontCatalog.add_fonts`."""
        with (
            scratch(self._data, "unpacked") as unpacked,
            scratch(self._data, "jail") as folder,
            Jail(folder) as jail,
        ):
            files = unpack(paths, names or [p.name for p in paths], unpacked)
            return self._add(files, jail, folder, on_progress)

    def _add(self, files: Unpacked, jail: Jail, folder: Path, on_progress: OnProgress) -> AddReport:
        banned: dict[str, FontRefusedError] = {}
        changes = 0
        while changes < _TRIES:
            self._live.refresh(patience=None)  # ids are chosen now: a second old is too old
            view = self._live.view
            batch = Batch(view, self._home_of, jail, folder, banned)
            batch.refused += files.refused
            for path, name in zip(files.paths, files.names, strict=True):
                batch.read(path, name)
            try:
                bundles = batch.draw(self._embedder, on_progress)
                twins = twins_of_new(self._database, view, self._data, bundles, batch.paths, jail)
                return self._commit(batch, bundles, twins)
            except BreachError as error:  # only so often: the jail then refuses to read
                banned[batch.originals[error.path]] = error
            except ChangedMeanwhileError:
                changes += 1
                log.info("the catalogue changed while drawing; change %d", changes)
        raise ChangedMeanwhileError(f"the catalogue changed {_TRIES} times while fonts were drawn")

    def remove(self, family_id: str) -> None:
        """See `FontCatalog.remove_family`."""

        def apply(rows: Repository, view: View) -> list[int]:
            if family_id not in view.family_at:
                raise UnknownFamilyError(family_id)
            ids, files = rows.remove_family(family_id)
            self._own.drop(files)
            return ids

        self._live.change(apply, after=self._own.settle)

    def rename(self, family_id: str, name: str) -> None:
        """See `FontCatalog.rename_family`."""
        called = clean(name)
        if not called:
            raise QueryError("name is empty; at least one character that can be seen is needed")

        def apply(rows: Repository, view: View) -> list[int]:
            family = rows.family(family_id)
            if family is None or family_id not in view.family_at:
                raise UnknownFamilyError(family_id)
            if family.source != OWN:
                raise QueryError(
                    f"{family_id!r} is a family of Google Fonts; only own families can be renamed"
                )
            rows.rename_family(family_id, called)
            return []

        self._live.change(apply)

    def _home_of(self, sha256: str) -> str | None:
        with self._database.begin() as rows:
            return rows.family_of_file(sha256)

    def _commit(
        self, batch: Batch, bundles: Sequence[FamilyBundle], twins: Sequence[TwinRecord]
    ) -> AddReport:
        def apply(rows: Repository, view: View) -> list[int]:
            for bundle in bundles:
                _require_room(rows, view, bundle)
                for file in bundle.files:
                    self._own.keep(file, batch.paths[file.sha256])
                rows.add(bundle)
            rows.add_twins(t for t in twins if _both_there(rows, t))
            return []

        view = self._live.change(apply, self._own.settle) if bundles else self._live.view
        return AddReport(
            added=tuple(
                AddedFamily(
                    view.families[view.family_at[bundle.family.id]],
                    tuple(face_info(face) for face in bundle.faces),
                )
                for bundle in bundles
            ),
            duplicates=tuple(batch.duplicates),
            refused=tuple(batch.refused),
            generation=view.state.generation,
        )


def _both_there(rows: Repository, twin: TwinRecord) -> bool:
    """False when a writer removed one of them since they were compared."""
    return None not in (rows.family(twin.family_id), rows.family(twin.twin_id))


def _require_room(rows: Repository, view: View, bundle: FamilyBundle) -> None:
    """Raise when another writer took what this bundle was drawn for."""
    known = view.family_at.get(bundle.family.id)
    foreign = known is not None and view.families[known].source != bundle.family.source
    taken = any(face.id in view.face_at for face in bundle.faces)
    if foreign or taken or any(rows.family_of_file(file.sha256) for file in bundle.files):
        raise ChangedMeanwhileError(f"{bundle.family.id} was changed by another writer")
