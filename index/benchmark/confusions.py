"""The mistakes that cost most, drawn side by side in the right and in the wrong font."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from encoder.fontfile import FaceRef
from encoder.typeset import TypesetError, draw_line
from index.benchmark.faces import google_family
from index.benchmark.measure import Outcome

SHOWN = 14
_TEXT = "Hamburgefonstiv RKQ 369"
_SIZE, _ROW, _COLUMN = 34, 78, 470  # pixels

Confusion = tuple[str, str, int]
"""(right family, wrong family that came first, how many queries)"""


def costliest(outcomes: Iterable[Outcome], count: int = SHOWN) -> list[Confusion]:
    """The `count` pairs with the most queries whose first row was the wrong family."""
    pairs = Counter((o.query.family, o.first) for o in outcomes if o.twin != 1 and o.first)
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [(right, wrong, number) for (right, wrong), number in ranked[:count]]


def draw(pairs: Sequence[Confusion], fonts: Path) -> Image.Image:
    """A row a pair, right family left; mode "RGB". Families without a file are left blank."""
    sheet = Image.new("RGB", (2 * _COLUMN, _ROW * max(1, len(pairs))), "white")
    pen, small = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, (right, wrong, count) in enumerate(pairs):
        y = number * _ROW
        pen.line((0, y, sheet.width, y), fill="#dddddd")
        labels = (f"{right}, asked", f"{wrong}, answered {count} times")
        for x, family, label in zip((8, _COLUMN + 8), (right, wrong), labels, strict=True):
            pen.text((x, y + 4), label, fill="#666666", font=small)
            line = specimen(fonts, family, _TEXT, _SIZE)
            if line is not None:
                line.thumbnail((_COLUMN - 16, _ROW - 24))
                sheet.paste(line, (x, y + 22))
    return sheet


def specimen(
    fonts: Path, family_id: str, text: str, size: int, weight: int = 400
) -> Image.Image | None:
    """The text in the family's face nearest to `weight`, mode "L"; None where it cannot be drawn.

    Only its regular and bold faces are considered.
    """
    family = google_family(fonts, family_id)
    if family is None:
        return None
    face = min(family.faces, key=lambda each: (each.italic, abs(each.weight - weight)))
    try:
        return draw_line(FaceRef(face.path), text, size, margin=0)
    except TypesetError:
        return None
