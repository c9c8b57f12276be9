"""Pictures of what is in the catalogue: a face's preview, an answer's sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from db.session import Database
from encoder.typeset import TypesetError
from index import previews, words
from index.answers import Match, Preview, SearchAnswer
from index.errors import UnknownFaceError
from index.fontfiles import FontFiles
from index.sheet import SheetRow, draw_sheet


def _nobody(family_ids: Iterable[str]) -> None:
    """Nobody fetches font files."""


class Shower:
    """Draws from the font files that are here, or shows the stored specimens.

    `want` is told which families' files were missed for a text, to be here the next time.
    """

    def __init__(
        self,
        database: Database,
        files: FontFiles,
        want: Callable[[Iterable[str]], None] = _nobody,
    ) -> None:
        self._database = database
        self._files = files
        self._want = want

    def drawable(self, face_ids: Sequence[str]) -> frozenset[str]:
        """See `FontCatalog.drawable`."""
        return frozenset(self._files.find(face_ids))

    def preview(self, face_id: str, text: str | None, size: int | None = None) -> Preview:
        """See `FontCatalog.preview`."""
        with self._database.begin() as rows:
            face = rows.faces.get(face_id)
            if face is None:
                raise UnknownFaceError(face_id)
            family = rows.families.get(face.family_id)
            stored = rows.families.specimen(face.family_id)
        wanted = text if text and text.strip() else family.name if family else face_id
        drawn = self._drawn(face_id, wanted, size)
        if drawn is not None:
            return Preview(drawn, "image/png")
        if text and not self.drawable([face_id]):
            self._want([face.family_id])
        if stored is not None:
            return Preview(stored, "image/webp")
        raise UnknownFaceError(face_id)

    def sheet(self, picture: np.ndarray, answer: SearchAnswer) -> bytes:
        """See `FontCatalog.sheet`."""
        said = _said(answer)
        rows = [
            SheetRow(
                f"{match.family.name} {words.face(match.face)}",
                _facts(match),
                match.score,
                words.score(match.score),
                self.preview(match.face.id, said).data,
            )
            for match in answer.matches
        ]
        boxes = [region.box for region in answer.regions]
        return draw_sheet(picture, boxes, words.headline(answer), rows)

    def _drawn(self, face_id: str, text: str, size: int | None) -> bytes | None:
        face = self._files.find([face_id]).get(face_id)
        if face is None:
            return None
        try:
            return previews.preview(face.ref, text, face.coverage, size)
        except TypesetError:
            return None


def _said(answer: SearchAnswer) -> str | None:
    """What the tallest line that is set in the best match says."""
    best = answer.matches[:1]
    lines = [r for r in answer.regions if r.text and r.matches[:1] == best]
    tallest = max(lines, key=lambda region: region.box.height, default=None)
    return tallest.text if tallest else None


def _facts(match: Match) -> str:
    twins = f"  =  {', '.join(twin.name for twin in match.twins)}" if match.twins else ""
    return f"{match.family.category}, {match.family.license}{twins}"
