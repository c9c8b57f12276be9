"""Twins of families that are being added, among those that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from db.records import FamilyBundle, TwinRecord
from db.session import Database
from db.vectors import dequantised
from encoder.fontfile import FaceRef
from encoder.glyphs import Signature
from index.drawing import Drawer, Here
from index.filters import Filters
from index.fontfiles import FontFiles, OpenableFace
from index.ranking import rank_lines
from index.regular import regular_first
from index.twins import find_twins
from index.view import View

_NEAREST = 8  # rows compared: what is drawn the same is also embedded the same


def twins_of_new(
    database: Database,
    view: View,
    data: Path,
    bundles: Sequence[FamilyBundle],
    paths: Mapping[str, Path],
    drawer: Drawer,
) -> list[TwinRecord]:
    """Twins that touch a family of `bundles`, in both directions.

    `paths` says where the new files lie, by sha256. Families that are there already keep
    the twins they have, and those whose font files are not here cannot be compared. Raises
    `BreachError` when `drawer`, who draws the new ones, does.
    """
    new = [bundle for bundle in bundles if bundle.family.id not in view.family_at]
    signatures: dict[str, Signature] = {}
    for bundle in new:
        face = regular_first(bundle.faces)[0]
        ref = FaceRef(paths[str(face.file_sha256)], face.file_index, face.variation)
        _sign(signatures, bundle.family.id, OpenableFace(ref, frozenset(face.coverage)), drawer)
    near = {i for bundle in new for i in _nearest(view, bundle)} - set(signatures)
    with database.begin() as rows:
        known = {family_id: regular_first(rows.faces.of_family(family_id)) for family_id in near}
    files = FontFiles(database, data)
    for family_id, faces in known.items():
        here = files.find([face.id for face in faces])
        if found := next((here[face.id] for face in faces if face.id in here), None):
            _sign(signatures, family_id, found, Here())
    return find_twins(signatures, [bundle.family.id for bundle in new])


def _nearest(view: View, bundle: FamilyBundle) -> set[str]:
    face = regular_first(bundle.faces)[0]
    stored = [s.vector for s in bundle.samples if s.face_id == face.id]
    lines = [dequantised(stored, view.state.dim).astype(np.float32)]
    (group,) = rank_lines(view, lines, [1.0], _NEAREST, Filters())
    matches = group.matches
    return {m.family.id for m in matches} | {t.id for m in matches for t in m.twins}


def _sign(
    signatures: dict[str, Signature], family_id: str, face: OpenableFace, drawer: Drawer
) -> None:
    if (made := drawer.signature(face.ref, face.coverage)) is not None:
        signatures[family_id] = made
