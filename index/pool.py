"""Draw families in several processes; a face that crashes one costs its family only."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing import util

from db.records import FamilyBundle
from encoder.browser import Chromium
from encoder.fontfile import FaceRef
from encoder.glyphs import Signature, signature
from index.builder import Browser, Drawn, Embedder
from index.owndrawing import draw_guarded
from index.reports import Refusal
from index.sources import FamilySource

log = logging.getLogger(__name__)


class _Worker:
    """What one process keeps from family to family."""

    embedder: Embedder
    use_browser: bool
    browser: Browser | None = None


def draw_all(
    sources: Sequence[FamilySource], embedder: Embedder, *, use_browser: bool, jobs: int
) -> Iterator[Drawn]:
    """Draw every family, in any order, in `jobs` processes (1: in this one).

    `use_browser` adds the lines of the second rasteriser. The embedder must be picklable
    for `jobs` > 1.
    """
    if jobs == 1:
        yield from _draw_here(sources, embedder, use_browser)
        return
    waiting = list(reversed(sources))
    while waiting:
        with _executor(jobs, embedder, use_browser) as pool:
            suspects: list[FamilySource] = []
            yield from _draw_until_broken(pool, waiting, 2 * jobs, suspects)
        for suspect in suspects:
            yield _draw_alone(suspect, embedder, use_browser)


def sign_all(
    faces: Mapping[str, tuple[FaceRef, frozenset[str]]], *, jobs: int
) -> Iterator[tuple[str, Signature | None]]:
    """The signature of every face (by family id, with its coverage), in `jobs` processes."""
    tasks = [(family, *face) for family, face in faces.items()]
    if jobs == 1:
        yield from map(_sign, tasks)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_sign, tasks, chunksize=8)


def _sign(task: tuple[str, FaceRef, frozenset[str]]) -> tuple[str, Signature | None]:
    family, ref, coverage = task
    return family, signature(ref, coverage)


def _draw_here(
    sources: Sequence[FamilySource], embedder: Embedder, use_browser: bool
) -> Iterator[Drawn]:
    if not use_browser:
        yield from (draw_guarded(source, embedder, None) for source in sources)
        return
    with Chromium() as browser:
        yield from (draw_guarded(source, embedder, browser) for source in sources)


def _draw_until_broken(
    pool: ProcessPoolExecutor,
    waiting: list[FamilySource],
    ahead: int,
    suspects: list[FamilySource],
) -> Iterator[Drawn]:
    """Empty `waiting` through the pool; when a process dies, what was under way is suspect."""
    running: dict[Future[Drawn], FamilySource] = {}
    while (waiting or running) and not suspects:
        while waiting and len(running) < ahead:
            source = waiting.pop()
            running[pool.submit(_draw, source)] = source
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            source = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(source)
    suspects += running.values()


def _draw_alone(source: FamilySource, embedder: Embedder, use_browser: bool) -> Drawn:
    with _executor(1, embedder, use_browser) as pool:
        try:
            return pool.submit(_draw, source).result()
        except BrokenProcessPool:
            log.warning("drawing %s killed its process", source.family.id)
            refusal = Refusal(source.family.id, "crashed", "drawing it killed the process")
            return Drawn(FamilyBundle(source.family, (), (), (), (), None), (refusal,))


def _executor(jobs: int, embedder: Embedder, use_browser: bool) -> ProcessPoolExecutor:
    # A fork would copy the inference session's and the browser's threads half alive.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, _start, (embedder, use_browser))


def _start(embedder: Embedder, use_browser: bool) -> None:
    _Worker.embedder, _Worker.use_browser = embedder, use_browser


def _draw(source: FamilySource) -> Drawn:
    if _Worker.use_browser and _Worker.browser is None:
        browser: AbstractContextManager[Browser] = Chromium()
        _Worker.browser = browser.__enter__()
        util.Finalize(None, browser.__exit__, args=(None, None, None), exitpriority=10)
    return draw_guarded(source, _Worker.embedder, _Worker.browser)
