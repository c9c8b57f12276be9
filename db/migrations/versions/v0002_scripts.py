"""Which scripts a family has letters for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Families of an older catalogue know none until it is rebuilt."""
    with op.batch_alter_table("family") as family:
        family.add_column(sa.Column("scripts", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Forget the scripts."""
    with op.batch_alter_table("family") as family:
        family.drop_column("scripts")
