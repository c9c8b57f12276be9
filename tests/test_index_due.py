"""A start looks whether there is anything to migrate, and imports nothing heavy for that."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from db import session
from db.glance import newest_revision
from index import bootstrap
from index.due import migration_is_due
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = b"an encoder's weights"
EMBEDDER = FakeEmbedder(sha256=hashlib.sha256(WEIGHTS).hexdigest())


@pytest.fixture
def current(settings: Settings, tmp_path: Path) -> Settings:
    """A catalogue of this schema, with the vectors of the encoder that its settings name."""
    encoder = tmp_path / "encoder.onnx"
    encoder.write_bytes(WEIGHTS)
    card = {"onnx_sha256": EMBEDDER.sha256, "prepare_version": EMBEDDER.prepare_version}
    encoder.with_suffix(".json").write_text(json.dumps(card | {"dim": EMBEDDER.dim}))
    run(settings, f"UPDATE state SET encoder_sha256 = '{EMBEDDER.sha256}'")
    return replace(settings, encoder=encoder)


def run(settings: Settings, statement: str) -> None:
    """One statement, committed."""
    with closing(sqlite3.connect(settings.data / "catalog.db")) as rows:
        rows.execute(statement)
        rows.commit()


CHANGES: dict[str, Callable[[Settings], object]] = {
    "an older schema": lambda s: downgrade(s.database_url, "0006"),
    "a newer schema": lambda s: run(s, "UPDATE alembic_version SET version_num = '9999'"),
    "no catalogue": lambda s: run(s, "DELETE FROM state"),
    "another encoder": lambda s: run(s, "UPDATE state SET encoder_sha256 = 'another'"),
    "another prepare": lambda s: run(s, "UPDATE state SET prepare_version = prepare_version + 1"),
    "another dimension": lambda s: run(s, "UPDATE state SET dim = 8"),
    "damaged": lambda s: (s.data / "catalog.db").write_bytes(b"not a database" * 1000),
    "flipped": lambda s: s.encoder.write_bytes(WEIGHTS + b"!"),
    "no weights": lambda s: s.encoder.unlink(),
    "no card": lambda s: s.encoder.with_suffix(".json").unlink(),
    "no such card": lambda s: s.encoder.with_suffix(".json").write_text("[]"),
}


def test_a_second_start_has_nothing_to_do(current: Settings) -> None:
    """The first one, which copies the shipped catalogue or makes an empty one, has."""
    assert not migration_is_due(current)
    shutil.rmtree(current.data)
    assert migration_is_due(current)
    bootstrap.migrate(current, embedder=EMBEDDER)
    assert not migration_is_due(current)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_start_has_to_do_or_to_say(
    current: Settings, change: Callable[[Settings], object]
) -> None:
    """Another schema, another encoder's vectors, and whatever the start would refuse."""
    for leftover in current.data.glob("catalog.db-*"):
        leftover.unlink()
    change(current)
    assert migration_is_due(current)


def test_rows_in_the_wal_alone_count(current: Settings) -> None:
    """What was committed last and has not come to the database's file yet."""
    with closing(sqlite3.connect(current.data / "catalog.db")) as rows:
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("UPDATE state SET dim = 8")
        rows.commit()
        assert migration_is_due(current)


def test_a_database_that_is_no_file_is_always_asked(current: Settings) -> None:
    """By `migrate` itself; a password is none of ours."""
    assert migration_is_due(replace(current, database_url="postgresql://u:p@host/fontkin"))


def test_the_newest_revision_is_alembics_head() -> None:
    """The files' names say it."""
    head = ScriptDirectory.from_config(session.migrations()).get_current_head()
    assert newest_revision() == head


def test_serve_imports_nothing_heavy() -> None:
    """gunicorn imports the catalogue's code once more, so it would be paid for twice."""
    heavy = {"sqlalchemy", "numpy", "cv2", "onnxruntime", "faiss", "index.bootstrap"}
    asked = f"import sys, scripts.serve; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
