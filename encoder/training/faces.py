"""Which faces a run draws from, and which families count as the same drawing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from encoder.fontfile import FaceRef, FontRefusedError, read_faces
from encoder.glyphs import NOISE, distances, letter_shapes
from encoder.heldout import is_heldout
from encoder.typeset import TypesetError

_CACHE = "faces.json"


@dataclass(frozen=True, slots=True)
class TrainingFace:
    """One face that can be drawn; `group` is the same for twins and counts from 0."""

    family: str
    ref: FaceRef
    coverage: frozenset[str]
    group: int


def load_faces(
    fonts: Path, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> list[TrainingFace]:
    """Every readable face below `fonts` (one folder a family), twins grouped.

    Reading 7,000 files takes minutes, so the result is kept in `faces.json` beside them until
    the list of files changes. `on_progress` gets (done, total) families.
    """
    cache = fonts / _CACHE
    files = sorted(str(p.relative_to(fonts)) for p in fonts.glob("*/*.woff2"))
    stored = json.loads(cache.read_text()) if cache.exists() else {}
    if stored.get("files") != files:
        stored = {"files": files, "families": _read_all(fonts, on_progress)}
        cache.write_text(json.dumps(stored))
    return [
        TrainingFace(
            family["id"],
            FaceRef(fonts / face["file"]),
            frozenset(face["coverage"]),
            family["group"],
        )
        for family in stored["families"]
        for face in family["faces"]
    ]


def training_split(faces: Sequence[TrainingFace]) -> tuple[list[TrainingFace], list[TrainingFace]]:
    """(seen, held out). A twin of a held-out family is in neither: it would give it away."""
    held_groups = {f.group for f in faces if is_heldout(f.family)}
    seen = [f for f in faces if f.group not in held_groups]
    return seen, [f for f in faces if is_heldout(f.family)]


def _read_all(fonts: Path, on_progress: Callable[[int, int], None]) -> list[dict]:
    folders = sorted(p for p in fonts.iterdir() if p.is_dir() and not p.name.startswith("."))
    families, shapes = [], []
    with Pool() as pool:
        for done, (family, shape) in enumerate(pool.imap(_read_family, folders, chunksize=4), 1):
            on_progress(done, len(folders))
            if shape is not None:
                families.append(family)
                shapes.append(shape)
    if families:
        for family, group in zip(families, twin_groups(np.stack(shapes)), strict=True):
            family["group"] = int(group)
    return families


def _read_family(folder: Path) -> tuple[dict, np.ndarray | None]:
    faces = []
    for path in sorted(folder.glob("*.woff2")):
        try:
            coverage = read_faces(path)[0].coverage
        except FontRefusedError:
            continue
        name = f"{folder.name}/{path.name}"
        faces.append({"file": name, "coverage": "".join(sorted(coverage))})
    if not faces:
        return {"id": folder.name}, None
    files = [str(f["file"]) for f in faces]
    plainest = next((f for f in files if f.endswith("-400-normal.woff2")), files[0])
    try:
        shape = letter_shapes(FaceRef(folder.parent / plainest))
    except TypesetError:
        return {"id": folder.name}, None
    return {"id": folder.name, "faces": faces}, shape


def twin_groups(shapes: np.ndarray) -> np.ndarray:
    """Group numbers [N] for letter shapes [N, 62, S, S]: nearer than redrawing noise is one."""
    near = distances(shapes) < NOISE
    group = np.arange(len(shapes))
    for i, row in enumerate(near):
        group[group == group[i]] = group[np.flatnonzero(row)[0]]
    return np.unique(group, return_inverse=True)[1]
