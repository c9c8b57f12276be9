"""FontCatalog: the use-cases. The API and the scripts call these and decide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from db.session import Database
from encoder.boxes import Box
from index import listing
from index.answers import (
    FamilyDetail,
    FamilyPage,
    Match,
    Preview,
    SearchAnswer,
)
from index.backup import BackupReport, Backups
from index.batch import OnProgress
from index.copyrights import Copyrights
from index.errors import QueryError, UnknownFaceError, UnknownFamilyError
from index.familymap import FamilyMap, Place
from index.fetching import FontFetcher
from index.filters import Filters
from index.live import LiveView
from index.rebuild import Rebuilder, RebuildPlan
from index.remembered import Remembered
from index.reports import AddReport, RebuildReport
from index.searching import Searcher
from index.shipping import write_prebuilt
from index.showing import Shower
from index.similar import Similar
from index.tokens import Tokens
from index.view import View
from index.viewer import SERVER, Viewer
from index.writer import Writer

MAX_K = 50
_NO_FILTERS = Filters()


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


class FontCatalog:
    """A catalogue that is open: find, list, preview, add, remove, rebuild.

    Safe to share among threads. Made by `index.bootstrap.open_catalog`, for whoever runs the
    server; `seen_by` gives the same catalogue as others see it. A family that is private to
    somebody else does not exist in it, nor in its counts.
    """

    def __init__(
        self,
        database: Database,
        live: LiveView,
        searcher: Searcher,
        similar: Similar,
        remembered: Remembered,
        writer: Writer,
        rebuilder: Rebuilder,
        shower: Shower,
        family_map: FamilyMap,
        copyrights: Copyrights,
        tokens: Tokens,
        backups: Backups,
        fetcher: FontFetcher | None,
    ) -> None:
        self._database = database
        self._live = live
        self._searcher = searcher
        self._similar = similar
        self._remembered = remembered
        self._writer = writer
        self._rebuilder = rebuilder
        self._shower = shower
        self._map = family_map
        self._copyrights = copyrights
        self.tokens = tokens
        self._backups = backups
        self._fetcher = fetcher
        self._viewer = SERVER

    def seen_by(self, viewer: Viewer) -> FontCatalog:
        """The same catalogue for one viewer: what is found, listed, added and changed is theirs."""
        seen = copy(self)
        seen._viewer = viewer
        return seen

    def _view(self) -> View:
        return self._live.current().seen_by(self._viewer)

    # Finding -------------------------------------------------------------------------

    def search(
        self,
        picture: np.ndarray,
        *,
        k: int = 5,
        crop: Box | None = None,
        filters: Filters = _NO_FILTERS,
        text: str | None = None,
        proof: bool = True,
        differences: int = 0,
    ) -> SearchAnswer:
        """The k (1..50) best families for a picture, uint8 [H, W, 3].

        Lines in one font vote together, each by the area of its box, and every region has the
        matches of its font; those of the most prominent font are the answer's. Where font files
        are here, the words are drawn in the best rows' faces and compared with the picture. The
        words are read from the picture, or are `text`: a line for each line of the picture, or
        the most prominent one alone; without `proof` none of this is done. The first `differences`
        matches that were drawn are also shown beside the picture's line. Without ink the
        verdict is "no_text" and there are no matches; filters that leave nothing give no matches
        and "unknown". Raises `QueryError` for k out of range and a crop outside the picture.
        """
        _require_k(k)
        if crop is not None:
            _require_inside(crop, picture)
        view = self._view()
        asked = (k, crop, filters, text, proof, differences)
        return self._remembered.answer(
            picture,
            (view.state.generation, self._viewer, *asked),
            lambda: self._searcher.search(view, picture, *asked),
        )

    def await_fonts(self, seconds: float, *, on_progress: OnProgress | None = None) -> int:
        """Wait until the font files that searches wanted are here, at most so long.

        How many families came since the last call: with them the same search proves more. 0 at
        once where the settings let none be fetched.
        """
        return self._fetcher.wait(seconds, on_progress or _silent) if self._fetcher else 0

    def warm_up(self) -> None:
        """Load the models now, so that the first search does not wait for them."""
        self._searcher.warm_up()

    def similar(
        self, family_id: str, *, k: int = 5, filters: Filters = _NO_FILTERS
    ) -> tuple[Match, ...]:
        """The k (1..50) families closest to one of the catalogue, its twins among them.

        The lines of its regular-most face ask, of those whose weight is wanted if it has any.
        Raises `UnknownFamilyError`, `QueryError`.
        """
        _require_k(k)
        view = self._view()
        if family_id not in view.family_at:
            raise UnknownFamilyError(family_id)
        return self._similar.find(view, family_id, k, filters)

    # Looking -------------------------------------------------------------------------

    def families(
        self,
        *,
        q: str | None = None,
        filters: Filters = _NO_FILTERS,
        limit: int = 50,
        cursor: str | None = None,
    ) -> FamilyPage:
        """Families by name, `limit` (1..200) a page. Raises `QueryError`."""
        return listing.page(self._view(), q, filters, limit, cursor)

    def family(self, family_id: str) -> FamilyDetail:
        """One family with its faces and twins. Raises `UnknownFamilyError`."""
        view = self._view()
        with self._database.begin() as rows:
            record = rows.families.get(family_id)
            faces = rows.faces.of_family(family_id)
        if record is None or family_id not in view.family_at:
            raise UnknownFamilyError(family_id)
        return listing.detail(view, record, faces, self._copyrights.of(family_id))

    def preview(self, face_id: str, text: str | None = None, size: int | None = None) -> Preview:
        """The text (the family's name by default) drawn in the face, `size` pixels to the em.

        The family's stored specimen where the font file is not here or cannot draw the
        text. Raises `UnknownFaceError`, also when there is neither.
        """
        if face_id not in self._view().face_at:
            raise UnknownFaceError(face_id)
        return self._shower.preview(face_id, text, size)

    def drawable(self, face_ids: Sequence[str]) -> frozenset[str]:
        """Those of the faces whose font file is here, so that a preview draws any text."""
        return self._shower.drawable(face_ids)

    def sheet(self, picture: np.ndarray, answer: SearchAnswer) -> bytes:
        """A PNG of the picture (uint8 [H, W, 3]) with a specimen of every match below it."""
        return self._shower.sheet(picture, answer)

    def map_places(self) -> tuple[Place, ...]:
        """All families in two dimensions, those that look alike together."""
        return self._map.places(self._view())

    def stats(self) -> dict[str, Any]:
        """What the catalogue holds, as numbers and counts by category, licence, source, script."""
        return listing.stats(self._view())

    def ping(self) -> None:
        """Raise `PartError` when the database, the index or the encoder does not answer."""
        self._live.ping()
        self._searcher.ping(self._live.view)

    # Writing -------------------------------------------------------------------------

    def add_fonts(
        self,
        paths: Sequence[Path],
        *,
        names: Sequence[str] | None = None,
        public: bool = True,
        on_progress: OnProgress | None = None,
    ) -> AddReport:
        """Add font files, or zip archives of some; they can be found when this returns.

        Copies are kept in the data folder. `names` are what the report calls the files
        (their own names by default). A file that is there already, or that is no font with
        Latin letters, is in the report and stops nothing. New families are the viewer's, who
        alone sees them unless they are `public`; a face that joins a family of theirs is seen
        like the rest of it. `on_progress(done, total)` counts faces. Raises `BusyError` when
        another writer does not finish in time.
        """
        return self._writer.add(paths, names, on_progress or _silent, self._viewer, public)

    def change_family(
        self, family_id: str, *, name: str | None = None, public: bool | None = None
    ) -> FamilyDetail:
        """Give an own family another name, or show it to everybody, or to its owner alone.

        None leaves things as they are; the id stays. Raises `QueryError` for an empty name,
        `UnknownFamilyError`, `NotYoursError`, `BusyError`.
        """
        self._writer.change(family_id, name, public, self._viewer)
        return self.family(family_id)

    def remove_family(self, family_id: str) -> None:
        """Remove a family with its faces.

        Raises `UnknownFamilyError`, `NotYoursError`, `BusyError`.
        """
        self._writer.remove(family_id, self._viewer)

    def rebuild_from_fonts(
        self,
        fonts: Path | None = None,
        *,
        only: Sequence[str] = (),
        limit: int | None = None,
        jobs: int | None = None,
        chromium: bool | None = None,
        on_progress: OnProgress | None = None,
    ) -> RebuildReport:
        """Make the catalogue from the families below `fonts` and the own files kept here.

        `fonts` is `fonts/` in the data folder by default, `only` names family ids, `limit`
        keeps the first N, `jobs` is the number of processes (one a core by default),
        `chromium` says whether the second rasteriser draws too (where it is available).
        Searches go on with the old catalogue until all is done; a second call continues where
        a first was cut off. `on_progress(done, total)` counts families, first drawn, then
        compared for twins. Raises `FolderError`, `QueryError` for an unknown id, `BusyError`.
        """
        plan = RebuildPlan(fonts, tuple(only), limit, jobs, chromium)
        return self._rebuilder.from_fonts(plan, on_progress or _silent)

    def rebuild_from_vectors(self, *, on_progress: OnProgress | None = None) -> RebuildReport:
        """Make the index from the vectors in the database; nothing is drawn."""
        return self._rebuilder.from_vectors(on_progress or _silent)

    def write_prebuilt(self, target: Path) -> dict[str, Any]:
        """Write the shippable catalogue (Google Fonts only) to a folder; its manifest."""
        self._copyrights.write(target)
        return write_prebuilt(self._database, target)

    def write_map(self, path: Path) -> int:
        """Draw the map anew and write its places to a file; how many families it has.

        Needs scikit-learn, which serving does not bring.
        """
        return self._map.write(path)

    def backup(self, target: Path) -> BackupReport:
        """Write rows and own font files of one moment to the file `target`, whole or not at all.

        Searches go on; writers wait while rows are copied. Raises `MismatchError` when an own font
        file is missing, `StorageError`, `BusyError`.
        """
        return self._backups.write(target)

    def restore(self, source: Path, *, discard: bool = False) -> BackupReport:
        """Put a backup in the place of everything, in one step, beside running searches too.

        Raises `BackupError` for a damaged or foreign file and, without `discard`, when own
        families that it does not hold would be lost; `MismatchError` for another encoder's.
        """
        return self._backups.restore(source, discard=discard)

    def close(self) -> None:
        """Give the database back; the catalogue is not to be used any more."""
        self._live.close()
        self.tokens.close()
        self._database.close()


def _require_k(k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise QueryError(f"k is {k}; 1..{MAX_K} is needed")


def _require_inside(crop: Box, picture: np.ndarray) -> None:
    height, width = picture.shape[:2]
    try:
        crop.within(width, height)
    except ValueError as error:
        raise QueryError(
            f"crop {crop.as_list()} lies outside the picture of {width} x {height} pixels"
        ) from error
