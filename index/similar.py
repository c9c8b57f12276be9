"""Families close to one of the catalogue: its own lines ask as a picture's would."""

from __future__ import annotations

import numpy as np

from db.session import Database
from index.answers import Match
from index.filters import Filters
from index.ranking import rank_lines
from index.regular import regular_first
from index.view import View


def similar(
    view: View, database: Database, family_id: str, k: int, filters: Filters
) -> tuple[Match, ...]:
    """See `FontCatalog.similar`; the family must be in the view."""
    with database.begin() as rows:
        faces = rows.faces.of_family(family_id)
        wanted = [face for face in faces if filters.admits_face(face)]
        asking = regular_first(wanted or faces)[:1]
        found = rows.samples.vectors(view.state.dim, face_id=asking[0].id) if asking else None
    if found is None or not len(found.ids):
        return ()
    lines = [found.vectors.astype(np.float32)]
    without = view.family_at[family_id]
    (group,) = rank_lines(view, lines, [1.0], k, filters, without=without)
    return group.matches
