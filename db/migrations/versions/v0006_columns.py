"""The columns of each face's reference lines, for late interaction."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Faces of an older catalogue have none, until it is made anew."""
    op.create_table(
        "face_columns",
        sa.Column(
            "face_id", sa.String, sa.ForeignKey("face.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("columns", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("face_columns")
