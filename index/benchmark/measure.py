"""Ask a finder for every query and sum up how often it was right; no I/O but the pictures."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoder.picture import PictureError, read_picture
from index import evaluate
from index.answers import Match
from index.benchmark.queries import Query, QuerySet
from index.verdict import known

KS = (1, 5, 10)
Json = dict[str, Any]
Finder = Callable[[np.ndarray, int], Sequence[Match]]
"""(picture uint8 [H, W, 3], k) -> at most k rows, the best first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one query came to.

    `strict` and `twin` are 1-based ranks, 0 = not among the first ten. `weight` and
    `italic` are those of the best face of the row that is right (None without one).
    `score`, `margin` (over the second row) and `confidence` are the first row's (0 without
    one), `known` is the chance that the font is in the catalogue. `score_without`,
    `margin_without` and `known_without` are what they would be were the right family not in
    it. `proved` says that the rows were compared by drawing.
    """

    query: Query
    strict: int
    twin: int
    weight: int | None
    italic: bool | None
    score: float
    margin: float
    confidence: float
    known: float
    score_without: float
    margin_without: float
    known_without: float
    first: str
    ms: float
    proved: bool


def ask(
    find: Finder, queries: QuerySet, *, on_progress: Callable[[int], None] = lambda done: None
) -> list[Outcome]:
    """One outcome a query, in order; a picture that is refused is a miss, not an error."""
    outcomes = []
    for done, query in enumerate(queries.queries, 1):
        start = time.perf_counter()
        try:
            rows = find(read_picture(queries.read(query)), max(KS))
        except PictureError:
            rows = ()
        outcomes.append(judge(query, rows, (time.perf_counter() - start) * 1000))
        on_progress(done)
    return outcomes


def judge(query: Query, rows: Sequence[Match], ms: float) -> Outcome:
    """Hold an answer against the truth."""
    ids = [frozenset({row.family.id}) for row in rows]
    credited = [one | {twin.id for twin in row.twins} for one, row in zip(ids, rows, strict=True)]
    twin = evaluate.hit_rank(credited, query.right)
    face = rows[twin - 1].face if twin else None
    proved = any(row.proof is not None for row in rows)
    scores = [row.score for row in rows]
    others = [r.score for r, c in zip(rows, credited, strict=True) if not c & query.right]
    return Outcome(
        query=query,
        strict=evaluate.hit_rank(ids, query.right),
        twin=twin,
        weight=face.weight if face else None,
        italic=face.italic if face else None,
        score=scores[0] if scores else 0.0,
        margin=_margin(scores),
        confidence=rows[0].confidence if rows else 0.0,
        known=known(scores, proved=proved),
        score_without=others[0] if others else 0.0,
        margin_without=_margin(others),
        known_without=known(others, proved=proved),
        first=rows[0].family.id if rows else "",
        ms=ms,
        proved=proved,
    )


def summary(outcomes: Sequence[Outcome]) -> Json:
    """`{"n", "strict": {"1","5","10"}, "twin": {...}, "error", "curve"}`; `{"n": 0}` for none.

    `error` is the standard error of the twin-credited recall@5, `curve` the twin-credited
    recall at 1, 2, ... 10.
    """
    if not outcomes:
        return {"n": 0}
    ranks = {
        "strict": np.array([o.strict for o in outcomes]),
        "twin": np.array([o.twin for o in outcomes]),
    }
    recalls = {
        name: {str(k): round(evaluate.recall_at_k(found, k), 4) for k in KS}
        for name, found in ranks.items()
    }
    curve = [round(evaluate.recall_at_k(ranks["twin"], k), 4) for k in range(1, max(KS) + 1)]
    error = round(_error(recalls["twin"]["5"], len(outcomes)), 4)
    return {"n": len(outcomes), **recalls, "error": error, "curve": curve}


def by_side(outcomes: Sequence[Outcome]) -> Json:
    """The summary of all, of seen and of unseen families."""
    return {
        "all": summary(outcomes),
        "seen": summary([o for o in outcomes if o.query.seen]),
        "unseen": summary([o for o in outcomes if not o.query.seen]),
    }


def grouped(outcomes: Iterable[Outcome], key: Callable[[Query], str]) -> dict[str, list[Outcome]]:
    """Outcomes by a property of their query, in the order of first appearance."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome.query), []).append(outcome)
    return groups


def length_class(query: Query) -> str:
    """Letters of the text: "1-4", "5-7", "8-10", "11-20" or "21+"."""
    count = sum(c.isalnum() for c in query.text)
    classes = {4: "1-4", 7: "5-7", 10: "8-10", 20: "11-20"}
    return next((name for most, name in classes.items() if count <= most), "21+")


def size_class(query: Query) -> str:
    """Pixels to the em: "-15", "16-23", "24-39" or "40+"."""
    classes = {15: "-15", 23: "16-23", 39: "24-39"}
    return next((name for most, name in classes.items() if query.size <= most), "40+")


def order(name: str) -> tuple[int, str]:
    """A sorting key: "5-7" before "11-20", "-15" first, categories by the alphabet."""
    first = re.match(r"\d+", name)
    return (int(first[0]) if first else 0, name)


def face_accuracy(outcomes: Sequence[Outcome]) -> Json:
    """Weight within 100 and slope right, where the right family is among the first five.

    Queries without a known weight are left out of the first.
    """
    found = [o for o in outcomes if 1 <= o.twin <= 5]
    weighed = [o for o in found if o.query.weight]
    result: Json = {"n": len(found)}
    if weighed:
        guessed = np.array([o.weight for o in weighed])
        truth = np.array([o.query.weight for o in weighed])
        result["weight"] = round(evaluate.within(guessed, truth, 100), 4)
    if found:
        result["slope"] = round(float(np.mean([o.italic == o.query.italic for o in found])), 4)
    return result


def left_out_auroc(outcomes: Sequence[Outcome]) -> float | None:
    """AUROC of `known` for "the right family is in the catalogue".

    Half of the families (by hash, so that no family is on both sides) are asked as if
    they were not there. None when one half is empty.
    """
    absent = np.array([_left_out(o.query.family) for o in outcomes], bool)
    if absent.all() or not absent.any():
        return None
    scores = [
        o.known_without if gone else o.known for o, gone in zip(outcomes, absent, strict=True)
    ]
    return round(evaluate.auroc(np.array(scores), ~absent), 4)


def own_auroc(present: Sequence[Outcome], absent: Sequence[Outcome]) -> float | None:
    """AUROC of `known`: queries of the catalogue's families against fonts outside it."""
    if not present or not absent:
        return None
    scores = np.array([o.known for o in (*present, *absent)])
    return round(evaluate.auroc(scores, np.arange(len(scores)) < len(present)), 4)


def latency(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """p50 and p99 milliseconds from the file's bytes to the answer."""
    return {k: round(v, 1) for k, v in evaluate.percentiles([o.ms for o in outcomes]).items()}


def _margin(scores: Sequence[float]) -> float:
    return scores[0] - scores[1] if len(scores) > 1 else 0.0


def _left_out(family: str) -> bool:
    return hashlib.sha256(f"left out:{family}".encode()).digest()[0] < 128


def _error(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / count)
