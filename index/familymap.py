"""A map of all families in two dimensions: near means alike to the encoder.

The page is one file with everything in it, so it can be opened from a disk. t-SNE (van der
Maaten & Hinton 2008) keeps neighbours together; distances across the map mean little.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db.repository import Repository
from index.sources import regular_first
from index.view import View

_TEMPLATE = Path(__file__).with_name("familymap.html")
_PERPLEXITY = 15  # about how many neighbours a family keeps beside it
_SPECIMEN = (160, 26)  # pixels: what is readable at a glance, small in the file
_QUALITY = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A family on the map; `x` and `y` are in 0..1."""

    id: str
    name: str
    category: str
    url: str | None
    x: float
    y: float
    specimen: bytes | None


def places(view: View, rows: Repository) -> list[Place]:
    """Every family with a vector; two families or fewer are set side by side."""
    found = rows.vectors(view.state.dim)
    regular = {family.id: regular_first(rows.faces(family.id))[:1] for family in view.families}
    known = [family for family in view.families if regular[family.id]]
    means = [
        found.vectors[view.face_of_sample == view.face_at[regular[family.id][0].id]]
        .astype(np.float32)
        .mean(axis=0)
        for family in known
    ]
    if not means:
        return []
    points = flatten(np.stack(means))
    return [
        Place(
            family.id,
            family.name,
            family.category,
            family.url,
            float(x),
            float(y),
            _small(rows.specimen(family.id)),
        )
        for family, (x, y) in zip(known, points, strict=True)
    ]


def flatten(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, D] with N >= 1 -> [N, 2] in 0..1, the same every time."""
    if len(vectors) < 3:
        return np.stack([np.linspace(0.0, 1.0, len(vectors)), np.full(len(vectors), 0.5)], axis=1)
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=0).fit_transform(
        vectors
    )
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / np.maximum(high - low, 1e-9), np.float64)


def page(found: Sequence[Place]) -> str:
    """The HTML of the map."""
    data = [
        {
            "id": place.id,
            "name": place.name,
            "category": place.category,
            "url": place.url,
            "x": round(place.x, 4),
            "y": round(place.y, 4),
            "webp": base64.b64encode(place.specimen).decode() if place.specimen else None,
        }
        for place in found
    ]
    # "</" would end the script element that holds the data.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return _TEMPLATE.read_text().replace("[/* families */]", text)


def _small(specimen: bytes | None) -> bytes | None:
    if specimen is None:
        return None
    with Image.open(io.BytesIO(specimen)) as picture:
        small = picture.convert("L")
    small.thumbnail(_SPECIMEN, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue()
