"""Which faces a run draws from, and which families count as the same drawing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from encoder.fontfile import FaceRef, FontRefusedError, read_faces
from encoder.glyphs import Signature, same_drawings, signature
from encoder.heldout import is_heldout

_CACHE = "faces.json"
_VERSION = 1  # of what is kept in it


@dataclass(frozen=True, slots=True)
class TrainingFace:
    """One face that can be drawn; `group` is the same for twins and counts from 0.

    `variant` is its number among `encoder.training.variants.VARIANTS`.
    """

    family: str
    ref: FaceRef
    coverage: frozenset[str]
    group: int
    variant: int = 0


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
    if (stored.get("version"), stored.get("files")) != (_VERSION, files):
        families = _read_all(fonts, on_progress)
        stored = {"version": _VERSION, "files": files, "families": families}
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
    families, signatures = [], []
    with Pool() as pool:
        for done, (family, found) in enumerate(pool.imap(_read_family, folders, chunksize=4), 1):
            on_progress(done, len(folders))
            if found is not None:
                families.append(family)
                signatures.append(found)
    for family, group in zip(families, twin_groups(signatures), strict=True):
        family["group"] = group
    return families


def _read_family(folder: Path) -> tuple[dict, Signature | None]:
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
    plainest = next((f for f in faces if f["file"].endswith("-400-normal.woff2")), faces[0])
    ref = FaceRef(folder.parent / plainest["file"])
    return {"id": folder.name, "faces": faces}, signature(ref, frozenset(plainest["coverage"]))


def twin_groups(signatures: Sequence[Signature]) -> list[int]:
    """A group number for each, from 0 without gaps: the same for drawings that are the same.

    Chained, unlike twins in an answer: a loss needs classes, not pairs.
    """
    group = list(range(len(signatures)))
    for i, j, _ in same_drawings(signatures):
        old, new = group[j], group[i]
        group = [new if g == old else g for g in group]
    number = {g: n for n, g in enumerate(dict.fromkeys(group))}
    return [number[g] for g in group]
