"""Tokens, and families that are private to one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Families of an older catalogue stay what they were: for everybody."""
    op.create_table(
        "token",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created", sa.Date, nullable=False),
        sa.Column("expires", sa.Date),
        sa.Column("last_used", sa.Date),
        sa.Column("revoked", sa.Date),
    )
    op.create_index("ix_token_name", "token", ["name"])
    # Not in a batch: SQLite would copy the table, and dropping the old one deletes all faces.
    op.add_column("family", sa.Column("owner", sa.String))
    op.add_column(
        "family", sa.Column("public", sa.Boolean, nullable=False, server_default=sa.true())
    )
    op.create_index("ix_family_owner", "family", ["owner"])


def downgrade() -> None:
    """Forget the tokens; every family is for everybody again."""
    op.drop_index("ix_family_owner", "family")
    op.drop_column("family", "public")
    op.drop_column("family", "owner")
    op.drop_table("token")
