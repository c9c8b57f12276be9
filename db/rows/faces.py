"""Faces, and whether their samples are still those that were written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from db import integrity
from db.models import Face, FontFile
from db.records import ColumnsRecord, FaceRecord, SampleRecord
from db.rows.fields import columns, names, values


class FaceRows:
    """The faces of the catalogue."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[FaceRecord]:
        """All faces, by id."""
        return self._sorted(select(*columns(Face, FaceRecord)))

    def styles(
        self, families: Collection[str] | None = None
    ) -> list[tuple[str, str, int, bool, int]]:
        """What a view shows of the faces of these families (None: of all), by id.

        That is id, family id, weight, italic and width.
        """
        query = select(Face.id, Face.family_id, Face.weight, Face.italic, Face.width)
        if families is not None:
            query = query.where(Face.family_id.in_(families))
        return sorted((*row,) for row in self._session.execute(query))

    def of_family(self, family_id: str) -> list[FaceRecord]:
        """A family's faces, by id; none for an unknown family."""
        return self._sorted(select(*columns(Face, FaceRecord)).where(Face.family_id == family_id))

    def get(self, face_id: str) -> FaceRecord | None:
        """One face; None when there is none."""
        query = select(*columns(Face, FaceRecord)).where(Face.id == face_id)
        row = self._session.execute(query).one_or_none()
        return None if row is None else _record(row)

    def with_files(self, face_ids: Sequence[str]) -> list[tuple[FaceRecord, str]]:
        """The faces of these ids whose file was kept, each with its path in the data folder."""
        query = (
            select(*columns(Face, FaceRecord), FontFile.path)
            .join(FontFile, FontFile.sha256 == Face.file_sha256)
            .where(Face.id.in_(face_ids), FontFile.path.is_not(None))
        )
        return [(_record(row[:-1]), row[-1]) for row in self._session.execute(query)]

    def damaged(self) -> list[str]:
        """The ids of faces whose samples are not those that were written, ascending."""
        return integrity.damaged_faces(self._session)

    def add(
        self,
        faces: Iterable[FaceRecord],
        samples: Iterable[SampleRecord],
        columns: Iterable[ColumnsRecord],
    ) -> None:
        """Write faces with the checksum of the samples and columns, which the caller writes."""
        seen = {each.face_id: each.columns for each in columns}
        of_face: dict[str, list[SampleRecord]] = {}
        for sample in samples:
            of_face.setdefault(sample.face_id, []).append(sample)

        def checksum(face_id: str) -> str:
            return integrity.samples_sha256(of_face.get(face_id, []), seen.get(face_id, b""))

        rows = [{**values(face), "samples_sha256": checksum(face.id)} for face in faces]
        if rows:
            self._session.connection().execute(insert(Face), rows)

    def set_checksum(self, face_id: str, samples: Sequence[SampleRecord], columns: bytes) -> None:
        """Say that these are a face's samples and columns."""
        found = integrity.samples_sha256(samples, columns)
        face = update(Face).where(Face.id == face_id)
        self._session.execute(face.values(samples_sha256=found))

    def _sorted(self, query: Select[Any]) -> list[FaceRecord]:
        # Sorted here: databases differ in how they order texts, and answers must not.
        faces = (_record(row) for row in self._session.execute(query))
        return sorted(faces, key=lambda face: face.id)


def _record(row: Sequence[Any]) -> FaceRecord:
    fields = dict(zip(names(FaceRecord), row, strict=True))
    axes = tuple((str(tag), float(value)) for tag, value in fields["variation"])
    return FaceRecord(**{**fields, "variation": axes})
