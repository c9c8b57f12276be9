"""What update.sh asks of catalogues' databases, of any version. Python's own library only.

rows.py schema FILE         the revision of its schema
rows.py lost FILE OLDER     what is in FILE and not in OLDER, a phrase a line
rows.py revoked FILE OLDER  ids of the tokens that are revoked in FILE and open in OLDER
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing

_OWN = "SELECT id, name FROM family WHERE source = 'own' ORDER BY name"
_TOKENS = "SELECT id, name FROM token ORDER BY name"
_OPEN = "SELECT id, name FROM token WHERE revoked IS NULL ORDER BY name"


def ask(file: str, question: str) -> dict[str, str]:
    """First column -> last; none when the version that made the file had no such table."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            return {row[0]: row[-1] for row in database.execute(question)}
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return {}


def schema(file: str) -> list[str]:
    """The revision that Alembic notes."""
    return list(ask(file, "SELECT version_num FROM alembic_version"))


def lost(file: str, older: str) -> list[str]:
    """Own families and tokens that only the newer one has, and what only it has not any more."""
    own, own_before, before = ask(file, _OWN), ask(older, _OWN), ask(older, _TOKENS)
    return [
        *(f"the own family {name}" for key, name in own.items() if key not in own_before),
        *(f"the token {k} of {name}" for k, name in ask(file, _OPEN).items() if k not in before),
        *(f"the removal of {name}" for key, name in own_before.items() if key not in own),
    ]


def revoked(file: str, older: str) -> list[str]:
    """To be revoked again once the older file is in use."""
    known, still_open = ask(file, _TOKENS), ask(file, _OPEN)
    return [key for key in ask(older, _OPEN) if key in known and key not in still_open]


COMMANDS: dict[str, Callable[..., list[str]]] = {"schema": schema, "lost": lost, "revoked": revoked}

if __name__ == "__main__":
    for line in COMMANDS[sys.argv[1]](*sys.argv[2:]):
        sys.stdout.write(f"{line}\n")
