"""The font files of one `add_fonts` call: read, sorted into families and drawn; not written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from db.records import FamilyBundle, FamilyRecord
from encoder.fontfile import FontFace, FontRefusedError
from index.builder import Embedder, PlacedFace, draw_family
from index.intake import Sent, Taken, receive, take
from index.jail import BreachError, Jail
from index.ownfiles import OWN_FOLDER
from index.reports import Duplicate, Refusal
from index.sources import OWN, own_family, slug
from index.view import View
from index.viewer import Viewer

OnProgress = Callable[[int, int], None]


class Batch:
    """Files taken one by one with `read`, then drawn together.

    `view` is what `viewer` sees, whose the new families are, `public` or not. `home_of` gives
    the family that they see with a file of this sha256, or None. `folder` is ours and the jail's;
    `banned` are files (by the sha256 of what was sent) that broke the jail's limits before.
    `paths` maps the sha256 of each accepted file to where it lies now.
    """

    def __init__(
        self,
        view: View,
        home_of: Callable[[str], str | None],
        jail: Jail,
        folder: Path,
        banned: dict[str, FontRefusedError],
        viewer: Viewer,
        public: bool,
    ) -> None:
        self._view = view
        self._viewer = viewer
        self._public = public
        self._home_of = home_of
        self._jail = jail
        self._folder = folder
        self._banned = banned
        self.originals: dict[Path, str] = {}
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
        """Draw face after face; families of which no face could be drawn are left out.

        Raises `BreachError` when a file breaks the jail's limits.
        """
        total = sum(len(faces) for _, faces in self._families.values())
        done = 0

        def on_face() -> None:
            nonlocal done
            done += 1
            on_progress(done, total)

        bundles = []
        for family, faces in self._families.values():
            taken = [face.id for face in self._view.faces_of_family(family.id)]
            drawn = draw_family(
                family, faces, embedder, None, self._jail, taken=taken, on_face=on_face
            )
            self.refused += drawn.refused
            if drawn.bundle.faces:
                bundles.append(drawn.bundle)
        return bundles

    def _read(self, path: Path, name: str) -> None:
        if not path.is_file():  # opening a pipe or a device would wait for ever
            self.refused.append(Refusal(name, "not-a-file", f"{name} is not a file"))
            return
        sent = receive(path, self._folder)
        home = self._home_of(sent.sha256) or self._home_here(sent.sha256)
        if home is not None:
            self.duplicates.append(Duplicate(name, home))
            return
        if sent.sha256 in self._banned:
            raise self._banned[sent.sha256]
        try:
            self._take(sent, name)
        except BreachError as error:
            self._banned[sent.sha256] = error
            raise

    def _take(self, sent: Sent, name: str) -> None:
        taken = take(sent, self._jail, _label(name))
        # Two containers of one font are one file once they are sanitised.
        home = self._home_of(taken.sha256) or self._home_here(taken.sha256)
        if home is not None:
            self.duplicates.append(Duplicate(name, home))
            return
        for face in taken.faces:
            self._place(face, taken)
        self.paths[taken.sha256] = taken.path
        self.originals[taken.path] = sent.sha256

    def _home_here(self, sha256: str) -> str | None:
        for family, faces in self._families.values():
            if any(sha256 in (placed.face.sha256, placed.original) for placed in faces):
                return family.id
        return None

    def _place(self, face: FontFace, taken: Taken) -> None:
        wanted = slug(face.family_name) or f"font-{face.sha256[:8]}"
        family_id = self._viewer.family_id(wanted)
        known = self._view.family_at.get(family_id)
        if known is not None and not self._viewer.owns(self._view.families[known]):
            family_id += f"-{OWN}"
        record = own_family(face, family_id, self._viewer.name, self._public)
        placed = PlacedFace(face, f"{OWN_FOLDER}/{taken.path.name}", taken.original)
        self._families.setdefault(family_id, (record, []))[1].append(placed)


def _label(name: str) -> str:
    """What a family without a name is called: "Mine" of "fonts.zip: Mine.ttf"."""
    return PurePosixPath(name.rsplit(": ", 1)[-1]).stem
