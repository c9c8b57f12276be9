"""The catalogue at one generation, in memory: what a search reads; never changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from db.records import FaceRecord, FamilyRecord, StateRecord
from db.repository import Repository
from index.answers import CatalogueInfo, FaceInfo, FamilyInfo, Match, TwinInfo
from index.filters import Filters
from index.regular import regular_first
from index.stores.base import VectorStore
from index.viewer import OWN, SERVER, Viewer

_NOTHING = np.empty(0, np.int64)
_MAX_SEEN = 100  # views by owner that are kept beside one of everything


@dataclass(frozen=True)
class View:
    """Families, faces and samples with the index over them, all of one moment.

    Positions in `families` and `faces` mean something inside one view only; what leaves
    it are ids. `sample_ids` int64 [S] ascends, `face_of_sample` int64 [S] gives positions;
    `line_of_sample` int64 [S] is the same for samples of one face that show the same text.
    `is_part` says that the store holds more than these samples.
    """

    state: StateRecord
    store: VectorStore
    families: tuple[FamilyInfo, ...]
    faces: tuple[FaceInfo, ...]
    family_of_face: NDArray[np.int64]
    sample_ids: NDArray[np.int64]
    face_of_sample: NDArray[np.int64]
    line_of_sample: NDArray[np.int64]
    twins: dict[int, tuple[int, ...]]
    is_part: bool = False

    def seen_by(self, viewer: Viewer) -> View:
        """What of this view of everything there is for one viewer; the others are not in it."""
        owners = self._owners
        if viewer.everything or not owners:
            return self
        key = viewer.name if viewer.name in owners else None
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            seen = self._seen[key] = _narrowed(self, Viewer(key))
        return seen

    @cached_property
    def _owners(self) -> frozenset[str | None]:
        """Whose own families are here; empty when all are Google's."""
        return frozenset(family.owner for family in self.families if family.source == OWN)

    @cached_property
    def _seen(self) -> dict[str | None, View]:
        return {}

    @cached_property
    def kin(self) -> dict[tuple[str, int, Filters], tuple[Match, ...]]:
        """What `index.similar` has found in this view, by family, k and filters."""
        return {}

    @cached_property
    def family_at(self) -> dict[str, int]:
        """Family id -> position."""
        return {family.id: at for at, family in enumerate(self.families)}

    @cached_property
    def face_at(self) -> dict[str, int]:
        """Face id -> position."""
        return {face.id: at for at, face in enumerate(self.faces)}

    @cached_property
    def regular_face(self) -> NDArray[np.int64]:
        """The position of each family's regular-most face, int64 [families]; -1 for none."""
        regular = np.full(len(self.families), -1, np.int64)
        for face in reversed(regular_first(self.faces)):
            at = self.face_at[face.id]
            regular[self.family_of_face[at]] = at
        return regular

    @cached_property
    def face_count(self) -> NDArray[np.int64]:
        """How many faces each family has, int64 [families]."""
        return np.bincount(self.family_of_face, minlength=len(self.families))

    @cached_property
    def twin_sets(self) -> dict[int, frozenset[int]]:
        """Twins without their order, as the vote wants them."""
        return {at: frozenset(others) for at, others in self.twins.items()}

    @cached_property
    def info(self) -> CatalogueInfo:
        """What an answer says about the catalogue it was read from."""
        return CatalogueInfo(
            self.state.generation,
            len(self.families),
            len(self.faces),
            self.state.encoder_sha256,
        )

    def faces_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Face positions of sample ids of any shape; -1 stays -1. Ids must be the store's."""
        if not len(self.sample_ids):
            return np.full(ids.shape, -1, np.int64)
        at = np.searchsorted(self.sample_ids, np.maximum(ids, self.sample_ids[0]))
        return np.where(ids < 0, -1, self.face_of_sample[at])

    def samples_of_families(
        self, faces: NDArray[np.int64], allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All samples of the families that own any of `faces` (any shape, -1 is nobody).

        Of those `allowed`, where that is given. Returns (sample ids [M], face positions [M],
        lines [M]).
        """
        wanted = np.zeros(len(self.families), bool)
        wanted[self.family_of_face[faces[faces >= 0]]] = True
        keep = wanted[self.family_of_face[self.face_of_sample]]
        if allowed is not None and allowed is not self.sample_ids:
            keep &= np.isin(self.sample_ids, allowed, assume_unique=True)
        return self.sample_ids[keep], self.face_of_sample[keep], self.line_of_sample[keep]

    def faces_of_family(self, family_id: str) -> tuple[FaceInfo, ...]:
        """A family's faces; none for an unknown family."""
        at = self.family_at.get(family_id, -1)
        return tuple(self.faces[i] for i in np.flatnonzero(self.family_of_face == at))

    def allowed(self, filters: Filters) -> NDArray[np.int64] | None:
        """Sample ids that may be found; None when all may."""
        if filters.is_empty:
            return self.sample_ids if self.is_part else None
        return self.samples_of_faces(self._admitted_faces(filters))

    def samples_of_faces(self, faces: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Sample ids of the faces that are True in bool [faces], ascending."""
        return self.sample_ids[faces[self.face_of_sample]]

    def in_the_style_of(self, face_id: str, filters: Filters) -> NDArray[np.bool_]:
        """One face of each other family that passes, the nearest in style: bool [faces].

        First the slope counts, then the width, then the weight, as in `index.regular`.
        """
        own = self.face_at[face_id]
        apart = np.abs(self._styles - self._styles[own])
        nearest = np.lexsort((*apart.T, self.family_of_face))
        passing = self._admitted_faces(filters) & (self.family_of_face != self.family_of_face[own])
        nearest = nearest[passing[nearest]]
        _, first = np.unique(self.family_of_face[nearest], return_index=True)
        chosen = np.zeros(len(self.faces), bool)
        chosen[nearest[first]] = True
        return chosen

    @cached_property
    def _styles(self) -> NDArray[np.int64]:
        """Weight, width and slope of each face, int64 [faces, 3]."""
        styles = [(face.weight, face.width, face.italic) for face in self.faces]
        return np.array(styles, np.int64).reshape(-1, 3)

    def admitted(self, filters: Filters) -> list[FamilyInfo]:
        """The families that pass the filters and have a face that does."""
        kept = np.unique(self.family_of_face[self._admitted_faces(filters)])
        return [self.families[at] for at in kept]

    def _admitted_faces(self, filters: Filters) -> NDArray[np.bool_]:
        families = np.array([filters.admits(family) for family in self.families], bool)
        faces = np.array([filters.admits_face(face) for face in self.faces], bool)
        return families[self.family_of_face] & faces

    def twin_infos(self, family: int, filters: Filters) -> tuple[TwinInfo, ...]:
        """The twins of a family that pass the filters, the closest first."""
        others = (self.families[at] for at in self.twins.get(family, ()))
        return tuple(TwinInfo(f.id, f.name) for f in others if filters.admits(f))


def read_view(
    rows: Repository,
    state: StateRecord,
    store: VectorStore,
    old: View | None = None,
    removed: NDArray[np.int64] = _NOTHING,
) -> View:
    """Everything but the vectors, read in one transaction, around `store`.

    With `old`, a view of everything from which the samples `removed` are gone since, only newer
    samples are read: one never changes, and its id never comes back.
    """
    families, styles = rows.families.all(), rows.faces.styles()
    family_at = {family.id: at for at, family in enumerate(families)}
    face_at = {face_id: at for at, (face_id, *_) in enumerate(styles)}
    twins: dict[int, list[int]] = {}
    for twin in rows.twins.all():
        twins.setdefault(family_at[twin.family_id], []).append(family_at[twin.twin_id])
    samples = None if old is None else followed_samples(rows, old, removed, face_at)
    samples = samples or _read_samples(rows, face_at)
    return View(
        state=state,
        store=store,
        families=tuple(family_info(family) for family in families),
        faces=tuple(FaceInfo(at, weight, italic, width) for at, _, weight, italic, width in styles),
        family_of_face=np.array([family_at[family_id] for _, family_id, *_ in styles], np.int64),
        sample_ids=samples[0],
        face_of_sample=samples[1],
        line_of_sample=samples[2],
        twins={family: tuple(others) for family, others in twins.items()},
    )


Samples = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]  # ids, faces, lines


def _read_samples(rows: Repository, face_at: dict[str, int], after: int = 0) -> Samples:
    """The samples with ids above `after`; lines are numbered from 0."""
    ids, face_ids, texts = rows.samples.lines(after=after)
    numbers: dict[tuple[str, str], int] = {}
    lines = [numbers.setdefault(key, len(numbers)) for key in zip(face_ids, texts, strict=True)]
    faces = np.array([face_at[face_id] for face_id in face_ids], np.int64)
    return ids, faces, np.array(lines, np.int64)


def followed_samples(
    rows: Repository, old: View, removed: NDArray[np.int64], face_at: dict[str, int]
) -> Samples | None:
    """The samples of `old` without `removed`, then the newer ones: ids, face positions, lines.

    `face_at` gives the positions that faces have now. None when that is not all that happened:
    a face went and left its samples, or got more.
    """
    last = int(old.sample_ids[-1]) if len(old.sample_ids) else 0
    keep = ~np.isin(old.sample_ids, removed)
    now = np.array([face_at.get(face.id, -1) for face in old.faces], np.int64)
    faces, lines = now[old.face_of_sample[keep]], old.line_of_sample[keep]
    new_ids, new_faces, new_lines = _read_samples(rows, face_at, last)
    if (faces < 0).any() or np.isin(new_faces, faces).any():
        return None
    free = int(lines.max(initial=-1)) + 1
    return (
        np.concatenate([old.sample_ids[keep], new_ids]),
        np.concatenate([faces, new_faces]),
        np.concatenate([lines, new_lines + free]),
    )


def family_info(family: FamilyRecord) -> FamilyInfo:
    """The part of a family that answers show."""
    return FamilyInfo(
        family.id,
        family.name,
        family.category,
        family.license,
        family.source,
        family.url,
        frozenset(family.scripts),
        family.owner,
        family.public,
        SERVER.owns(family),
    )


def face_info(face: FaceRecord) -> FaceInfo:
    """The part of a face that answers show."""
    return FaceInfo(face.id, face.weight, face.italic, face.width)


def _narrowed(view: View, viewer: Viewer) -> View:
    """The view with the families alone that the viewer sees, around the same store."""
    families = [viewer.sees(family) for family in view.families]
    faces = np.array(families, bool)[view.family_of_face]
    samples = faces[view.face_of_sample]
    places, face_to = np.cumsum(families) - 1, np.cumsum(faces) - 1
    family_to = places.tolist()  # one by one, plain numbers are quicker
    return replace(
        view,
        families=tuple(
            _marked(view.families[at], viewer.owns(view.families[at]))
            for at in np.flatnonzero(families).tolist()
        ),
        faces=tuple(view.faces[at] for at in np.flatnonzero(faces).tolist()),
        family_of_face=places[view.family_of_face[faces]],
        sample_ids=view.sample_ids[samples],
        face_of_sample=face_to[view.face_of_sample[samples]],
        line_of_sample=view.line_of_sample[samples],
        is_part=not samples.all(),
        twins={
            family_to[at]: kept
            for at, others in view.twins.items()
            if families[at] and (kept := tuple(family_to[i] for i in others if families[i]))
        },
    )


def _marked(family: FamilyInfo, mine: bool) -> FamilyInfo:
    return family if family.mine == mine else replace(family, mine=mine)
