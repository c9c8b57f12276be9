"""A checksum of each face's samples, so that a flipped bit in a vector is noticed."""

import hashlib
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The samples of an older catalogue are taken as they are."""
    # Not in a batch: SQLite would copy the table.
    op.add_column("face", sa.Column("samples_sha256", sa.String, nullable=False, server_default=""))
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT face_id, kind, text, raster, vector FROM sample ORDER BY face_id, id")
    )
    sums = [
        {"face": face_id, "sum": _sha256(samples)}
        for face_id, samples in groupby(rows, key=itemgetter(0))
    ]
    if sums:
        change = sa.text("UPDATE face SET samples_sha256 = :sum WHERE id = :face")
        connection.execute(change, sums)
    without = sa.text("UPDATE face SET samples_sha256 = :sum WHERE samples_sha256 = ''")
    connection.execute(without, {"sum": _sha256([])})


def downgrade() -> None:
    """Forget the checksums."""
    op.drop_column("face", "samples_sha256")


def _sha256(samples) -> str:  # type: ignore[no-untyped-def]
    digest = hashlib.sha256()
    for _, *words, vector in samples:
        digest.update("\0".join(words).encode() + b"\0" + bytes(vector))
    return digest.hexdigest()
