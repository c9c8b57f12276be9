"""Are a family's kin the families that look like it? Judged by the letters' own geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from encoder.glyphs import Signature, distance
from index.answers import Match
from index.benchmark import faces
from index.benchmark.confusions import nearest_face, specimen
from index.catalog import FontCatalog

K = 10
EXAMPLES = (
    "inter",
    "playfair-display",
    "roboto-slab",
    "lobster",
    "abril-fatface",
    "courier-prime",
    "oswald",
    "dancing-script",
    "cormorant-garamond",
    "press-start-2p",
)
SHOWN = 5  # kin of each example
_RELEVANT = 50  # nearest families by geometry that count at all
_TEXT = "Hamburgefons 27"
_SIZE, _ROW, _COLUMN = 30, 62, 290  # pixels

Ranker = Callable[[str], Sequence[str]]
"""Family id -> ids of its kin, the closest first."""


def signatures(
    family_ids: Iterable[str], fonts: Path, *, on_progress: Callable[[int], None]
) -> dict[str, Signature]:
    """The letters of each family's regular face, of those that can be drawn."""
    found = {}
    for done, family_id in enumerate(family_ids, 1):
        family = faces.google_family(fonts, family_id)
        if family is not None:
            drawn = faces.letters(family.faces[0])
            if drawn is not None:
                found[family_id] = drawn
        on_progress(done)
    return found


def gains(own: str, letters: Mapping[str, Signature]) -> dict[str, float]:
    """How much each other family is worth as kin of `own`, 0..1.

    1 for the same letters, falling with the geometric distance to 0 for the 50th nearest.
    """
    apart = {
        other: distance(letters[own], drawn) for other, drawn in letters.items() if other != own
    }
    limit = sorted(apart.values())[: _RELEVANT + 1][-1] if apart else 1.0
    return {other: max(0.0, 1 - each / max(limit, 1e-9)) for other, each in apart.items()}


def ndcg(ranked: Sequence[str], worth: Mapping[str, float], k: int = K) -> float:
    """Normalised discounted cumulative gain at k (Jarvelin & Kekalainen 2002), 0..1.

    0 when nothing is worth anything.
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    got = _sum([worth.get(name, 0.0) for name in ranked[:k]], discount)
    best = _sum(sorted(worth.values(), reverse=True)[:k], discount)
    return got / best if best else 0.0


def compare(
    rankers: Mapping[str, Ranker],
    asked: Sequence[str],
    letters: Mapping[str, Signature],
    *,
    on_progress: Callable[[int], None],
) -> dict[str, float]:
    """The mean nDCG@10 of every ranker over the families of `asked` that have letters."""
    scores: dict[str, list[float]] = {name: [] for name in rankers}
    for done, family_id in enumerate(asked, 1):
        if family_id in letters:
            worth = gains(family_id, letters)
            for name, ranker in rankers.items():
                ranked = [other for other in ranker(family_id) if other in worth]
                scores[name].append(ndcg(ranked, worth))
        on_progress(done)
    return {name: round(float(np.mean(some)), 4) for name, some in scores.items() if some}


def of_catalog(catalog: FontCatalog) -> Ranker:
    """What `FontCatalog.similar` answers."""
    return lambda family_id: flat(catalog.similar(family_id, k=2 * K))


def flat(rows: Iterable[Match]) -> list[str]:
    """The families of rows, each followed by its twins."""
    return [name for row in rows for name in (row.family.id, *(twin.id for twin in row.twins))]


def examples(catalog: FontCatalog, known: Iterable[str]) -> list[list[tuple[str, int]]]:
    """Ten families of the catalogue with their five nearest each: (id, weight of the face)."""
    there = set(known)
    return [
        [(name, 400), *((r.family.id, r.face.weight) for r in catalog.similar(name, k=SHOWN))]
        for name in EXAMPLES
        if name in there
    ]


def draw(rows: Sequence[Sequence[tuple[str, int]]], fonts: Path) -> Image.Image:
    """A row a family: the same words in it, then in its kin; mode "RGB"."""
    size = (_COLUMN * (SHOWN + 1), _ROW * max(1, len(rows)))
    sheet = Image.new("RGB", size, "white")
    pen, small = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, names in enumerate(rows):
        y = number * _ROW
        pen.line((0, y, sheet.width, y), fill="#dddddd")
        for column, (name, weight) in enumerate(names):
            x = column * _COLUMN + 8
            pen.text((x, y + 3), name, fill="#666666" if column else "#b8361a", font=small)
            face = nearest_face(fonts, name, weight, italic=False)
            line = specimen(face, _TEXT, _SIZE) if face else None
            if line is not None:
                line.thumbnail((_COLUMN - 24, _ROW - 22))
                sheet.paste(line, (x, y + 20))
    return sheet


def _sum(values: Sequence[float], discount: NDArray[np.float64]) -> float:
    return float(np.dot(values, discount[: len(values)]))
