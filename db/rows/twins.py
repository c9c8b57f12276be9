"""Families whose Latin letters are the same drawing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from db.models import Twin
from db.records import TwinRecord
from db.rows.fields import columns, insert_all


class TwinRows:
    """The twins of the catalogue."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[TwinRecord]:
        """All twins, in both directions, the closest first."""
        return self._sorted(select(*columns(Twin, TwinRecord)))

    def of(self, families: Collection[str]) -> list[TwinRecord]:
        """The twins of these families, the closest first."""
        return self._sorted(select(*columns(Twin, TwinRecord)).where(Twin.family_id.in_(families)))

    def _sorted(self, query: Select[Any]) -> list[TwinRecord]:
        twins = (TwinRecord(*row) for row in self._session.execute(query))
        return sorted(twins, key=lambda twin: (twin.family_id, twin.distance, twin.twin_id))

    def add(self, twins: Iterable[TwinRecord]) -> None:
        """Write twins; both directions are the caller's to give."""
        insert_all(self._session, Twin, list(twins))

    def replace(self, twins: Iterable[TwinRecord]) -> None:
        """Forget all twins and write these."""
        self._session.execute(delete(Twin))
        self.add(twins)
