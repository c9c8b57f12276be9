"""Twins of families that are being added, among those that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from db.records import FaceRecord, FamilyBundle, TwinRecord
from db.repository import Repository
from db.session import Database
from encoder.fontfile import FaceRef
from encoder.glyphs import Signature, signature
from index.answers import Filters
from index.ranking import rank_lines
from index.sources import regular_first
from index.twins import find_twins
from index.view import View

_NEAREST = 8  # rows compared: what is drawn the same is also embedded the same


def twins_of_new(
    database: Database,
    view: View,
    data: Path,
    bundles: Sequence[FamilyBundle],
    paths: Mapping[str, Path],
) -> list[TwinRecord]:
    """Twins that touch a family of `bundles`, in both directions.

    `paths` says where the new files lie, by sha256. Families that are there already keep
    the twins they have, and those whose font files are not here cannot be compared.
    """
    new = [bundle for bundle in bundles if bundle.family.id not in view.family_at]
    signatures: dict[str, Signature] = {}
    for bundle in new:
        face = regular_first(bundle.faces)[0]
        _sign(signatures, bundle.family.id, face, paths[face.file_sha256])
    with database.begin() as rows:
        for bundle in new:
            for family_id in _nearest(view, bundle):
                if family_id not in signatures:
                    _sign_known(signatures, rows, data, family_id)
    return find_twins(signatures, [bundle.family.id for bundle in new])


def _nearest(view: View, bundle: FamilyBundle) -> set[str]:
    face = regular_first(bundle.faces)[0]
    rows = [np.frombuffer(s.vector, "<f2") for s in bundle.samples if s.face_id == face.id]
    lines = [np.stack(rows).astype(np.float32)]
    (group,) = rank_lines(view, lines, [1.0], _NEAREST, Filters())
    matches = group.matches
    return {m.family.id for m in matches} | {t.id for m in matches for t in m.twins}


def _sign_known(
    signatures: dict[str, Signature], rows: Repository, data: Path, family_id: str
) -> None:
    for face in regular_first(rows.faces(family_id)):
        file = rows.file(face.file_sha256) if face.file_sha256 else None
        if file is not None and file.path is not None and (data / file.path).is_file():
            _sign(signatures, family_id, face, data / file.path)
            return


def _sign(signatures: dict[str, Signature], family_id: str, face: FaceRecord, path: Path) -> None:
    ref = FaceRef(path, face.file_index, face.variation)
    if (made := signature(ref, frozenset(face.coverage))) is not None:
        signatures[family_id] = made
