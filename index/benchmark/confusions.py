"""The mistakes that cost most: the letters in which the right and the wrong font differ most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from encoder.fontfile import FaceRef
from encoder.glyphs import LETTERS, em_for, letters_apart
from encoder.typeset import TypesetError, draw_line
from index.benchmark.faces import AskedFace, AskedFamily, google_family, letters
from index.benchmark.measure import Outcome

COUNT = 14
SHOWN = (
    "Unseen families, with the proof by drawing: the pairs with the most queries whose first row "
    "was the wrong family. Both are drawn in the face that was asked for most (or the nearest that "
    "there is), at one height of H, in the eight letters that differ most: where these look the "
    "same, the fonts do."
)
_LETTERS = 8
_H, _ROW, _COLUMN = 34, 88, 470  # pixels


@dataclass(frozen=True, slots=True)
class Confusion:
    """`wrong` came first for `count` queries of `right`, mostly of a face of this style."""

    right: str
    wrong: str
    count: int
    weight: int
    italic: bool


def costliest(outcomes: Iterable[Outcome], count: int = COUNT) -> list[Confusion]:
    """The `count` pairs with the most queries whose first row was the wrong family."""
    wrong = [o for o in outcomes if o.twin != 1 and o.first]
    pairs = Counter((o.query.family, o.first) for o in wrong)
    faces = Counter((o.query.family, o.first, o.query.weight, o.query.italic) for o in wrong)
    most: dict[tuple[str, str], tuple[int, bool]] = {}
    for (right, first, weight, italic), _ in faces.most_common():
        most.setdefault((right, first), (weight, italic))
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(*pair, number, *most[pair]) for pair, number in ranked[:count]]


def draw(pairs: Sequence[Confusion], fonts: Path) -> Image.Image:
    """A row a pair, right family left; mode "RGB". Families without a file are left blank."""
    sheet = Image.new("RGB", (2 * _COLUMN, _ROW * max(1, len(pairs))), "white")
    pen, small = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, pair in enumerate(pairs):
        y = number * _ROW
        pen.line((0, y, sheet.width, y), fill="#dddddd")
        names = (pair.right, pair.wrong)
        faces = [nearest_face(fonts, name, pair.weight, pair.italic) for name in names]
        times = "once" if pair.count == 1 else f"{pair.count} times"
        labels = ("asked", f"answered {times}")
        text = _telling(faces)
        for x, name, face, label in zip((8, _COLUMN + 8), names, faces, labels, strict=True):
            style = f" {face.weight}{' italic' if face.italic else ''}" if face else ""
            pen.text((x, y + 4), f"{name}{style}, {label}", fill="#666666", font=small)
            line = _drawn(face, text)
            if line is not None:
                line.thumbnail((_COLUMN - 16, _ROW - 26))
                sheet.paste(line, (x, y + 24))
    return sheet


def nearest_face(fonts: Path, family_id: str, weight: int, italic: bool) -> AskedFace | None:
    """Of the family's regular and bold faces and their italics the nearest; None without any."""
    family = google_family(fonts, family_id)
    return nearest(family, weight, italic) if family is not None else None


def nearest(family: AskedFamily, weight: int, italic: bool) -> AskedFace:
    """The family's face of this slope, if it has one, nearest to the weight."""
    return min(family.faces, key=lambda face: (face.italic != italic, abs(face.weight - weight)))


def specimen(face: AskedFace, text: str, size: float) -> Image.Image | None:
    """The text in the face, mode "L"; None where it cannot be drawn."""
    try:
        return draw_line(FaceRef(face.path), text, size, margin=0)
    except TypesetError:
        return None


def _telling(faces: Sequence[AskedFace | None]) -> str:
    """The letters that differ most, in the order of the alphabet; all of a few for one face."""
    drawn = [letters(face) for face in faces if face is not None]
    kept = [each for each in drawn if each is not None]
    if len(kept) < 2:
        return LETTERS[:_LETTERS]
    most = np.argsort(-letters_apart(*kept), kind="stable")[:_LETTERS]
    return " ".join(LETTERS[at] for at in sorted(most))


def _drawn(face: AskedFace | None, text: str) -> Image.Image | None:
    """The text, its H as high as everywhere, cut to its ink; None where it cannot be drawn."""
    if face is None:
        return None
    try:
        line = specimen(face, text, em_for(FaceRef(face.path), _H))
    except TypesetError:
        return None
    return line and line.crop(ImageOps.invert(line).getbbox())
