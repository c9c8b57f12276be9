"""Pictures of what is in the catalogue: a face's preview, an answer's sheet."""

from __future__ import annotations

import numpy as np

from db.session import Database
from encoder.typeset import TypesetError
from index import previews
from index.answers import Match, Preview, SearchAnswer
from index.errors import UnknownFaceError
from index.fontfiles import FontFiles
from index.sheet import draw_sheet


class Shower:
    """Draws from the font files that are here, or shows the stored specimens."""

    def __init__(self, database: Database, files: FontFiles) -> None:
        self._database = database
        self._files = files

    def preview(self, face_id: str, text: str | None) -> Preview:
        """See `FontCatalog.preview`."""
        with self._database.begin() as rows:
            face = rows.face(face_id)
            if face is None:
                raise UnknownFaceError(face_id)
            family = rows.family(face.family_id)
            stored = rows.specimen(face.family_id)
        wanted = text if text and text.strip() else family.name if family else face_id
        drawn = self._drawn(face_id, wanted)
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

    def _drawn(self, face_id: str, text: str) -> bytes | None:
        face = self._files.find([face_id]).get(face_id)
        if face is None:
            return None
        try:
            return previews.preview(face.ref, text, face.coverage)
        except TypesetError:
            return None


def _label(match: Match) -> str:
    family = match.family
    twins = f"   = {', '.join(twin.name for twin in match.twins)}" if match.twins else ""
    style = f"{match.face.weight}{' italic' if match.face.italic else ''}"
    facts = f"{family.category}, {family.license}   {match.score:.3f}"
    return f"{family.name} {style}   {facts}{twins}"
