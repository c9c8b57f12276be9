"""The comparison at size: exact answers, tie-aware recall, a table that can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.benchmark import scale, scaledata
from index.benchmark.scalereport import shown, table, write_scale
from index.errors import QueryError
from index.settings import Settings

DIM = 8


def unit(rows: int, seed: int = 0) -> np.ndarray:
    """Unit rows [rows, DIM] float16."""
    values = np.random.default_rng(seed).standard_normal((rows, DIM))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


def test_few_are_real_and_many_are_near_them(tmp_path: Path) -> None:
    """Below the number of real vectors they are those; above, unit vectors that are new."""
    real, path = unit(50), tmp_path / "v"
    scaledata.write_vectors(real, 20, 1, path)
    rows = {row.tobytes() for row in real}
    assert all(row.tobytes() in rows for row in scaledata.mapped(path, DIM))
    scaledata.write_vectors(real, 120, 1, path)
    made = scaledata.mapped(path, DIM).astype(np.float32)
    assert made.shape == (120, DIM)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=2e-3)
    assert np.median((made @ real.T.astype(np.float32)).max(axis=1)) > 0.8


def test_exact_scores_are_those_of_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several chunks."""
    monkeypatch.setattr(scaledata, "_CHUNK", 7)
    rows, queries = unit(40), unit(3, 1).astype(np.float32)
    expected = -np.sort(-(queries @ rows.T.astype(np.float32)), axis=1)[:, :4]
    np.testing.assert_allclose(scaledata.exact(rows, queries, 4), expected, rtol=1e-6)


def test_a_twin_of_the_fifth_is_right_and_a_far_one_is_not() -> None:
    """Recall goes by score; what is found twice counts once."""
    rows, queries = np.concatenate([unit(10), unit(10)]), unit(1).astype(np.float32)
    limits = scaledata.exact(rows, queries, 5)[:, 4]
    order = np.argsort(-(rows.astype(np.float32) @ queries[0]), kind="stable")
    best = scale._measured(lambda q, k: order[[1, 0, 3, 2, 5]], rows, queries, limits)
    assert best["recall"] == 1
    wrong = scale._measured(lambda q, k: order[[0, 0, 1, 19, -1]], rows, queries, limits)
    assert wrong["recall"] == pytest.approx(0.4)


def test_the_table_shows_the_least_effort_that_is_enough() -> None:
    """The fastest of 0.99 and more; the best where none is."""
    points = [
        {"way": way, "recall": recall, "p50_ms": p50, "p99_ms": 9}
        for way, recall, p50 in (("a", 0.9, 1), ("b", 0.99, 2), ("c", 1.0, 3))
    ]
    assert shown(points)["way"] == "b"
    assert shown(points[:1])["way"] == "a"


def test_turns_give_medians_and_a_note_counts() -> None:
    """Of each number by itself; an engine that failed once has no numbers."""
    turns = [
        {"memory_mb": mb, "points": [{"way": "a", "recall": 1.0, "p50_ms": p50, "p99_ms": p99}]}
        for mb, p50, p99 in ((3, 0.2, 9.0), (1, 0.9, 7.0), (2, 0.3, 8.0))
    ]
    point = {"way": "a", "recall": 1.0, "p50_ms": 0.3, "p99_ms": 8.0}
    assert scale.middle(turns) == {"memory_mb": 2, "points": [point]}
    assert scale.middle([*turns, {"note": "died"}]) == {"note": "died"}
    assert scale.middle([]) == {}


@pytest.mark.slow
def test_a_small_run_end_to_end(tmp_path: Path) -> None:
    """Every engine, each in a process of its own, over real vectors."""
    plan = scale.ScalePlan([1000], queries=10)
    record = scale.run_scale(Settings(data=tmp_path), plan, lambda what, done, total: None)
    results = record["sizes"]["1000"]
    assert [max(p["recall"] for p in results[name]["points"]) for name in plan.engines] == [1] * 4
    assert write_scale(record, tmp_path).read_text().strip() == table(record)
    assert (tmp_path / "scale.png").stat().st_size > 5000
    with pytest.raises(QueryError, match="no engine 'x'.*Fontkin"):
        scale.run_scale(Settings(data=tmp_path), scale.ScalePlan([1], engines=["x"]), print)
