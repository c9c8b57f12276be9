"""The benchmark's pictures: drawn once by Chromium into a folder, then the same for all.

Every query depends only on (seed, family, level): a longer list of families or another
level adds pictures and changes none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from encoder.browser import Chromium, FontRejectedError
from index.benchmark import effects, styles, text
from index.benchmark.faces import AskedFace, AskedFamily, choose_face, coverage

VERSION = 1  # of the recipe: pictures of another version are drawn anew
LEVELS = ("strings", "clean", "word", "body", "styled", "degraded", "photo")
_MANIFEST = "manifest.json"


class UnknownLevelError(ValueError):
    """A level that is not in `LEVELS`."""


@dataclass(frozen=True, slots=True)
class Query:
    """One picture and the truth about it; `file` is relative to the folder of the set.

    `also_right` are further ids that count as right. `weight` is 0 where it is unknown.
    """

    file: str
    level: str
    family: str
    category: str
    seen: bool
    weight: int
    italic: bool
    text: str
    size: int
    also_right: tuple[str, ...] = ()

    @property
    def right(self) -> frozenset[str]:
        """The ids that are right."""
        return frozenset((self.family, *self.also_right))


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries in a folder, and what could not be drawn: (family, level, reason)."""

    folder: Path
    queries: tuple[Query, ...]
    skipped: tuple[tuple[str, str, str], ...]

    def read(self, query: Query) -> bytes:
        """The picture's bytes as a user would upload them."""
        return (self.folder / query.file).read_bytes()


def draw_queries(
    families: Iterable[AskedFamily],
    folder: Path,
    *,
    seed: int,
    levels: Sequence[str] = LEVELS,
    on_progress: Callable[[int], None] = lambda done: None,
) -> QuerySet:
    """One query for each family and level, drawn now where `folder` lacks it.

    `on_progress` hears the number of families done. Raises `UnknownLevelError`, and
    `BrowserMissingError` when something must be drawn and there is no browser.
    """
    if unknown := set(levels) - set(LEVELS):
        raise UnknownLevelError(f"no level {sorted(unknown)}: choose from {', '.join(LEVELS)}")
    cache = _Cache(folder, seed)
    try:
        for done, family in enumerate(families, 1):
            cache.ask(family, levels)
            on_progress(done)
    finally:
        cache.close()
    return QuerySet(folder, tuple(cache.queries), tuple(cache.skipped))


class _Cache:
    """The folder's manifest and, once something is missing, a browser to draw it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.queries: list[Query] = []
        self.skipped: list[tuple[str, str, str]] = []
        self._known = _read_manifest(folder, seed)
        self._browser: Chromium | None = None

    def ask(self, family: AskedFamily, levels: Sequence[str]) -> None:
        for level in levels:
            key = f"{level}/{family.id}"
            if key not in self._known:
                self._known[key] = self._draw(family, level)
            entry = self._known[key]
            if "reason" in entry:
                self.skipped.append((family.id, level, entry["reason"]))
            else:
                right = tuple(entry["also_right"])
                self.queries.append(Query(**{**entry, "also_right": right}))

    def close(self) -> None:
        if self._browser is not None:
            self._browser.__exit__(None, None, None)
            _write_manifest(self.folder, self.seed, self._known)

    def _draw(self, family: AskedFamily, level: str) -> dict[str, Any]:
        if self._browser is None:
            self._browser = Chromium().__enter__()
        name = f"{self.seed}:{family.id}:{level}"
        rng = Random(name)
        face = choose_face(family, rng)
        try:
            said = _text(level, rng, coverage(face))
            look = _look(level, rng)
            (picture,) = self._browser.draw_parts(styles.page(face, said, look), styles.SELECTOR)
        except (text.CoverageError, FontRejectedError) as error:
            return {"reason": str(error)}
        data, suffix = _finish(level, picture, numpy_rng(name))
        file = Path(level, f"{_safe(family.id)}{suffix}")
        (self.folder / level).mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_bytes(data)
        return asdict(_query(family, face, level, str(file), said, look.size))


def _query(
    family: AskedFamily, face: AskedFace, level: str, file: str, said: str, size: int
) -> Query:
    return Query(
        file=file,
        level=level,
        family=family.id,
        category=family.category,
        seen=family.seen,
        weight=face.weight,
        italic=face.italic,
        text=said,
        size=round(size * 0.75) if level == "degraded" else size,
    )


def _text(level: str, rng: Random, letters: frozenset[str]) -> str:
    if level == "body":
        return text.body(rng, letters)
    if level == "word":
        return text.word(rng, letters)
    if level == "strings":
        return text.letters(rng, letters)
    if level == "degraded":
        half = rng.random() < 0.5
        return text.letters(rng, letters) if half else text.word(rng, letters, shortest=5)
    count = {"clean": (2, 4), "styled": (1, 3), "photo": (1, 3)}[level]
    return text.headline(rng, letters, words=count)


def _look(level: str, rng: Random) -> styles.Look:
    if level == "body":
        return styles.body(rng)
    if level == "styled":
        return styles.styled(rng)
    if level == "photo":
        return styles.photo(rng)
    sizes = {"clean": (40, 72), "word": (24, 72), "strings": (14, 72), "degraded": (14, 72)}
    return styles.plain(rng, sizes[level])


def _finish(level: str, picture: np.ndarray, rng: np.random.Generator) -> tuple[bytes, str]:
    if level == "degraded":
        return effects.jpeg(effects.degrade(picture, rng), 70), ".jpg"
    if level == "photo":
        return effects.jpeg(effects.photograph(picture, rng), 85), ".jpg"
    return effects.png(picture), ".png"


def numpy_rng(name: str) -> np.random.Generator:
    """The same numbers for the same name."""
    return np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:16], 16))


def _safe(family_id: str) -> str:
    """A file name for any id: own families are named as their designers please."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in family_id).lower()


def _read_manifest(folder: Path, seed: int) -> dict[str, dict[str, Any]]:
    path = folder / _MANIFEST
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    same = (content["seed"], content["version"]) == (seed, VERSION)
    return dict(content["queries"]) if same else {}


def _write_manifest(folder: Path, seed: int, known: dict[str, dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"seed": seed, "version": VERSION, "queries": known}
    part = folder / f"{_MANIFEST}.tmp"
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    os.replace(part, folder / _MANIFEST)


def real_queries(folder: Path) -> QuerySet:
    """The pictures of `folder/manifest.json`, made by other people; level "real".

    `also_ok` ids count as right. A missing folder gives an empty set.
    """
    path = folder / _MANIFEST
    entries = json.loads(path.read_text()) if path.exists() else []
    return QuerySet(folder, tuple(_real(entry) for entry in entries), ())


def _real(entry: dict[str, Any]) -> Query:
    family = AskedFamily(entry["family"], entry["category"], ())
    return Query(
        file=entry["file"],
        level="real",
        family=family.id,
        category=family.category,
        seen=family.seen,
        weight=entry["weight"] or 0,
        italic=bool(entry["italic"]),
        text=entry["text"] or "",
        size=0,
        also_right=tuple(entry["also_ok"] or ()),
    )
