"""What was sent, where another file is kept in its place: the sanitised one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Files of an older catalogue are kept as they were sent."""
    with op.batch_alter_table("font_file") as file:
        file.add_column(sa.Column("original_sha256", sa.String, nullable=True))
        file.create_index("ix_font_file_original_sha256", ["original_sha256"])


def downgrade() -> None:
    """Forget what was sent."""
    with op.batch_alter_table("font_file") as file:
        file.drop_index("ix_font_file_original_sha256")
        file.drop_column("original_sha256")
