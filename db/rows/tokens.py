"""What opens the API to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.models import Token
from db.records import TokenRecord
from db.rows.fields import columns, names, values


class TokenRows:
    """All tokens that were ever made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[TokenRecord]:
        """All tokens, revoked ones too, by name and day."""
        query = select(*columns(Token, TokenRecord))
        rows = self._session.execute(query.order_by(Token.name, Token.created, Token.id))
        return [_record(row) for row in rows]

    def get(self, token_id: str) -> TokenRecord | None:
        """One token; None when there is none."""
        query = select(*columns(Token, TokenRecord)).where(Token.id == token_id)
        row = self._session.execute(query).one_or_none()
        return None if row is None else _record(row)

    def add(self, token: TokenRecord) -> None:
        """Write a new token."""
        row = {**values(token), "scopes": list(token.scopes)}
        self._session.execute(insert(Token).values(**row))

    def revoke(self, token_id: str, day: date) -> None:
        """The token opens nothing from now on; it stays in the list."""
        change = update(Token).where(Token.id == token_id, Token.revoked.is_(None))
        self._session.execute(change.values(revoked=day))

    def use(self, token_id: str, day: date) -> None:
        """Note the day of the token's last use."""
        self._session.execute(update(Token).where(Token.id == token_id).values(last_used=day))


def _record(row: Sequence[Any]) -> TokenRecord:
    fields = dict(zip(names(TokenRecord), row, strict=True))
    return TokenRecord(**{**fields, "scopes": tuple(fields["scopes"])})
