"""The lines of a picture against the columns of faces, as the database has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from db.session import Database
from index.columns import late_scores, rows_of, unpacked
from index.view import View


class Columns:
    """The faces' columns, read from the database for each search: all of them are 30 MB."""

    def __init__(self, database: Database, dim: int) -> None:
        """`dim` is the length of a column, the encoder's `column_dim`."""
        self._database = database
        self._dim = dim

    def of(self, face_ids: Sequence[str]) -> list[NDArray[np.uint8]]:
        """Packed rows of each face; none for a face that is not there any more."""
        with self._database.begin() as rows:
            found = rows.columns.of_faces(face_ids)
        return [rows_of(found.get(face_id, b""), self._dim) for face_id in face_ids]


class Columned(Protocol):
    """What looks for its like: unit rows `columns` float32 [m, d], and what each counts [m]."""

    @property
    def columns(self) -> NDArray[np.float32]: ...
    @property
    def shares(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class FaceColumns:
    """A face of the catalogue that asks as a line would; see `Columned`."""

    columns: NDArray[np.float32]
    shares: NDArray[np.float32]


def face_columns(rows: NDArray[np.uint8]) -> FaceColumns:
    """The columns of packed `rows`, which count alike."""
    return FaceColumns(unpacked(rows), np.full(len(rows), 1 / max(len(rows), 1), np.float32))


class LateInteraction:
    """Lines against faces of a view; a face is read once (see `index.refining`)."""

    def __init__(self, columns: Columns, view: View, lines: Sequence[Columned]) -> None:
        self._columns = columns
        self._view = view
        self._lines = lines
        self._read: dict[int, NDArray[np.uint8]] = {}

    def __call__(self, line: int, faces: Sequence[int]) -> NDArray[np.float64]:
        """How well each face (by position in the view) has the line's columns, float64 [faces]."""
        new = [face for face in faces if face not in self._read]
        ids = [self._view.faces[face].id for face in new]
        self._read.update(zip(new, self._columns.of(ids), strict=True))
        asked = self._lines[line]
        return late_scores(asked.columns, asked.shares, [self._read[face] for face in faces])
