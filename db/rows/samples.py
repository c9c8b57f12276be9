"""Samples and their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import Face, Sample
from db.records import SampleRecord, Vectors
from db.rows.fields import columns, insert_all
from db.vectors import dequantised

_FETCH = 4096


class SampleRows:
    """The drawn lines of the catalogue's faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lines(self, *, after: int = 0) -> tuple[NDArray[np.int64], list[str], list[str]]:
        """Sample ids above `after`, int64 [N] ascending, and of each the face id and the text."""
        query = select(Sample.id, Sample.face_id, Sample.text).where(Sample.id > after)
        rows = self._session.execute(query.order_by(Sample.id)).all()
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        return ids, [row[1] for row in rows], [row[2] for row in rows]

    def ids(self) -> NDArray[np.int64]:
        """All sample ids, int64 [N] ascending."""
        return np.fromiter(self._session.scalars(select(Sample.id).order_by(Sample.id)), np.int64)

    def last_id(self) -> int:
        """The highest sample id; 0 when there is none."""
        return self._session.scalar(select(func.max(Sample.id))) or 0

    def vectors(self, dim: int, *, face_id: str | None = None, after: int = 0) -> Vectors:
        """Ids above `after` with their vectors, of one face or all, in the order of the ids.

        N = 0 gives `[0]` and `[0, dim]`. `ValueError` when a vector is not `dim` long.
        """
        query = select(Sample.id, Sample.vector).where(Sample.id > after).order_by(Sample.id)
        if face_id is not None:
            query = query.where(Sample.face_id == face_id)
        return _stack(self._session.execute(query).yield_per(_FETCH), dim)

    def of_family(self, family_id: str) -> list[SampleRecord]:
        """The samples of a family's faces, in the order of their ids."""
        query = select(*columns(Sample, SampleRecord)).join(Face)
        rows = query.where(Face.family_id == family_id).order_by(Sample.id)
        return [SampleRecord(*row) for row in self._session.execute(rows)]

    def ids_of_family(self, family_id: str) -> NDArray[np.int64]:
        """The ids of the samples of a family's faces, int64 [n]."""
        of_family = select(Face.id).where(Face.family_id == family_id)
        found = self._session.scalars(select(Sample.id).where(Sample.face_id.in_(of_family)))
        return np.fromiter(found, np.int64)

    def add(self, samples: Sequence[SampleRecord]) -> None:
        """Write samples under new ids."""
        insert_all(self._session, Sample, samples)

    def replace(self, face_id: str, samples: Sequence[SampleRecord]) -> None:
        """Put these in the place of a face's samples, under new ids; its checksum is not set."""
        self._session.execute(delete(Sample).where(Sample.face_id == face_id))
        self.add([replace(sample, face_id=face_id) for sample in samples])


def _stack(rows: Iterable[Sequence[Any]], dim: int) -> Vectors:
    ids: list[int] = []
    blobs: list[bytes] = []
    for sample_id, blob in rows:
        if len(blob) != dim:
            raise ValueError(f"sample {sample_id} holds {len(blob)} bytes, not {dim}")
        ids.append(sample_id)
        blobs.append(blob)
    return Vectors(np.array(ids, np.int64), dequantised(blobs, dim))
