"""A view brought up to date with a change that says which families it touched.

To read everything anew after each change would keep searches waiting for a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np

from db.records import StateRecord
from db.repository import Repository
from index.answers import FaceInfo
from index.stores.base import VectorStore
from index.view import View, family_info, followed_samples

_by_id = attrgetter("id")


@dataclass(frozen=True, slots=True)
class Touched:
    """The ids of the families that a change added, removed or altered.

    `removed` are those of deleted samples, int64 [n].
    """

    families: Collection[str]
    removed: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


def follow(
    rows: Repository, state: StateRecord, store: VectorStore, old: View, touched: Touched
) -> View | None:
    """The view that `read_view` would read, from `old`, one of everything before the change.

    None when a face went whose samples are not among the removed, or got more of them.
    """
    new = [record for name in touched.families if (record := rows.families.get(name))]
    untouched = [family.id not in touched.families for family in old.families]
    families = [family for family, kept in zip(old.families, untouched, strict=True) if kept]
    families = sorted([*families, *map(family_info, new)], key=_by_id)
    family_at = {family.id: at for at, family in enumerate(families)}
    owned = [
        (face, old.families[at].id)
        for face, at in zip(old.faces, old.family_of_face.tolist(), strict=True)
        if untouched[at]
    ]
    for at, family, weight, italic, width in rows.faces.styles(touched.families):
        owned.append((FaceInfo(at, weight, italic, width), family))
    owned.sort(key=lambda each: each[0].id)
    faces = tuple(face for face, _ in owned)
    face_at = {face.id: at for at, face in enumerate(faces)}
    samples = followed_samples(rows, old, touched.removed, face_at)
    if samples is None:
        return None
    return View(
        state=state,
        store=store,
        families=tuple(families),
        faces=faces,
        family_of_face=np.array([family_at[family] for _, family in owned], np.int64),
        sample_ids=samples[0],
        face_of_sample=samples[1],
        line_of_sample=samples[2],
        twins=_twins(rows, old, touched, family_at),
    )


def _twins(
    rows: Repository, old: View, touched: Touched, family_at: dict[str, int]
) -> dict[int, tuple[int, ...]]:
    """Those of touched families and of their twins are read, the others keep theirs."""
    own = rows.twins.of(touched.families)
    partners = {twin.twin_id for twin in own}.difference(touched.families)
    read: dict[str, list[int]] = {}
    for twin in (*own, *rows.twins.of(partners)):
        read.setdefault(twin.family_id, []).append(family_at[twin.twin_id])
    now = [-1 if family.id in touched.families else family_at[family.id] for family in old.families]
    twins = {}
    for at, others in old.twins.items():
        if now[at] >= 0 and (kept := tuple(now[i] for i in others if now[i] >= 0)):
            twins[now[at]] = kept
    return twins | {family_at[family]: tuple(others) for family, others in read.items()}
