"""A map of all families in two dimensions: near means alike to the encoder.

t-SNE (van der Maaten & Hinton 2008) keeps neighbours together; distances across the map mean
little. It needs scikit-learn, which serving has not: the shipped catalogue brings the places as
a small JSON file. A family that is not in it stands beside its nearest kin that is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import cos, sin, tau
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.repository import Repository
from db.session import Database
from index.answers import FamilyInfo
from index.files import write_whole
from index.live import LiveView
from index.view import View

MAP = "map.json"
SIDE = 10_000  # the map's side in whole units
_PERPLEXITY = 15  # about how many neighbours a family keeps beside it
_BESIDE = 55  # units between a family and the kin that it stands beside
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A family on the map: `x` and `y` are in 0..SIDE, `face_id` is its regular-most face."""

    family: FamilyInfo
    face_id: str
    x: int
    y: int


class FamilyMap:
    """The map of the live catalogue, made anew when that has changed."""

    def __init__(self, database: Database, live: LiveView, prebuilt: Path) -> None:
        self._database = database
        self._live = live
        self._prebuilt = prebuilt
        self._made: tuple[int, tuple[Place, ...]] = (-1, ())

    def places(self, seen: View) -> tuple[Place, ...]:
        """Those of the families that are in `seen`, a part of the live view."""
        view = self._live.current()
        generation, found = self._made
        if generation != view.state.generation:
            with self._database.begin() as rows:
                found = tuple(places(view, rows, read(self._prebuilt)))
            self._made = view.state.generation, found
        return tuple(
            replace(place, family=seen.families[at])
            for place in found
            if (at := seen.family_at.get(place.family.id)) is not None
        )

    def write(self, path: Path) -> int:
        """See `FontCatalog.write_map`."""
        view = self._live.current()
        with self._database.begin() as rows:
            return write(path, view, rows)


def read(folder: Path) -> dict[str, Point]:
    """The shipped places by family id; none when there is no such file."""
    path = folder / MAP
    return (
        {i: (x, y) for i, (x, y) in json.loads(path.read_text()).items()} if path.is_file() else {}
    )


def write(path: Path, view: View, rows: Repository) -> int:
    """Draw the map anew and write it to `path`; how many families it has."""
    known, vectors = means(view, rows)
    spread = flatten(vectors) if known else np.empty((0, 2))
    points = np.rint(spread * SIDE).astype(int)
    lines = [
        f"{json.dumps(view.families[at].id)}:[{x},{y}]"
        for at, (x, y) in zip(known, points, strict=True)
    ]
    write_whole(path, ("{" + ",\n".join(lines) + "}\n").encode())
    return len(known)


def places(view: View, rows: Repository, shipped: Mapping[str, Point]) -> list[Place]:
    """Every family that has a face. Without any shipped place two principal axes are the map.

    Where a family lies says nothing of those that are private.
    """
    known = [at for at in range(len(view.families)) if view.regular_face[at] >= 0]
    found = {at: shipped[i] for at in known if (i := view.families[at].id) in shipped}
    found = found or _axes(view, rows)
    if missing := [at for at in known if at not in found]:
        found |= _beside(view, rows, found, missing)
    return [
        Place(view.families[at], view.faces[view.regular_face[at]].id, *found[at])
        for at in known
        if at in found
    ]


def means(view: View, rows: Repository) -> tuple[list[int], NDArray[np.float32]]:
    """Positions of the families with a vector, and the mean line of each one's regular face.

    float32 [F, D]; none gives [0, D].
    """
    found = rows.samples.vectors(view.state.dim)
    known = [at for at in range(len(view.families)) if view.regular_face[at] >= 0]
    lines = [
        found.vectors[view.face_of_sample == view.regular_face[at]].astype(np.float32).mean(axis=0)
        for at in known
    ]
    return known, np.stack(lines) if lines else np.empty((0, view.state.dim), np.float32)


def flatten(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, D] with N >= 1 -> [N, 2] in 0..1, the same every time."""
    if len(vectors) < 3:
        return np.stack([np.linspace(0.0, 1.0, len(vectors)), np.full(len(vectors), 0.5)], axis=1)
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=0).fit_transform(
        vectors
    )
    return _within(points)


def _within(points: NDArray[np.floating]) -> NDArray[np.float64]:
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / np.maximum(high - low, 1e-9), np.float64)


def _beside(
    view: View, rows: Repository, placed: Mapping[int, Point], missing: list[int]
) -> dict[int, Point]:
    """The places of `missing`: each a little way off its nearest kin, in a direction of its own."""
    known, vectors = means(view, rows)
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    row = {at: i for i, at in enumerate(known)}
    others = list(placed)
    alike = units[[row[at] for at in missing]] @ units[[row[at] for at in others]].T
    beside = {}
    for at, nearest in zip(missing, alike.argmax(axis=1), strict=True):
        x, y = placed[others[nearest]]
        digest = hashlib.sha1(view.families[at].id.encode()).digest()
        turn = tau * digest[0] / 256
        beside[at] = (_inside(x + _BESIDE * cos(turn)), _inside(y + _BESIDE * sin(turn)))
    return beside


def _inside(value: float) -> int:
    return round(min(max(value, 0), SIDE))


def _axes(view: View, rows: Repository) -> dict[int, Point]:
    """The families that everybody sees, or all if there is none, by their two principal axes."""
    known, vectors = means(view, rows)
    if not known:
        return {}
    public = np.array([view.families[at].public for at in known], bool)
    if public.any():
        known, vectors = [at for at in known if view.families[at].public], vectors[public]
    if len(known) < 3:
        points = flatten(vectors)
    else:
        centred = vectors - vectors.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        points = _within(centred @ axes[:2].T)
    return {
        at: (_inside(SIDE * x), _inside(SIDE * y)) for at, (x, y) in zip(known, points, strict=True)
    }
