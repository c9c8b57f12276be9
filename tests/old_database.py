"""Databases as earlier versions left them, made by the migrations' own way back."""

from __future__ import annotations

from alembic import command
from sqlalchemy import create_engine, event

from db import session


def downgrade(url: str, revision: str) -> None:
    """Bring the database at `url` to an earlier revision of the schema; rows stay."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=OFF"))
    config = session.migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()
