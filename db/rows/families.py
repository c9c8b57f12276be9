"""Families, and the picture that each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from db.models import Face, Family, FontFile, Specimen
from db.records import FamilyRecord
from db.rows.fields import columns, names, values


class FamilyRows:
    """The families of the catalogue."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[FamilyRecord]:
        """All families, by id."""
        rows = self._session.execute(select(*columns(Family, FamilyRecord)))
        # Sorted here: databases differ in how they order texts, and answers must not.
        return sorted((_record(row) for row in rows), key=lambda family: family.id)

    def get(self, family_id: str) -> FamilyRecord | None:
        """One family; None when there is none."""
        query = select(*columns(Family, FamilyRecord)).where(Family.id == family_id)
        row = self._session.execute(query).one_or_none()
        return None if row is None else _record(row)

    def of_file(self, sha256: str) -> list[FamilyRecord]:
        """The families with a face from this file, kept or sent, by id."""
        same = or_(FontFile.sha256 == sha256, FontFile.original_sha256 == sha256)
        holders = select(Face.family_id).join(FontFile, FontFile.sha256 == Face.file_sha256)
        query = select(*columns(Family, FamilyRecord)).where(Family.id.in_(holders.where(same)))
        return [_record(row) for row in self._session.execute(query.order_by(Family.id))]

    def add(self, family: FamilyRecord, generation: int) -> None:
        """Write a family that comes with `generation`; one that is there stays as it is."""
        if self._session.get(Family, family.id) is None:
            row = insert(Family).values(**values(family), created_generation=generation)
            self._session.execute(row)

    def change(self, family_id: str, *, name: str, public: bool) -> None:
        """Give a family this name, and to everybody or back to its owner."""
        change = update(Family).where(Family.id == family_id)
        self._session.execute(change.values(name=name, public=public))

    def specimen(self, family_id: str) -> bytes | None:
        """The family's picture, WebP; None when it has none."""
        row = self._session.get(Specimen, family_id)
        return None if row is None else row.image

    def set_specimen(self, family_id: str, image: bytes) -> None:
        """Put a family's picture, WebP, in the place of the one it has."""
        self._session.merge(Specimen(family_id=family_id, image=image))
        self._session.flush()


def _record(row: Sequence[Any]) -> FamilyRecord:
    fields = dict(zip(names(FamilyRecord), row, strict=True))
    return FamilyRecord(**{**fields, "scripts": tuple(fields["scripts"])})
