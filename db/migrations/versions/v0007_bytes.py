"""A sample's vector in one byte a number, in the place of float16."""

import hashlib
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_FACES = 256  # at once
_SAMPLES = sa.text(
    "SELECT face_id, id, kind, text, raster, vector FROM sample WHERE face_id IN :faces "
    "ORDER BY face_id, id"
).bindparams(sa.bindparam("faces", expanding=True))
_COLUMNS = sa.text("SELECT face_id, columns FROM face_columns WHERE face_id IN :faces").bindparams(
    sa.bindparam("faces", expanding=True)
)


def upgrade() -> None:
    """Nothing is drawn anew; a face that was damaged keeps its old checksum, and so stays so."""
    _recode(2, _quantised)


def downgrade() -> None:
    """As near to what was there as a byte is."""
    _recode(1, _dequantised)


def _recode(size: int, recoded: Callable[[bytes], bytes]) -> None:
    """Recode the vectors whose numbers have `size` bytes; one of another length is damaged."""
    connection = op.get_bind()
    length = size * (connection.scalar(sa.text("SELECT dim FROM state")) or 0)
    faces = connection.execute(sa.text("SELECT id, samples_sha256 FROM face ORDER BY id")).all()
    for at in range(0, len(faces), _FACES):
        sums = {face_id: found for face_id, found in faces[at : at + _FACES]}
        names = {"faces": list(sums)}
        columns = {face_id: bytes(b) for face_id, b in connection.execute(_COLUMNS, names)}
        rows = connection.execute(_SAMPLES, names).all()
        vectors, checksums = [], []
        for face_id, group in groupby(rows, key=itemgetter(0)):
            old = [(*row[1:5], bytes(row[5])) for row in group]
            new = [(*r[:4], recoded(r[4]) if len(r[4]) == length else r[4]) for r in old]
            vectors += [{"sample": row[0], "vector": row[4]} for row in new]
            if _sha256(old, columns.get(face_id, b"")) == sums[face_id]:
                found = _sha256(new, columns.get(face_id, b""))
                checksums.append({"face": face_id, "sum": found})
        _update(connection, "UPDATE sample SET vector = :vector WHERE id = :sample", vectors)
        _update(connection, "UPDATE face SET samples_sha256 = :sum WHERE id = :face", checksums)


def _update(connection: Any, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.text(statement), rows)


def _quantised(old: bytes) -> bytes:
    with np.errstate(invalid="ignore"):
        values = np.nan_to_num(np.frombuffer(old, "<f2").astype(np.float64))
    sizes = np.abs(values)
    largest = sizes.max() or 1.0
    codes = np.sign(values) * np.rint(127 * np.sqrt(sizes / largest))
    return codes.astype(np.int8).tobytes()


def _dequantised(new: bytes) -> bytes:
    values = np.frombuffer(new, np.int8).astype(np.float64)
    values *= np.abs(values)
    return (values / max(float(np.linalg.norm(values)), 1.0)).astype("<f2").tobytes()


def _sha256(samples: list[tuple[Any, ...]], columns: bytes) -> str:
    digest = hashlib.sha256()
    for _, *words, vector in samples:
        digest.update("\0".join(words).encode() + b"\0" + vector)
    digest.update(columns)
    return digest.hexdigest()
