"""What an SQLite catalogue says of itself, without the second that importing SQLAlchemy takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_OF = "SELECT version_num, encoder_sha256, prepare_version, dim FROM alembic_version, state"


def glance(path: Path) -> tuple[Any, ...] | None:
    """The schema's revision, and the vectors' encoder, prepare version and dimension.

    None where the file holds no catalogue, or cannot be read beside what others do.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as rows:
            return rows.execute(_OF).fetchone()
    except sqlite3.Error:
        return None


def newest_revision() -> str:
    """The schema's revision that the migrations lead to."""
    files = Path(__file__).with_name("migrations").glob("versions/v[0-9]*_*.py")
    return max(file.name[1:].partition("_")[0] for file in files)
