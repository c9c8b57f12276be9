"""Families close to one of the catalogue: its own lines ask as a picture's would.

Kin answer with the face that is nearest in style to the one that asks: a family is no kin for
being as dark in its bold as another is in its regular.
"""

from __future__ import annotations

import numpy as np

from db.session import Database
from index.answers import Match
from index.filters import Filters
from index.late import Columns, LateInteraction, face_columns
from index.ranking import rank_lines
from index.regular import regular_first
from index.view import View

_MOST_KEPT = 500  # answers of up to fifty rows


class Similar:
    """Finds kin; safe to share among threads."""

    def __init__(self, database: Database, columns: Columns) -> None:
        """`columns` are those of the faces."""
        self._database = database
        self._columns = columns

    def find(self, view: View, family_id: str, k: int, filters: Filters) -> tuple[Match, ...]:
        """See `FontCatalog.similar`; the family must be in the view.

        What was found stays with the view, which with the question decides all of it.
        """
        asked = family_id, k, filters
        if (known := view.kin.get(asked)) is not None:
            return known
        if len(view.kin) >= _MOST_KEPT:
            view.kin.clear()
        found = view.kin[asked] = self._found(view, family_id, k, filters)
        return found

    def _found(self, view: View, family_id: str, k: int, filters: Filters) -> tuple[Match, ...]:
        faces = regular_first(view.faces_of_family(family_id))
        asking = next(iter([face for face in faces if filters.admits_face(face)] or faces), None)
        if asking is None:
            return ()
        with self._database.begin() as rows:
            found = rows.samples.vectors(view.state.dim, face_id=asking.id)
        if not len(found.ids):
            return ()
        lines = [found.vectors.astype(np.float32)]
        (own,) = self._columns.of([asking.id])
        late = LateInteraction(self._columns, view, [face_columns(own)]) if len(own) else None
        kin = view.in_the_style_of(asking.id, filters)
        (group,) = rank_lines(view, lines, [1.0], k, filters, late=late, faces=kin)
        return group.matches
