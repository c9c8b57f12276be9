"""Where a face's font file lies on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def find(self, face_ids: Sequence[str]) -> dict[str, OpenableFace]:
        """Face id -> face, of those whose file is here; unknown ids are left out."""
        with self._database.begin() as rows:
            known = rows.faces.with_files(face_ids)
        return {
            face.id: OpenableFace(
                FaceRef(self._data / path, face.file_index, face.variation),
                frozenset(face.coverage),
            )
            for face, path in known
            if (self._data / path).is_file()
        }
