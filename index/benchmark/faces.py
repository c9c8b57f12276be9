"""Which families the benchmark asks for, and which files draw them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from encoder.fontfile import FaceRef, FontFace, FontRefusedError, read_faces
from encoder.fontsource import pinned
from encoder.glyphs import Signature, signature
from encoder.heldout import is_heldout
from index.sources import UNKNOWN, slug

OWN = "own"  # stands in for the category of fonts that are in no public catalogue


@dataclass(frozen=True, slots=True)
class AskedFace:
    """One face as Chromium loads it: a file, and the axes of a variable font."""

    path: Path
    weight: int
    italic: bool
    variation: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AskedFamily:
    """A family with the faces that may be asked for: regular, bold, italic, bold italic."""

    id: str
    category: str
    faces: tuple[AskedFace, ...]

    @property
    def seen(self) -> bool:
        """Whether training may have seen the family; it never sees own fonts."""
        return self.category != OWN and not is_heldout(self.id)


def google_families(fonts: Path, count: int, seed: int) -> Iterator[AskedFamily]:
    """`count` families below `fonts`, every second one unseen, in an order that the seed fixes.

    A larger count continues the same list. Families without a usable face are passed over.
    """
    ids = [path.name for path in fonts.iterdir() if (path / "metadata.json").exists()]
    order = sorted(ids, key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).hexdigest())
    sides = [iter([i for i in order if is_heldout(i) == side]) for side in (True, False)]
    for number in range(count):
        for family_id in sides[number % 2]:
            if family := google_family(fonts, family_id):
                yield family
                break


def google_family(fonts: Path, family_id: str) -> AskedFamily | None:
    """The family in `fonts/<id>/`, regular face first; None without a usable file there."""
    metadata = fonts / family_id / "metadata.json"
    faces = _google_faces(fonts / family_id)
    if not faces or not metadata.exists():
        return None
    category = json.loads(metadata.read_text()).get("category", UNKNOWN)
    return AskedFamily(family_id, category, faces)


def own_families(folders: Iterable[Path]) -> tuple[AskedFamily, ...]:
    """The families of the TTF and OTF files below the folders, named as the files name them.

    Families that Google Fonts has by name are passed over, and so are files that are
    refused and later faces of a collection, which no browser can reach.
    """
    known, found = set(pinned()), dict[str, list[FontFace]]()
    for path in sorted(file for folder in folders for file in folder.rglob("*.[ot]tf")):
        for face in _usable(path):
            if slug(face.family_name) not in known:
                found.setdefault(face.family_name, []).append(face)
    return tuple(
        AskedFamily(name, OWN, tuple(_asked(face) for face in _basic(faces)))
        for name, faces in sorted(found.items())
    )


def choose_face(family: AskedFamily, rng: Random) -> AskedFace:
    """One of the family's faces, each equally likely."""
    return rng.choice(family.faces)


@lru_cache(maxsize=64)  # reading is slow, and `letters` asks again just after `google_family` did
def coverage(face: AskedFace) -> frozenset[str]:
    """The letters of the face; empty when its file is refused."""
    return next((found.coverage for found in _usable(face.path)), frozenset())


def letters(face: AskedFace) -> Signature | None:
    """How the face draws the 62 letters and digits; None when it cannot be drawn."""
    return signature(FaceRef(face.path), coverage(face))


def _google_faces(folder: Path) -> tuple[AskedFace, ...]:
    """Regular (the weight nearest 400), bold and their italics, from the files' names.

    A few families also ship files named otherwise ("variable-full-normal"): passed over.
    """
    named: dict[tuple[int, bool], Path] = {}
    for path in folder.glob(f"{folder.name}-latin-*.woff2"):
        name = path.stem.removeprefix(f"{folder.name}-latin-")
        if static := re.fullmatch(r"(\d+)-(normal|italic)", name):
            named[int(static[1]), static[2] == "italic"] = path
    asked = tuple(AskedFace(named[key], *key) for key in _basic_keys(list(named)))
    # Opening a font is slow, and one file speaks for its family.
    return asked if asked and coverage(asked[0]) else ()


def _basic(faces: Sequence[FontFace]) -> list[FontFace]:
    normal = {(f.weight, f.italic): f for f in reversed(faces) if f.width == 100} or {
        (f.weight, f.italic): f for f in reversed(faces)
    }
    return [normal[key] for key in _basic_keys(list(normal))]


def _basic_keys(keys: Sequence[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """Of (weight, italic) pairs those nearest to 400 and 700, upright and italic."""
    chosen = set()
    for italic in (False, True):
        weights = sorted(w for w, slope in keys if slope == italic)
        for wanted in (400, 700):
            near = [w for w in weights if abs(w - wanted) <= 100] or weights[: wanted == 400]
            if near:
                chosen.add((min(near, key=lambda w: abs(w - wanted)), italic))
    return sorted(chosen)


def _usable(path: Path) -> tuple[FontFace, ...]:
    try:
        return tuple(face for face in read_faces(path) if face.ref.index == 0)
    except FontRefusedError:
        return ()


def _asked(face: FontFace) -> AskedFace:
    return AskedFace(face.ref.path, face.weight, face.italic, face.ref.variation)
