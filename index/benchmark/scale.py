"""Speed, recall, memory and build time of vector indexes at size, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median_high
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.session import open_database
from encoder import machine
from index.benchmark import process
from index.benchmark.scaledata import exact, mapped, mixed, write_vectors
from index.benchmark.scaleengines import ENGINES, Ask
from index.errors import MismatchError, QueryError
from index.settings import Settings

Json = dict[str, Any]
K = 5
_TIE = 1e-5  # of a score: rounding
_TURNS = 3  # times that every engine is asked, by turns: a machine is not always equally fast
LITE_MOST = 100_000  # vectors: Milvus Lite is not made for more


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """How many vectors, how many queries, which engines and how long each may take.

    `minutes` to build, and as many for each time that it is asked.
    """

    sizes: Sequence[int]
    queries: int = 300
    engines: Sequence[str] = tuple(ENGINES)
    minutes: float = 30.0


def run_scale(
    settings: Settings, plan: ScalePlan, on_progress: Callable[[str, int, int], None]
) -> Json:
    """The record: machine, commit, and for each size and engine its points.

    Raises `QueryError` for an engine that is not in `ENGINES`.
    """
    if unknown := sorted(set(plan.engines) - set(ENGINES)):
        raise QueryError(f"no engine {unknown[0]!r}; there are {', '.join(ENGINES)}")
    real = _real(settings)
    record: Json = {"machine": machine.describe(), "commit": process.commit(), "sizes": {}}
    record["queries"] = plan.queries
    for size in plan.sizes:
        with tempfile.TemporaryDirectory(prefix="fontkin-scale-") as folder:
            record["sizes"][str(size)] = _size(Path(folder), real, size, plan, on_progress)
    return record


def _size(
    folder: Path,
    real: NDArray[np.float16],
    size: int,
    plan: ScalePlan,
    on_progress: Callable[[str, int, int], None],
) -> Json:
    path, dim = folder / "vectors", real.shape[1]
    write_vectors(real, size, seed=1, path=path)
    queries = mixed(real, plan.queries, np.random.default_rng(2)).astype(np.float32)
    scores = exact(mapped(path, dim), queries, 100)
    results: Json = {"similarity": {str(k): _median(scores[:, k - 1]) for k in (1, 5, 100)}}
    steps = count()

    def step() -> None:
        on_progress(f"{size:,} vectors", next(steps), (1 + _TURNS) * len(plan.engines))

    step()
    for name in plan.engines:
        (folder / name).mkdir()
        if name == "Milvus Lite" and size > LITE_MOST:
            results[name] = {"note": f"not run above {LITE_MOST:,}"}
        else:
            results[name] = _apart(_build, (name, path, dim, folder / name), plan.minutes)
        step()
    turns: dict[str, list[Json]] = {name: [] for name in plan.engines}
    for _ in range(_TURNS):
        for name, asked in turns.items():
            if "note" not in results[name]:
                work = (name, folder / name, path, queries, scores[:, K - 1])
                asked.append(_apart(_ask, work, plan.minutes))
            step()
    return results | {name: results[name] | middle(asked) for name, asked in turns.items()}


def middle(turns: Sequence[Json]) -> Json:
    """Of several times that an engine was asked the median of each number; a note of any counts."""
    noted = [turn for turn in turns if "note" in turn]
    if noted or not turns:
        return noted[0] if noted else {}
    points = [
        {key: median_high(each[key] for each in alike) for key in alike[0]}
        for alike in zip(*(turn["points"] for turn in turns), strict=True)
    ]
    return {"memory_mb": median_high(turn["memory_mb"] for turn in turns), "points": points}


def _build(name: str, path: Path, dim: int, home: Path) -> Json:
    started = time.monotonic()
    ENGINES[name]().build(mapped(path, dim), home)
    size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    return {"build_seconds": round(time.monotonic() - started, 1), "disk_mb": round(size / 2**20)}


def _ask(
    name: str,
    home: Path,
    path: Path,
    queries: NDArray[np.float32],
    limits: NDArray[np.float32],
) -> Json:
    rows = mapped(path, queries.shape[1])
    after = before = _memory()
    points: list[Json] = []
    for way, ask in ENGINES[name]().ways(home, rows.shape[1]):
        if not points:
            ask(queries[0], K)
            after = _memory()
        points.append({"way": way, **_measured(ask, rows, queries, limits)})
    return {"memory_mb": round(after - before), "points": points}


def _measured(
    ask: Ask,
    rows: NDArray[np.float16],
    queries: NDArray[np.float32],
    limits: NDArray[np.float32],
) -> Json:
    """One query after another on one thread; what is as near as the exact fifth is right.

    So a twin of the fifth counts, of which there are many among real fonts.
    """
    for query in queries[:50]:
        ask(query, K)
    seconds, hits = [], 0
    for query, limit in zip(queries, limits, strict=True):
        started = time.perf_counter()
        found = ask(query, K)
        seconds.append(time.perf_counter() - started)
        near = np.asarray(rows[np.unique(found[found >= 0])], np.float32) @ query
        hits += int((near >= limit - _TIE).sum())
    low, high = np.percentile(np.array(seconds) * 1000, [50, 99])
    recall = min(1.0, hits / (K * len(queries)))
    return {"recall": round(recall, 4), "p50_ms": round(low, 3), "p99_ms": round(high, 3)}


def _memory() -> float:
    """Megabytes that this process alone holds; pages of mapped files do not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 2**10
    return float(process.peak_memory_mb())


def _apart(work: Callable[..., Json], arguments: tuple[Any, ...], minutes: float) -> Json:
    """What `work` returns in a process of its own; a note when it takes too long or dies."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(send, work, arguments))
    process.start()
    send.close()
    try:
        if receive.poll(60 * minutes):
            answer: Json = receive.recv()
            return answer
        return {"note": f"not done in {minutes:g} minutes"}
    except EOFError:
        return {"note": "died"}
    finally:
        process.kill()
        process.join()


def _answer(send: Any, work: Callable[..., Json], arguments: tuple[Any, ...]) -> None:
    send.send(work(*arguments))


def _real(settings: Settings) -> NDArray[np.float16]:
    """The vectors of the shipped catalogue, in a copy: opening may change the file."""
    source = settings.prebuilt / "catalog.db"
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(source, folder)
        with closing(open_database(f"sqlite:///{copy}")) as database, database.begin() as rows:
            state = rows.state.get()
            if state is None:
                raise MismatchError(f"{source} holds no catalogue")
            return rows.samples.vectors(state.dim).vectors


def _median(values: NDArray[np.float32]) -> float:
    return round(float(np.median(values)), 4)
