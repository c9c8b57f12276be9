"""Ask a finder for every query and sum up how often it was right; no I/O but the pictures."""

from __future__ import annotations

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

    `there`: whether the catalogue that was asked held the right family. `strict` and `twin` are
    1-based ranks, 0 = not among the first ten. `weight` and `italic` are those of the best face
    of the row that is right (None without one). `score`, `margin` (over the second row) and
    `confidence` are the first row's (0 without one), and so is `verified`, the verifier's logit,
    None where it was not drawn. `known` is the chance that the font is in the catalogue, `rows` are
    the families of the first ten. `alike` is one of them that draws the query's letters as its own
    family does, where that was looked for ("" without one; see `lookalikes`).
    """

    query: Query
    there: bool
    strict: int
    twin: int
    weight: int | None
    italic: bool | None
    score: float
    margin: float
    confidence: float
    known: float
    first: str
    ms: float
    verified: float | None = None
    rows: tuple[str, ...] = ()
    alike: str = ""

    @property
    def proved(self) -> bool:
        """Whether the rows were compared by drawing."""
        return self.verified is not None


def ask(
    find: Finder,
    queries: QuerySet,
    *,
    there: bool = True,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[Outcome]:
    """One outcome a query, in order; a picture that is refused is a miss, not an error.

    `there` says whether the right families can be found at all.
    """
    outcomes = []
    for done, query in enumerate(queries.queries, 1):
        start = time.perf_counter()
        try:
            rows = find(read_picture(queries.read(query)), max(KS))
        except PictureError:
            rows = ()
        ms = (time.perf_counter() - start) * 1000
        outcomes.append(judge(query, rows, ms, there=there))
        on_progress(done)
    return outcomes


def judge(query: Query, rows: Sequence[Match], ms: float, *, there: bool = True) -> Outcome:
    """Hold an answer against the truth."""
    ids = [frozenset({row.family.id}) for row in rows]
    credited = [one | {twin.id for twin in row.twins} for one, row in zip(ids, rows, strict=True)]
    twin = evaluate.hit_rank(credited, query.right)
    face = rows[twin - 1].face if twin else None
    verified = rows[0].verified if rows else None
    scores = [row.score for row in rows]
    return Outcome(
        query=query,
        there=there,
        strict=evaluate.hit_rank(ids, query.right),
        twin=twin,
        weight=face.weight if face else None,
        italic=face.italic if face else None,
        score=scores[0] if scores else 0.0,
        margin=_margin(scores),
        confidence=rows[0].confidence if rows else 0.0,
        known=known(scores, verified),
        first=rows[0].family.id if rows else "",
        ms=ms,
        verified=verified,
        rows=tuple(row.family.id for row in rows),
    )


def summary(outcomes: Sequence[Outcome]) -> Json:
    """`{"n", "strict": {"1","5","10"}, "twin": {...}, "error", "curve"}`; `{"n": 0}` for none.

    `error` has the standard errors of the twin-credited recall, as `twin` has it; `curve` the
    twin-credited recall at 1, 2, ... 10.
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
    errors = {
        k: round(evaluate.share_error(share, len(outcomes)), 4)
        for k, share in recalls["twin"].items()
    }
    return {"n": len(outcomes), **recalls, "error": errors, "curve": curve}


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


def rejection(present: Sequence[Outcome], absent: Sequence[Outcome]) -> Json | None:
    """How well `known` tells queries of families in the catalogue from those of families outside.

    `{"auroc", "error", "families", "present", "absent"}`: the area under the ROC curve, its
    standard error, how many families were asked for and with how many queries. None when one side
    is empty. `"unlike"` is the same without the absent queries whose letters a family that stayed
    draws just so: that their font is not there cannot be seen.
    """
    found = _area(present, absent)
    if found is not None:
        found["unlike"] = _area(present, [o for o in absent if not o.alike])
    return found


def _area(present: Sequence[Outcome], absent: Sequence[Outcome]) -> Json | None:
    if not present or not absent:
        return None
    every = (*present, *absent)
    scores = np.array([o.known for o in every])
    positive = np.arange(len(every)) < len(present)
    families, numbers = np.unique([o.query.family for o in every], return_inverse=True)
    return {
        "auroc": round(evaluate.auroc(scores, positive), 4),
        "error": round(evaluate.auroc_error(scores, positive, numbers), 4),
        "families": len(families),
        "present": len(present),
        "absent": len(absent),
    }


def rejection_by_level(present: Sequence[Outcome], absent: Sequence[Outcome]) -> Json:
    """`{level: {"seen", "unseen"}}`, each a `rejection`; the levels, then "all" of them."""
    levels = [*grouped(present, lambda q: q.level), "all"]
    return {
        level: {
            name: rejection(_some(present, level, seen), _some(absent, level, seen))
            for name, seen in (("seen", True), ("unseen", False))
        }
        for level in levels
    }


def _some(outcomes: Sequence[Outcome], level: str, seen: bool) -> list[Outcome]:
    return [o for o in outcomes if level in ("all", o.query.level) and o.query.seen == seen]


def latency(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """p50 and p99 milliseconds from the file's bytes to the answer."""
    return {k: round(v, 1) for k, v in evaluate.percentiles([o.ms for o in outcomes]).items()}


def _margin(scores: Sequence[float]) -> float:
    return scores[0] - scores[1] if len(scores) > 1 else 0.0
