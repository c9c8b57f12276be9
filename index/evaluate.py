"""Measures of an answer's quality; pure numpy, no catalogue.

Two things are called recall elsewhere and are kept apart here: `recall_at_k` asks
whether the right *family* is among the first k, `ann_recall_at_k` whether the index
found the same *vectors* as an exact search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set

import numpy as np


class EvaluationError(ValueError):
    """Nothing to measure, or arrays that do not fit together."""


def hit_rank(rows: Sequence[Set[str]], right: Set[str]) -> int:
    """1-based place of the first row that shares an id with `right`, 0 when none does.

    For a strict rank a row is the family's own id alone, for a twin-credited one the id
    with its twins'. Rows are compared pairwise with `right`: credit never chains.
    """
    return next((place for place, row in enumerate(rows, 1) if row & right), 0)


def recall_at_k(ranks: np.ndarray, k: int) -> float:
    """Share of queries whose rank (`hit_rank`, int `[N]`) lies in 1..k.

    Raises `EvaluationError` for N = 0 or k < 1.
    """
    ranks = np.asarray(ranks)
    if ranks.size == 0 or k < 1:
        raise EvaluationError(f"recall@{k} of {ranks.size} queries: both must be at least 1")
    return float(((ranks >= 1) & (ranks <= k)).mean())


def share_error(share: float, count: int) -> float:
    """Standard error of a share of `count` >= 1 independent queries (binomial)."""
    return math.sqrt(share * (1 - share) / count)


def within(values: np.ndarray, truth: np.ndarray, tolerance: float) -> float:
    """Share of `values` no further than `tolerance` from `truth`, both `[N]`, N >= 1."""
    values, truth = np.asarray(values, float), np.asarray(truth, float)
    if values.size == 0 or values.shape != truth.shape:
        raise EvaluationError(f"{values.shape} values cannot be held against {truth.shape}")
    return float((np.abs(values - truth) <= tolerance).mean())


def exact_top_scores(
    queries: np.ndarray, vectors: np.ndarray, k: int, *, chunk: int = 64
) -> np.ndarray:
    """The k-th best inner product of each query, float32 `[N]`, by comparing with all.

    `queries` `[N, D]`, `vectors` `[M, D]`; with M < k the worst of the M.
    """
    if queries.ndim != 2 or vectors.ndim != 2 or queries.shape[1] != vectors.shape[1]:
        raise EvaluationError(f"queries {queries.shape} do not fit vectors {vectors.shape}")
    if k < 1 or len(vectors) == 0:
        raise EvaluationError(f"no {k} nearest of {len(vectors)} vectors: both must be >= 1")
    place = len(vectors) - min(k, len(vectors))
    parts = [
        np.partition(queries[i : i + chunk] @ vectors.T, place, axis=1)[:, place]
        for i in range(0, len(queries), chunk)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def ann_recall_at_k(
    found: np.ndarray,
    ids: np.ndarray,
    queries: np.ndarray,
    vectors: np.ndarray,
    k: int,
    *,
    tolerance: float = 1e-3,
) -> float:
    """Share of the k exact nearest vectors that an index found, over all queries.

    `found` int `[N, >=k]` are the index's ids (-1 is padding), `ids` int `[M]` name the
    rows of `vectors` `[M, D]`, `queries` are `[N, D]`. Aware of ties as
    `check_ref_knn_with_draws` of FAISS is: any vector that scores no more than
    `tolerance` under the k-th exact score counts, each id once. N >= 1 is needed.
    """
    if len(found) != len(queries) or len(found) == 0:
        raise EvaluationError(f"{len(found)} answers for {len(queries)} queries")
    floor = exact_top_scores(queries, vectors, k) - tolerance
    row_of = {int(name): row for row, name in enumerate(ids)}
    right = 0
    for answer, query, least in zip(found, queries, floor, strict=True):
        rows = [row_of[i] for i in {int(i) for i in answer[:k]} if i in row_of]
        right += int((vectors[rows] @ query >= least).sum())
    return right / (len(queries) * min(k, len(vectors)))


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative.

    `scores` float `[N]`, `positive` bool `[N]`. Ties count half (Mann and Whitney 1947,
    through mid-ranks). Raises `EvaluationError` unless both classes are there.
    """
    scores, positive = np.asarray(scores, float), np.asarray(positive, bool)
    if scores.shape != positive.shape or np.isnan(scores).any():
        raise EvaluationError(f"{scores.shape} scores (no NaN) for {positive.shape} labels")
    ups, downs = int(positive.sum()), int((~positive).sum())
    if ups == 0 or downs == 0:
        raise EvaluationError(f"{ups} positives and {downs} negatives: both are needed")
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mid_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = mid_ranks[group][positive].sum()
    return float((rank_sum - ups * (ups + 1) / 2) / (ups * downs))


def auroc_error(
    scores: np.ndarray, positive: np.ndarray, groups: np.ndarray, *, draws: int = 200
) -> float:
    """Standard error of `auroc` by a bootstrap over groups (Efron 1979); seeded.

    `groups` int `[N]`: queries of one family are not independent, so families are drawn, with all
    their queries. Draws without both classes are left out; 0 when none has both.
    """
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    areas = []
    for _ in range(draws):
        rows = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < positive[rows].sum() < len(rows):
            areas.append(auroc(scores[rows], positive[rows]))
    return float(np.std(areas)) if areas else 0.0


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, *, bins: int = 10
) -> float:
    """How far confidence is from the share that was right, over equal bins (Guo et al. 2017).

    `confidence` float `[N]` in 0..1, `right` bool `[N]`, N >= 1. 0 is perfect.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, bool)
    if confidence.shape != right.shape or len(confidence) == 0:
        raise EvaluationError(f"{confidence.shape} confidences for {right.shape} labels")
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(place, confidence, bins) - np.bincount(place, right, bins)
    return float(np.abs(gap).sum() / len(confidence))


def percentiles(values: Sequence[float], at: Sequence[float] = (50, 99)) -> dict[str, float]:
    """`{"p50": ..., "p99": ...}` by linear interpolation; `EvaluationError` for no values."""
    if len(values) == 0:
        raise EvaluationError("no values to take percentiles of")
    return {f"p{q:g}": float(np.percentile(values, q)) for q in at}
