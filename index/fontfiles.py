"""Where a face's font file lies on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from db.records import FaceRecord
from db.repository import Repository
from db.session import Database
from encoder.fontfile import FaceRef


@dataclass(frozen=True, slots=True)
class OpenableFace:
    """A face whose file is here, and the characters that it can draw."""

    ref: FaceRef
    coverage: frozenset[str]


class FontFiles:
    """Finds the files of faces below the data folder; the shipped catalogue brings none."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._data = data

    def find(self, face_ids: Iterable[str]) -> dict[str, OpenableFace]:
        """Face id -> face, of those whose file is here; unknown ids are left out."""
        with self._database.begin() as rows:
            faces = [face for face_id in face_ids if (face := rows.face(face_id)) is not None]
            return {face.id: found for face in faces if (found := self._found(rows, face))}

    def _found(self, rows: Repository, face: FaceRecord) -> OpenableFace | None:
        file = rows.file(face.file_sha256) if face.file_sha256 else None
        path = self._data / file.path if file is not None and file.path else None
        if path is None or not path.is_file():
            return None
        ref = FaceRef(path, face.file_index, face.variation)
        return OpenableFace(ref, frozenset(face.coverage))
