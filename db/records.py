"""Plain values that go into the database and come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Variation = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class StateRecord:
    """What the vectors are: the encoder that made them, their dimension, the generation."""

    generation: int
    encoder_sha256: str
    prepare_version: int
    dim: int


@dataclass(frozen=True, slots=True)
class FamilyRecord:
    """A family; `source` is "google" or "own", `scripts` are sorted names.

    One that is not `public` is for the tokens named `owner`; None: for whoever runs the server.
    """

    id: str
    name: str
    category: str
    license: str
    license_url: str | None
    source: str
    url: str | None
    designer: str | None
    scripts: tuple[str, ...] = ()
    owner: str | None = None
    public: bool = True


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A font file; `path` is relative to the data folder (None: never kept).

    `original_sha256` is that of the file that was sent, where a sanitised one is kept instead.
    """

    sha256: str
    name: str
    size: int
    path: str | None
    original_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face and how to open it again; `coverage` holds its drawable characters, sorted."""

    id: str
    family_id: str
    weight: int
    italic: bool
    width: int
    style_name: str
    file_sha256: str | None
    file_index: int
    variation: Variation
    coverage: str


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """A drawn line; `vector` is quantised (`db.vectors`), a byte a number."""

    face_id: str
    kind: str
    text: str
    raster: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class ColumnsRecord:
    """The columns of a face's reference lines, packed (`index.columns`)."""

    face_id: str
    columns: bytes


@dataclass(frozen=True, slots=True)
class FamilyBundle:
    """A family with all that hangs on it, as it is written."""

    family: FamilyRecord
    files: tuple[FileRecord, ...]
    faces: tuple[FaceRecord, ...]
    samples: tuple[SampleRecord, ...]
    columns: tuple[ColumnsRecord, ...]
    specimen: bytes | None


@dataclass(frozen=True, slots=True)
class TwinRecord:
    """`twin_id`'s letters are `family_id`'s, at `distance` (0 = pixel for pixel)."""

    family_id: str
    twin_id: str
    distance: float


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token; `digest` is the SHA-256 of its secret in hex, days are UTC."""

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    created: date
    expires: date | None
    last_used: date | None = None
    revoked: date | None = None


@dataclass(frozen=True, slots=True)
class Vectors:
    """Samples in the order of their ids: `ids` int64 [N], `vectors` float16 [N, D], unit."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
