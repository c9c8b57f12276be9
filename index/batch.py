"""The font files of one `add_fonts` call: read, sorted into families and drawn; not written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from db.records import FamilyBundle, FamilyRecord
from encoder.fontfile import FontFace, FontRefusedError, read_faces
from index.answers import Duplicate, Refusal
from index.builder import Embedder, PlacedFace, draw_family
from index.ownfiles import OWN_FOLDER
from index.sources import OWN, own_family, slug
from index.view import View

OnProgress = Callable[[int, int], None]


class Batch:
    """Files taken one by one with `read`, then drawn together.

    `home_of` gives the family that holds a file of this sha256 already, or None.
    `paths` maps the sha256 of each accepted file to where it lies now.
    """

    def __init__(self, view: View, home_of: Callable[[str], str | None]) -> None:
        self._view = view
        self._home_of = home_of
        self.paths: dict[str, Path] = {}
        self.duplicates: list[Duplicate] = []
        self.refused: list[Refusal] = []
        self._families: dict[str, tuple[FamilyRecord, list[PlacedFace]]] = {}

    def read(self, path: Path, name: str) -> None:
        """Take one file in, or note why not; `name` is what reports call it."""
        try:
            self._read(path, name)
        except FontRefusedError as error:
            self.refused.append(Refusal(name, error.code, str(error)))
        except OSError as error:
            self.refused.append(Refusal(name, "unreadable", error.strerror or str(error)))

    def draw(self, embedder: Embedder, on_progress: OnProgress) -> list[FamilyBundle]:
        """Draw face after face; families of which no face could be drawn are left out."""
        total = sum(len(faces) for _, faces in self._families.values())
        done = 0

        def on_face() -> None:
            nonlocal done
            done += 1
            on_progress(done, total)

        bundles = []
        for family, faces in self._families.values():
            taken = self._view.face_ids(family.id)
            drawn = draw_family(family, faces, embedder, None, taken=taken, on_face=on_face)
            self.refused += drawn.refused
            if drawn.bundle.faces:
                bundles.append(drawn.bundle)
        return bundles

    def _read(self, path: Path, name: str) -> None:
        if not path.is_file():  # opening a pipe or a device would wait for ever
            self.refused.append(Refusal(name, "not-a-file", f"{name} is not a file"))
            return
        with path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        home = self._home_of(sha256) or self._home_here(sha256)
        if home is not None:
            self.duplicates.append(Duplicate(name, home))
            return
        for face in read_faces(path):
            self._place(face, f"{OWN_FOLDER}/{sha256}{path.suffix.lower()}")
        self.paths[sha256] = path

    def _home_here(self, sha256: str) -> str | None:
        for family, faces in self._families.values():
            if any(placed.face.sha256 == sha256 for placed in faces):
                return family.id
        return None

    def _place(self, face: FontFace, stored: str) -> None:
        family_id = slug(face.family_name) or f"font-{face.sha256[:8]}"
        known = self._view.family_at.get(family_id)
        if known is not None and self._view.families[known].source != OWN:
            family_id += "-own"
        record = own_family(face, family_id)
        self._families.setdefault(family_id, (record, []))[1].append(PlacedFace(face, stored))
