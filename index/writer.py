"""Add own font files to the catalogue, and remove families from it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from db.records import FamilyBundle, TwinRecord
from db.repository import Repository
from db.session import Database
from encoder.fontguard import FontRefusedError
from index.answers import FamilyInfo
from index.archives import Unpacked, unpack
from index.batch import Batch, OnProgress
from index.builder import Embedder
from index.errors import NotYoursError, QueryError, UnknownFamilyError
from index.following import Touched
from index.fontfiles import FontFiles
from index.jail import BreachError, Jail
from index.kin import twins_of_new
from index.live import LiveView
from index.ownfiles import OwnFiles
from index.regular import regular_first
from index.reports import AddedFamily, AddReport
from index.scratch import scratch
from index.sources import clean
from index.view import View, face_info
from index.viewer import OWN, Viewer

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
        self,
        paths: Sequence[Path],
        names: Sequence[str] | None,
        on_progress: OnProgress,
        viewer: Viewer,
        public: bool,
    ) -> AddReport:
        """See `FontCatalog.add_fonts`."""
        with (
            scratch(self._data, "unpacked") as unpacked,
            scratch(self._data, "jail") as folder,
            Jail(folder) as jail,
        ):
            files = unpack(paths, names or [p.name for p in paths], unpacked)
            return self._add(files, jail, folder, on_progress, viewer, public)

    def _add(
        self,
        files: Unpacked,
        jail: Jail,
        folder: Path,
        on_progress: OnProgress,
        viewer: Viewer,
        public: bool,
    ) -> AddReport:
        banned: dict[str, FontRefusedError] = {}
        changes = 0
        while changes < _TRIES:
            self._live.refresh(patience=None)  # ids are chosen now: a second old is too old
            view = self._live.view
            home_of = self._home_of(viewer)
            batch = Batch(view.seen_by(viewer), home_of, jail, folder, banned, viewer, public)
            batch.refused += files.refused
            for path, name in zip(files.paths, files.names, strict=True):
                batch.read(path, name)
            try:
                bundles = batch.draw(self._embedder, on_progress)
                twins = twins_of_new(self._database, view, self._data, bundles, batch.paths, jail)
                return self._commit(batch, bundles, twins, viewer)
            except BreachError as error:  # only so often: the jail then refuses to read
                banned[batch.originals[error.path]] = error
            except ChangedMeanwhileError:
                changes += 1
                log.info("the catalogue changed while drawing; change %d", changes)
        raise ChangedMeanwhileError(f"the catalogue changed {_TRIES} times while fonts were drawn")

    def remove(self, family_id: str, viewer: Viewer) -> None:
        """See `FontCatalog.remove_family`."""

        def apply(rows: Repository, view: View) -> Touched:
            if not viewer.everything:
                _require_owner(view, family_id, viewer)
            elif family_id not in view.family_at:
                raise UnknownFamilyError(family_id)
            ids, files = rows.remove_family(family_id)
            self._own.drop(files)
            return Touched({family_id}, ids)

        self._live.change(apply, after=self._own.settle)

    def change(self, family_id: str, name: str | None, public: bool | None, viewer: Viewer) -> None:
        """See `FontCatalog.change_family`."""
        wanted = None if name is None else clean(name)
        if wanted == "":
            raise QueryError(f"name is {name!r}: at least one printable character is needed")
        _require_owner(self._live.current(), family_id, viewer)
        picture = None if wanted is None else self._specimen(family_id, wanted)

        def apply(rows: Repository, view: View) -> Touched:
            family = _require_owner(view, family_id, viewer)
            rows.families.change(
                family_id,
                name=wanted or family.name,
                public=family.public if public is None else public,
            )
            if picture is not None:
                rows.families.set_specimen(family_id, picture)
            return Touched({family_id})

        self._live.change(apply)

    def _specimen(self, family_id: str, name: str) -> bytes | None:
        """The family's new name in its own letters; None without a file that can draw it."""
        with self._database.begin() as rows:
            faces = regular_first(rows.faces.of_family(family_id))
        here = FontFiles(self._database, self._data).find([face.id for face in faces])
        for face in (here[face.id] for face in faces if face.id in here):
            with suppress(ValueError), Jail(face.ref.path.parent) as jail:
                return jail.specimen(face.ref, name, face.coverage)
        return None

    def _home_of(self, viewer: Viewer) -> Callable[[str], str | None]:
        def home_of(sha256: str) -> str | None:
            with self._database.begin() as rows:
                return _home(rows, sha256, viewer)

        return home_of

    def _commit(
        self,
        batch: Batch,
        bundles: Sequence[FamilyBundle],
        twins: Sequence[TwinRecord],
        viewer: Viewer,
    ) -> AddReport:
        def apply(rows: Repository, view: View) -> Touched:
            for bundle in bundles:
                _require_room(rows, view, bundle, viewer)
                for file in bundle.files:
                    self._own.keep(file, batch.paths[file.sha256])
                rows.add(bundle)
            rows.twins.add(t for t in twins if _both_there(rows, t))
            return Touched({bundle.family.id for bundle in bundles})

        view = self._live.change(apply, self._own.settle) if bundles else self._live.view
        view = view.seen_by(viewer)
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
    return None not in (rows.families.get(twin.family_id), rows.families.get(twin.twin_id))


def _home(rows: Repository, sha256: str, viewer: Viewer) -> str | None:
    """The first family with this file of those that the viewer sees."""
    return next((f.id for f in rows.families.of_file(sha256) if viewer.sees(f)), None)


def _require_owner(view: View, family_id: str, viewer: Viewer) -> FamilyInfo:
    """The family; `UnknownFamilyError` when the viewer does not see it, `NotYoursError`."""
    at = view.family_at.get(family_id)
    if at is None or not viewer.sees(view.families[at]):
        raise UnknownFamilyError(family_id)
    if view.families[at].source != OWN:
        raise NotYoursError(
            f"{family_id!r} is a family of Google Fonts: only own families can be changed"
        )
    if not viewer.owns(view.families[at]):
        raise NotYoursError(
            f"family {family_id!r} was not added with this token's name: the token that added "
            "it can change it, and FONTKIN_API_TOKEN every family that was added"
        )
    return view.families[at]


def _require_room(rows: Repository, view: View, bundle: FamilyBundle, viewer: Viewer) -> None:
    """Raise when another writer took what this bundle was drawn for."""
    known = view.family_at.get(bundle.family.id)
    foreign = known is not None and not viewer.owns(view.families[known])
    taken = any(face.id in view.face_at for face in bundle.faces)
    if foreign or taken or any(_home(rows, file.sha256, viewer) for file in bundle.files):
        raise ChangedMeanwhileError(f"{bundle.family.id} was changed by another writer")
