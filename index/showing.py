"""Pictures of what is in the catalogue: a face's preview, an answer's sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from db.records import FaceRecord, FileRecord
from db.session import Database
from encoder.fontfile import FaceRef
from encoder.typeset import TypesetError
from index import previews
from index.answers import Match, Preview, SearchAnswer
from index.errors import UnknownFaceError
from index.sheet import draw_sheet


class Shower:
    """Draws from the font files below `data`, or shows the stored specimens."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._data = data

    def preview(self, face_id: str, text: str | None) -> Preview:
        """See `FontCatalog.preview`."""
        with self._database.begin() as rows:
            face = rows.face(face_id)
            if face is None:
                raise UnknownFaceError(face_id)
            file = rows.file(face.file_sha256) if face.file_sha256 else None
            family = rows.family(face.family_id)
            stored = rows.specimen(face.family_id)
        wanted = text if text and text.strip() else family.name if family else face_id
        drawn = self._drawn(face, file, wanted)
        if drawn is not None:
            return Preview(drawn, "image/png")
        if stored is not None:
            return Preview(stored, "image/webp")
        raise UnknownFaceError(face_id)

    def sheet(self, picture: np.ndarray, answer: SearchAnswer) -> bytes:
        """See `FontCatalog.sheet`."""
        rows = [
            (f"{rank}. {_label(match)}", self.preview(match.face.id, None).data)
            for rank, match in enumerate(answer.matches, 1)
        ]
        return draw_sheet(picture, rows)

    def _drawn(self, face: FaceRecord, file: FileRecord | None, text: str) -> bytes | None:
        path = self._data / file.path if file is not None and file.path else None
        if path is None or not path.is_file():
            return None
        ref = FaceRef(path, face.file_index, face.variation)
        try:
            return previews.preview(ref, text, frozenset(face.coverage))
        except TypesetError:
            return None


def _label(match: Match) -> str:
    family = match.family
    twins = f"   = {', '.join(twin.name for twin in match.twins)}" if match.twins else ""
    style = f"{match.face.weight}{' italic' if match.face.italic else ''}"
    facts = f"{family.category}, {family.license}   {match.score:.3f}"
    return f"{family.name} {style}   {facts}{twins}"
