"""What a database can say about its own soundness, and a copy of all its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from db.models import Base, Face, FaceColumns, Sample
from db.records import SampleRecord
from db.rows.fields import columns

Dump = Iterator[tuple[str, list[dict[str, Any]]]]

_CHUNK = 2048


def samples_sha256(samples: Iterable[SampleRecord], columns: bytes = b"") -> str:
    """The SHA-256 of a face's samples, in the order of their ids, and columns; not of its name."""
    digest = _digest(samples)
    digest.update(columns)
    return digest.hexdigest()


def _digest(samples: Iterable[SampleRecord]) -> hashlib._Hash:
    digest = hashlib.sha256()
    for s in samples:
        digest.update("\0".join((s.kind, s.text, s.raster)).encode() + b"\0" + s.vector)
    return digest


def damaged_faces(session: Session) -> list[str]:
    """The ids of faces whose samples or columns are not those that were written, ascending."""
    query = select(*columns(Sample, SampleRecord)).order_by(Sample.face_id, Sample.id)
    in_parts = {"yield_per": _CHUNK}
    samples = (SampleRecord(*row) for row in session.execute(query, execution_options=in_parts))
    digests = {
        face_id: _digest(of_face) for face_id, of_face in groupby(samples, attrgetter("face_id"))
    }
    faces = select(Face.id, Face.samples_sha256, FaceColumns.columns).outerjoin(FaceColumns)
    damaged = []
    for face_id, expected, packed in session.execute(faces, execution_options=in_parts):
        digest = digests.pop(face_id, None) or _digest([])
        digest.update(packed or b"")
        if digest.hexdigest() != expected:
            damaged.append(face_id)
    return sorted([*damaged, *digests])  # what is left belongs to no face


def complaints(session: Session) -> list[str]:
    """What SQLite finds wrong with its pages, indexes and foreign keys; [] elsewhere."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    pages = [row[0] for row in session.execute(text("PRAGMA integrity_check(20)"))]
    keys = session.execute(text("PRAGMA foreign_key_check")).all()
    broken = [f"a row of {row[0]} names a {row[2]} that is not there" for row in keys[:20]]
    return [line for line in pages if line != "ok"] + broken


def revision(session: Session) -> str | None:
    """The schema's revision; None in a database without tables."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def dump(session: Session) -> Dump:
    """All rows, table by table, so that what is named comes before what names it."""
    for table in Base.metadata.sorted_tables:
        rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
        for part in rows.partitions(_CHUNK):
            yield table.name, [dict(row) for row in part]


def replace_all(session: Session, rows: Dump) -> None:
    """Delete everything and write these rows; samples get new ids, which never come back."""
    tables = {table.name: table for table in Base.metadata.sorted_tables}
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
    for name, part in rows:
        if name == Sample.__tablename__:
            part = [{key: row[key] for key in row if key != "id"} for row in part]
        session.connection().execute(insert(tables[name]), part)
