"""Pictures with several fonts in them: a web page, a poster, a tilted sign.

As with the single lines, every scene depends only on (seed, level, number), and is drawn once
by Chromium into a folder. The truth is where each block of text stands and in which family.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from encoder.browser import Chromium, FontRejectedError
from index.benchmark import effects, layouts, text
from index.benchmark.faces import AskedFace, AskedFamily, choose_face, coverage
from index.benchmark.queries import numpy_rng

VERSION = 1  # of the recipe: scenes of another version are drawn anew
SCENES = ("page", "poster", "tilted")
_TRIES = 5  # families that the browser refuses make way for the next


@dataclass(frozen=True, slots=True)
class Spot:
    """A block of text in one font: its box [x0, y0, x1, y1] in pixels, what it says, the font."""

    box: tuple[float, float, float, float]
    text: str
    family: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture and the truth about it; all its families are seen, or all are unseen."""

    file: Path
    level: str
    seen: bool
    spots: tuple[Spot, ...]


def draw_scenes(
    families: Sequence[AskedFamily],
    folder: Path,
    *,
    seed: int,
    count: int,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[Scene]:
    """`count` scenes a level, every second one of unseen families, drawn where `folder` lacks them.

    `on_progress` hears the number of scenes done. Fewer come back where the families do not
    suffice. Raises `BrowserMissingError` when something must be drawn and there is no browser.
    """
    sides = [[f for f in families if f.seen == side] for side in (False, True)]
    scenes: list[Scene] = []
    with _Painter() as painter:
        for done, (level, number) in enumerate(
            ((level, number) for level in SCENES for number in range(count)), 1
        ):
            stem = folder / level / f"{number:03d}"
            scene = _read(stem) or painter.draw(level, sides[number % 2], stem, f"{seed}:{number}")
            scenes += [scene] if scene else []
            on_progress(done)
    return scenes


class _Painter:
    """A browser that starts when a scene must be drawn."""

    def __init__(self) -> None:
        self._browser: Chromium | None = None

    def __enter__(self) -> _Painter:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._browser is not None:
            self._browser.__exit__(*exc)

    def draw(
        self, level: str, families: Sequence[AskedFamily], stem: Path, name: str
    ) -> Scene | None:
        """The scene, kept in `stem`.png or .jpg and `stem`.json; None when no families would do."""
        if self._browser is None:
            self._browser = Chromium().__enter__()
        rng = Random(f"{name}:{level}")
        count = layouts.FONTS[level]
        for _ in range(_TRIES if len(families) >= count else 0):
            chosen = rng.sample(list(families), count)
            faces = [choose_face(family, rng) for family in chosen]
            try:
                scene = self._compose(level, chosen, faces, rng, stem, name)
            except (text.CoverageError, FontRejectedError):
                continue
            _write(stem, scene)
            return scene
        return None

    def _compose(
        self,
        level: str,
        families: Sequence[AskedFamily],
        faces: Sequence[AskedFace],
        rng: Random,
        stem: Path,
        name: str,
    ) -> Scene:
        assert self._browser is not None
        noise = numpy_rng(f"{name}:{level}")
        letters = [coverage(face) for face in faces]
        page = layouts.compose(level, faces, letters, rng, noise)
        picture, found = self._browser.draw_page(page.html, *page.size, layouts.SELECTOR)
        boxes = np.array(found, float)
        if level == "tilted":
            picture, boxes = effects.tilt(picture, boxes, noise)
        stem.parent.mkdir(parents=True, exist_ok=True)
        file = stem.with_suffix(".png" if level == "page" else ".jpg")
        file.write_bytes(effects.png(picture) if level == "page" else effects.jpeg(picture, 85))
        spots = tuple(
            Spot(tuple(box), said, families[font].id)
            for box, (said, font) in zip(boxes.round(1).tolist(), page.blocks, strict=True)
        )
        return Scene(file, level, families[0].seen, spots)


def _read(stem: Path) -> Scene | None:
    path = stem.with_suffix(".json")
    stored: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if stored.get("version") != VERSION:
        return None
    spots = tuple(Spot(**{**spot, "box": tuple(spot["box"])}) for spot in stored["spots"])
    return Scene(stem.parent / stored["file"], stored["level"], stored["seen"], spots)


def _write(stem: Path, scene: Scene) -> None:
    content = {**asdict(scene), "file": scene.file.name, "version": VERSION}
    part = stem.with_suffix(".tmp")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    os.replace(part, stem.with_suffix(".json"))
