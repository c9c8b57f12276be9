"""The columns of faces' reference lines."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import Face, FaceColumns
from db.records import ColumnsRecord
from db.rows.fields import insert_all

_AT_ONCE = 500  # names in a query: SQLite took 999 at most once


class ColumnRows:
    """The columns of the catalogue's faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_faces(self, face_ids: Sequence[str]) -> dict[str, bytes]:
        """Face id -> its columns; a face that has none is left out."""
        found: dict[str, bytes] = {}
        for start in range(0, len(face_ids), _AT_ONCE):
            part = face_ids[start : start + _AT_ONCE]
            query = select(FaceColumns.face_id, FaceColumns.columns)
            rows = self._session.execute(query.where(FaceColumns.face_id.in_(part)))
            found.update((row[0], row[1]) for row in rows)
        return found

    def of_family(self, family_id: str) -> list[ColumnsRecord]:
        """Those of a family's faces, by face id."""
        query = select(FaceColumns.face_id, FaceColumns.columns).join(Face)
        rows = self._session.execute(query.where(Face.family_id == family_id))
        return sorted((ColumnsRecord(*row) for row in rows), key=lambda each: each.face_id)

    def add(self, columns: Sequence[ColumnsRecord]) -> None:
        """Write the columns of faces that have none."""
        insert_all(self._session, FaceColumns, columns)

    def replace(self, face_id: str, columns: bytes) -> None:
        """Put these in the place of a face's columns."""
        self._session.execute(delete(FaceColumns).where(FaceColumns.face_id == face_id))
        self.add([ColumnsRecord(face_id, columns)])
