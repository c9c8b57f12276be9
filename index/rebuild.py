"""Make the whole catalogue anew, from font files or from the vectors in the database."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from db.records import FaceRecord, FamilyBundle, FamilyRecord, FileRecord
from db.repository import Repository
from db.session import Database, open_database
from encoder import browser
from encoder.fontfile import FaceRef
from encoder.glyphs import Signature
from index.batch import OnProgress
from index.builder import CHROMIUM, FREETYPE, Embedder
from index.errors import QueryError
from index.files import sha256_of
from index.live import LiveView
from index.locks import WriterLock
from index.owndrawing import draw_guarded
from index.pool import draw_all, sign_all
from index.regular import regular_first
from index.reports import RebuildReport, Refusal
from index.sources import (
    OWN,
    FamilySource,
    FolderError,
    FontSource,
    google_family,
    google_folders,
)
from index.twins import find_twins
from index.view import View

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What `FontCatalog.rebuild_from_fonts` was asked for."""

    fonts: Path | None = None
    only: tuple[str, ...] = ()
    limit: int | None = None
    jobs: int | None = None
    chromium: bool | None = None


class Rebuilder:
    """Draws into a database file beside the catalogue and exchanges the rows at the end.

    The file's name holds what its vectors depend on, so that a rebuild that was cut off is
    continued by the next one with the same encoder, and by no other.
    """

    def __init__(self, database: Database, live: LiveView, embedder: Embedder, data: Path) -> None:
        self._database = database
        self._live = live
        self._embedder = embedder
        self._data = data
        self._lock = WriterLock(data / "rebuild.lock", 0)

    def from_fonts(self, plan: RebuildPlan, on_progress: OnProgress) -> RebuildReport:
        """See `FontCatalog.rebuild_from_fonts`."""
        started = time.monotonic()
        use_browser = browser.available() if plan.chromium is None else plan.chromium
        refused: list[Refusal] = []
        fonts = plan.fonts or self._data / "fonts"
        with self._lock.hold():
            sources = [*_google(plan, fonts, refused), *self._own()]
            with self._partial(use_browser) as (path, partial):
                jobs = plan.jobs or os.cpu_count() or 1
                self._draw(partial, sources, use_browser, jobs, refused, on_progress)
                _compare(partial, sources, jobs, on_progress)
                google = {source.family.id for source in sources if source.family.source != OWN}
                view = self._live.replace(lambda rows: self._exchange(rows, partial, google))
            path.unlink()
        return _report(view, refused, started)

    def from_vectors(self, on_progress: OnProgress) -> RebuildReport:
        """See `FontCatalog.rebuild_from_vectors`."""
        started = time.monotonic()
        on_progress(0, 1)
        view = self._live.rebuild()
        on_progress(1, 1)
        return _report(view, [], started)

    def _draw(
        self,
        partial: Database,
        sources: Sequence[FamilySource],
        use_browser: bool,
        jobs: int,
        refused: list[Refusal],
        on_progress: OnProgress,
    ) -> None:
        todo = _undone(partial, sources)
        done, total = len(sources) - len(todo), len(sources)
        on_progress(done, total)
        for drawn in draw_all(todo, self._embedder, use_browser=use_browser, jobs=jobs):
            refused += drawn.refused
            with partial.begin() as rows:
                rows.remove_family(drawn.bundle.family.id)
                if drawn.bundle.faces:
                    rows.add(drawn.bundle)
            done += 1
            on_progress(done, total)

    def _exchange(self, rows: Repository, partial: Database, google: set[str]) -> None:
        """Put the drawn families in the place of all that was there."""
        own = self._own_bundles(rows, partial)
        with partial.begin() as drawn:
            wanted = (bundle for bundle in drawn.bundles() if bundle.family.id in google)
            rows.replace_families(chain(wanted, own), drawn.twins.all())
        embedder = self._embedder
        rows.state.set_encoder(embedder.sha256, embedder.prepare_version, embedder.dim)

    def _own_bundles(self, rows: Repository, partial: Database) -> list[FamilyBundle]:
        """The own families of this moment: others may have changed them while this one drew.

        One that cannot be drawn whole any more (a copy is lost) keeps its old vectors, if they
        are this encoder's.
        """
        sources = list(self._own())
        late = {source.family.id: source for source in _undone(partial, sources)}
        with partial.begin() as drawn:
            bundles = {b.family.id: b for b in drawn.bundles(OWN) if b.family.id not in late}
        for family_id, source in late.items():
            bundles[family_id] = draw_guarded(source, self._embedder, None).bundle
        state, found = rows.state.get(), []
        comparable = state is not None and state.encoder_sha256 == self._embedder.sha256
        for old in rows.bundles(OWN):
            new = bundles[old.family.id]
            if comparable and _shas(new.files) != _shas(old.files):
                found.append(old)
            elif new.faces:
                kept = tuple(f for f in old.files if f.sha256 in _shas(new.files))
                found.append(replace(new, family=old.family, files=kept))
        return found

    def _own(self) -> Iterator[FamilySource]:
        with self._database.begin() as rows:
            yield from own_sources(rows, self._data)

    @contextmanager
    def _partial(self, use_browser: bool) -> Iterator[tuple[Path, Database]]:
        embedder = self._embedder
        rasters = f"{FREETYPE}+{CHROMIUM}" if use_browser else FREETYPE
        key = f"{embedder.sha256[:16]}-{embedder.prepare_version}-{rasters}"
        path = self._data / f"rebuild-{key}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in self._data.glob("rebuild-*.db*"):
            if not other.name.startswith(path.name):
                other.unlink()
        partial = open_database(f"sqlite:///{path}")
        try:
            yield path, partial
        finally:
            partial.close()


def _google(plan: RebuildPlan, fonts: Path, refused: list[Refusal]) -> Iterator[FamilySource]:
    folders, only = google_folders(fonts), set(plan.only)
    if unknown := sorted(only - {folder.name for folder in folders}):
        raise QueryError(f"not below {fonts}: {', '.join(unknown)}")
    if only:
        folders = [folder for folder in folders if folder.name in only]
    for folder in folders[: plan.limit]:
        try:
            yield google_family(folder)
        except FolderError as error:
            refused.append(Refusal(folder.name, "bad-folder", str(error)))


def own_sources(rows: Repository, data: Path) -> Iterator[FamilySource]:
    """The own families as they are in the catalogue now; copies that are lost are left out."""
    files = rows.files.by_family()
    for family in rows.families.all():
        if family.source == OWN:
            own = list(files.get(family.id, {}).values())
            yield own_source(data, family, own, rows.faces.of_family(family.id))


def own_source(
    data: Path, family: FamilyRecord, files: Sequence[FileRecord], faces: Sequence[FaceRecord]
) -> FamilySource:
    """How these faces of an own family are drawn again from the copies of their files."""
    sources = []
    for file in sorted(files, key=lambda f: (f.name, f.sha256)):
        only = frozenset((f.file_index, f.variation) for f in faces if f.file_sha256 == file.sha256)
        if file.path is not None:
            original = file.original_sha256
            sources.append(FontSource(data / file.path, file.path, only=only, original=original))
    return FamilySource(family, tuple(sources))


def _undone(partial: Database, sources: Sequence[FamilySource]) -> list[FamilySource]:
    """The families that the partial file does not hold with the very same font files."""
    with partial.begin() as rows:
        done = {family: set(files) for family, files in rows.files.by_family().items()}
    return [s for s in sources if s.family.id not in done or done[s.family.id] != _hashes(s)]


def _compare(
    partial: Database, sources: Sequence[FamilySource], jobs: int, on_progress: OnProgress
) -> None:
    """Find all twins among the families that were drawn."""
    with partial.begin() as rows:
        faces = {s.family.id: _regular(rows, s) for s in sources}
    refs = {family: face for family, face in faces.items() if face is not None}
    signatures: dict[str, Signature] = {}
    for number, (family, found) in enumerate(sign_all(refs, jobs=jobs), 1):
        if found is not None:
            signatures[family] = found
        on_progress(len(sources) + number, len(sources) + len(refs))
    with partial.begin() as rows:
        rows.twins.replace(find_twins(signatures))


def _regular(rows: Repository, source: FamilySource) -> tuple[FaceRef, frozenset[str]] | None:
    """The regular-most face that the rows hold of a family, with its coverage."""
    paths = {file.stored: file.path for file in source.files}
    for face in regular_first(rows.faces.of_family(source.family.id)):
        file = rows.files.get(face.file_sha256) if face.file_sha256 else None
        if file is not None and file.path in paths:
            ref = FaceRef(paths[file.path], face.file_index, face.variation)
            return ref, frozenset(face.coverage)
    return None


def _hashes(source: FamilySource) -> set[str]:
    paths = [file.path for file in source.files if file.path.is_file()]
    return {sha256_of(path) for path in paths}


def _shas(files: Sequence[FileRecord]) -> set[str]:
    return {file.sha256 for file in files}


def _report(view: View, refused: Sequence[Refusal], started: float) -> RebuildReport:
    return RebuildReport(
        families=len(view.families),
        faces=len(view.faces),
        samples=len(view.sample_ids),
        refused=tuple(refused),
        generation=view.state.generation,
        seconds=round(time.monotonic() - started, 1),
    )
