"""The tables of the catalogue. The database is the truth: FAISS is derived from `Sample`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The metadata that the migrations are compared with."""


class State(Base):
    """One row: what the vectors are, and how often the catalogue has changed."""

    __tablename__ = "state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int]
    encoder_sha256: Mapped[str]
    prepare_version: Mapped[int]
    dim: Mapped[int]


class Family(Base):
    """What a designer calls a font; `source` is "google" or "own".

    A family that is not `public` is for the tokens named `owner` alone; without an owner it is
    for whoever runs the server.
    """

    __tablename__ = "family"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    category: Mapped[str]
    license: Mapped[str]
    license_url: Mapped[str | None]
    source: Mapped[str]
    url: Mapped[str | None]
    designer: Mapped[str | None]
    scripts: Mapped[list[Any]] = mapped_column(JSON, server_default="[]")
    created_generation: Mapped[int]
    owner: Mapped[str | None] = mapped_column(index=True)
    public: Mapped[bool] = mapped_column(server_default=true())


class FontFile(Base):
    """A font file by content; `path` is relative to the data folder and may be absent there.

    `original_sha256` is that of the file that was sent, where a sanitised one is kept instead.
    """

    __tablename__ = "font_file"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int]
    path: Mapped[str | None]
    original_sha256: Mapped[str | None] = mapped_column(index=True)


class Face(Base):
    """One weight, slope and width of a family, and how to open it in its file again.

    `samples_sha256` is that of its samples and columns (`db.integrity`).
    """

    __tablename__ = "face"

    id: Mapped[str] = mapped_column(primary_key=True)
    family_id: Mapped[str] = mapped_column(ForeignKey("family.id", ondelete="CASCADE"), index=True)
    weight: Mapped[int]
    italic: Mapped[bool]
    width: Mapped[int]
    style_name: Mapped[str]
    file_sha256: Mapped[str | None] = mapped_column(ForeignKey("font_file.sha256"), index=True)
    file_index: Mapped[int]
    variation: Mapped[list[Any]] = mapped_column(JSON)
    coverage: Mapped[str]
    samples_sha256: Mapped[str] = mapped_column(server_default="")


class Sample(Base):
    """One drawn line of a face and its vector, quantised (`db.vectors`); the id is FAISS's too."""

    __tablename__ = "sample"
    # An id must never come back: FAISS files and answers of older generations name it.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    face_id: Mapped[str] = mapped_column(ForeignKey("face.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    raster: Mapped[str]
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class FaceColumns(Base):
    """The columns of a face's reference lines, packed (`index.columns`)."""

    __tablename__ = "face_columns"

    face_id: Mapped[str] = mapped_column(
        ForeignKey("face.id", ondelete="CASCADE"), primary_key=True
    )
    columns: Mapped[bytes] = mapped_column(LargeBinary)


class Twin(Base):
    """Two families whose Latin letters are the same drawing; stored in both directions."""

    __tablename__ = "twin"

    family_id: Mapped[str] = mapped_column(
        ForeignKey("family.id", ondelete="CASCADE"), primary_key=True
    )
    twin_id: Mapped[str] = mapped_column(
        ForeignKey("family.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    distance: Mapped[float]


class Specimen(Base):
    """A small WebP of the family's name in its own letters."""

    __tablename__ = "specimen"

    family_id: Mapped[str] = mapped_column(
        ForeignKey("family.id", ondelete="CASCADE"), primary_key=True
    )
    image: Mapped[bytes] = mapped_column(LargeBinary)


class Token(Base):
    """What opens the API; `digest` is the SHA-256 of the secret, which is nowhere kept."""

    __tablename__ = "token"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str]
    scopes: Mapped[list[Any]] = mapped_column(JSON)
    created: Mapped[date]
    expires: Mapped[date | None]
    last_used: Mapped[date | None]
    revoked: Mapped[date | None]
