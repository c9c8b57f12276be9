"""The one row that says what the vectors are and how often the catalogue has changed."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from db.models import State
from db.records import StateRecord


class StateRow:
    """The state of the catalogue."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self) -> StateRecord | None:
        """The one row; None in a database that was never filled."""
        row = self._session.get(State, 1, populate_existing=True)
        if row is None:
            return None
        return StateRecord(row.generation, row.encoder_sha256, row.prepare_version, row.dim)

    def generation(self) -> int:
        """The generation alone, cheaply; 0 in a database that was never filled."""
        return self._session.scalar(select(State.generation)) or 0

    def set_encoder(self, encoder_sha256: str, prepare_version: int, dim: int) -> int:
        """Say what the vectors are and grow the generation, which is returned."""
        generation = self.generation() + 1
        self._session.execute(delete(State))
        self._session.execute(
            insert(State).values(
                id=1,
                generation=generation,
                encoder_sha256=encoder_sha256,
                prepare_version=prepare_version,
                dim=dim,
            )
        )
        return generation

    def grow(self, above: int = 0) -> int:
        """Count this transaction as a change; returns the new generation, larger than `above`."""
        generation = max(self.generation(), above) + 1
        self._session.execute(update(State).values(generation=generation))
        return generation
