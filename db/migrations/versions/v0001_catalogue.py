"""The catalogue's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    _create_state()
    _create_family()
    _create_face()
    _create_sample()
    _create_twin()
    _create_specimen()


def downgrade() -> None:
    """Drop all tables."""
    for table in ("specimen", "twin", "sample", "face", "font_file", "family", "state"):
        op.drop_table(table)


def _create_state() -> None:
    op.create_table(
        "state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("encoder_sha256", sa.String, nullable=False),
        sa.Column("prepare_version", sa.Integer, nullable=False),
        sa.Column("dim", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _create_family() -> None:
    op.create_table(
        "family",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("license", sa.String, nullable=False),
        sa.Column("license_url", sa.String),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("url", sa.String),
        sa.Column("designer", sa.String),
        sa.Column("created_generation", sa.Integer, nullable=False),
    )
    op.create_index("ix_family_name", "family", ["name"])


def _create_face() -> None:
    op.create_table(
        "font_file",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("path", sa.String),
    )
    op.create_table(
        "face",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("family_id", sa.String, _of("family.id"), nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("italic", sa.Boolean, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("style_name", sa.String, nullable=False),
        sa.Column("file_sha256", sa.String, sa.ForeignKey("font_file.sha256")),
        sa.Column("file_index", sa.Integer, nullable=False),
        sa.Column("variation", sa.JSON, nullable=False),
        sa.Column("coverage", sa.String, nullable=False),
    )
    op.create_index("ix_face_family_id", "face", ["family_id"])
    op.create_index("ix_face_file_sha256", "face", ["file_sha256"])


def _create_sample() -> None:
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("face_id", sa.String, _of("face.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("raster", sa.String, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sample_face_id", "sample", ["face_id"])


def _create_twin() -> None:
    op.create_table(
        "twin",
        sa.Column("family_id", sa.String, _of("family.id"), primary_key=True),
        sa.Column("twin_id", sa.String, _of("family.id"), primary_key=True),
        sa.Column("distance", sa.Double, nullable=False),
    )
    op.create_index("ix_twin_twin_id", "twin", ["twin_id"])


def _create_specimen() -> None:
    op.create_table(
        "specimen",
        sa.Column("family_id", sa.String, _of("family.id"), primary_key=True),
        sa.Column("image", sa.LargeBinary, nullable=False),
    )


def _of(column: str) -> sa.ForeignKey:
    return sa.ForeignKey(column, ondelete="CASCADE")
