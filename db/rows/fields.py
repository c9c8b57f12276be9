"""Between the records of `db.records` and the columns of the same names in `db.models`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db.models import Base


def columns(table: type[Base], record: type) -> list[Any]:
    """The table's columns that a record keeps, in the record's order."""
    return [getattr(table, name) for name in names(record)]


def names(record: Any) -> tuple[str, ...]:
    """The fields of a record or of its class."""
    return tuple(record.__dataclass_fields__)


def values(record: Any) -> dict[str, Any]:
    """The fields by name; `dataclasses.asdict` would copy every value deeply."""
    return {name: getattr(record, name) for name in names(record)}


def insert_all(session: Session, table: type[Base], records: Sequence[Any]) -> None:
    """Write records; none is fine."""
    if records:
        # The table, not the class: no objects are made for 80,000 samples.
        session.connection().execute(
            table.__table__.insert(),  # type: ignore[attr-defined]
            [values(record) for record in records],
        )
