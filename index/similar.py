"""Families close to one of the catalogue: its own lines ask as a picture's would."""

from __future__ import annotations

import numpy as np

from db.session import Database
from index.answers import Match
from index.filters import Filters
from index.late import Columns, LateInteraction, face_columns
from index.ranking import rank_lines
from index.regular import regular_first
from index.view import View


class Similar:
    """Finds kin; safe to share among threads."""

    def __init__(self, database: Database, columns: Columns) -> None:
        """`columns` are those of the faces."""
        self._database = database
        self._columns = columns

    def find(self, view: View, family_id: str, k: int, filters: Filters) -> tuple[Match, ...]:
        """See `FontCatalog.similar`; the family must be in the view."""
        with self._database.begin() as rows:
            faces = rows.faces.of_family(family_id)
            wanted = [face for face in faces if filters.admits_face(face)]
            asking = regular_first(wanted or faces)[:1]
            found = rows.samples.vectors(view.state.dim, face_id=asking[0].id) if asking else None
        if found is None or not len(found.ids):
            return ()
        lines = [found.vectors.astype(np.float32)]
        (own,) = self._columns.of([asking[0].id])
        late = LateInteraction(self._columns, view, [face_columns(own)]) if len(own) else None
        without = view.family_at[family_id]
        (group,) = rank_lines(view, lines, [1.0], k, filters, late=late, without=without)
        return group.matches
