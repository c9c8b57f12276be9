"""Measures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from index import evaluate
from index.evaluate import EvaluationError


def _rows(*ids: str) -> list[frozenset[str]]:
    return [frozenset(i.split("+")) for i in ids]


@pytest.mark.parametrize(
    ("rows", "right", "rank"),
    [
        (_rows("a", "b", "c"), {"b"}, 2),
        (_rows("a", "b", "b"), {"b"}, 2),  # the first of two
        (_rows("a", "b"), {"z"}, 0),
        ([], {"a"}, 0),
        (_rows("a+t", "b"), {"t"}, 1),  # a twin is credited
        (_rows("a+t", "t+u"), {"u"}, 2),  # but not the twin of a twin
        (_rows("a", "b"), {"b", "a"}, 1),  # any of several right ids
    ],
)
def test_hit_rank(rows: list[frozenset[str]], right: set[str], rank: int):
    """The place of the first row that is right."""
    assert evaluate.hit_rank(rows, right) == rank


def test_recall_counts_ranks_up_to_k():
    """Ranks 1, 0, 2, 6, 5: one of five at 1, three at 5, four at 10; 0 is never right."""
    ranks = np.array([1, 0, 2, 6, 5])
    found = [evaluate.recall_at_k(ranks, k) for k in (1, 5, 10)]
    assert found == pytest.approx([0.2, 0.6, 0.8])


@pytest.mark.parametrize(("ranks", "k"), [([], 5), ([1], 0)])
def test_recall_of_nothing_is_an_error(ranks: list[int], k: int):
    """There is no honest number for no queries or for k = 0."""
    with pytest.raises(EvaluationError):
        evaluate.recall_at_k(np.array(ranks), k)


def test_within_counts_the_edge():
    """400 against 500 is within 100, 301 against 402 is not."""
    assert evaluate.within(np.array([400, 301]), np.array([500, 402]), 100) == 0.5


def test_exact_scores_of_a_known_square():
    """Query (1, 0) against four vectors: products 1, .5, 0, -1, so the second best is .5."""
    vectors = np.array([[0, 1], [1, 0], [-1, 0], [0.5, 0.5]], np.float32)
    queries = np.array([[1, 0], [0, 1]], np.float32)
    assert evaluate.exact_top_scores(queries, vectors, 2).tolist() == [0.5, 0.5]
    assert evaluate.exact_top_scores(queries, vectors, 9).tolist() == [-1.0, 0.0]
    assert evaluate.exact_top_scores(queries[:0], vectors, 2).shape == (0,)


def test_chunks_change_nothing():
    """One query at a time gives what all at once gives."""
    rng = np.random.default_rng(0)
    queries, vectors = rng.normal(size=(7, 4)), rng.normal(size=(30, 4))
    one = evaluate.exact_top_scores(queries, vectors, 3, chunk=1)
    assert np.allclose(one, evaluate.exact_top_scores(queries, vectors, 3))
    assert np.allclose(one, np.sort(queries @ vectors.T, axis=1)[:, -3])


def test_ann_recall_by_hand():
    """Found 2 of 2 and 1 of 2: three quarters; an id counts once, -1 never."""
    vectors = np.array([[1, 0], [0.9, 0], [0, 1], [0, 0.9]], np.float32)
    ids = np.array([10, 11, 12, 13])
    queries = np.array([[1, 0], [0, 1]], np.float32)
    found = np.array([[11, 10], [12, 10]])
    assert evaluate.ann_recall_at_k(found, ids, queries, vectors, 2) == 0.75
    found = np.array([[10, 10], [-1, -1]])
    assert evaluate.ann_recall_at_k(found, ids, queries, vectors, 2) == 0.25


def test_ann_recall_accepts_either_of_a_tie():
    """Two vectors alike: an index that gives the other one made no mistake."""
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    ids, query = np.array([5, 6, 7]), np.array([[1, 0]], np.float32)
    for name, share in ((5, 1.0), (6, 1.0), (7, 0.0)):
        found = np.array([[name]])
        assert evaluate.ann_recall_at_k(found, ids, query, vectors, 1) == share


def test_ann_recall_with_fewer_vectors_than_k():
    """Two vectors asked for five: both found is a full mark."""
    vectors = np.eye(2, dtype=np.float32)
    found = np.array([[0, 1, -1, -1, -1]])
    ids = np.array([0, 1])
    assert evaluate.ann_recall_at_k(found, ids, vectors[:1], vectors, 5) == 1.0


def test_ann_recall_refuses_what_does_not_fit():
    """A wrong dimension, no vectors or a missing answer raise instead of a wrong share."""
    eye = np.eye(2, dtype=np.float32)
    one = np.array([[0]])
    for queries, vectors in ((eye, eye), (eye[:1, :1], eye), (eye[:1], eye[:0])):
        with pytest.raises(EvaluationError):
            evaluate.ann_recall_at_k(one, np.array([0, 1]), queries, vectors, 1)


@pytest.mark.parametrize(
    ("scores", "positive", "area"),
    [
        ([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.9, 0.2, 0.8, 0.1], [1, 1, 0, 0], 0.75),  # 3 of the 4 pairs in order
        ([0.5, 0.5, 0.5], [1, 0, 0], 0.5),  # all tied
        ([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0], 0.875),  # 3 pairs and one half of 4
    ],
)
def test_auroc_by_hand(scores: list[float], positive: list[int], area: float):
    """The share of positive-negative pairs in order, ties half."""
    assert evaluate.auroc(np.array(scores), np.array(positive)) == area


def test_auroc_against_all_pairs():
    """Mid-ranks agree with the naive double loop on scores full of ties."""
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 6, 80) / 5, rng.random(80) < 0.3
    wins = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert evaluate.auroc(scores, positive) == pytest.approx(np.mean(wins))


def test_the_error_of_an_area_is_what_other_samples_scatter_by():
    """Samples of the same kind anew: their areas scatter as the bootstrap of one says.

    Ten queries a family that are all alike say no more than one does; taken for independent they
    would seem to say three times as much.
    """
    rng = np.random.default_rng(3)
    positive = np.repeat([True, False], 50).repeat(10)
    families = np.arange(100).repeat(10)

    def sample() -> np.ndarray:
        return (rng.normal(size=100) + np.repeat([1.0, 0.0], 50)).repeat(10)

    scatter = np.std([evaluate.auroc(sample(), positive) for _ in range(300)])
    errors = [evaluate.auroc_error(sample(), positive, families) for _ in range(10)]
    assert np.mean(errors) == pytest.approx(scatter, rel=0.15)
    alone = evaluate.auroc_error(sample(), positive, np.arange(1000))
    assert alone < 0.5 * scatter


def test_the_error_of_a_share():
    """One of four: the root of 0.25 * 0.75 / 4."""
    assert evaluate.share_error(0.25, 4) == pytest.approx(0.2165, abs=1e-4)
    assert evaluate.share_error(1.0, 9) == 0.0


@pytest.mark.parametrize(
    ("scores", "positive"), [([1.0], [1]), ([], []), ([np.nan, 1], [1, 0]), ([1, 2], [1])]
)
def test_auroc_refuses(scores: list[float], positive: list[int]):
    """One class, nothing, NaN or lengths that differ."""
    with pytest.raises(EvaluationError):
        evaluate.auroc(np.array(scores), np.array(positive))


def test_percentiles_by_hand():
    """Of 0..100 the median is 50 and the 99th 99; one value is its own percentile."""
    assert evaluate.percentiles(range(101)) == {"p50": 50.0, "p99": 99.0}
    assert evaluate.percentiles([7.0], (99.5,)) == {"p99.5": 7.0}
    with pytest.raises(EvaluationError):
        evaluate.percentiles([])


def test_calibration_error_by_hand():
    """Two bins: 0.9 sure and 3 of 4 right, 0.2 sure and 1 of 1 right."""
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.2])
    right = np.array([True, True, True, False, True])
    expected = (4 * abs(0.9 - 0.75) + abs(0.2 - 1)) / 5
    assert evaluate.expected_calibration_error(confidence, right) == pytest.approx(expected)
    assert evaluate.expected_calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0


def test_calibration_needs_answers():
    """Nothing to judge, or labels for other answers, is an error."""
    for confidence, right in (([], []), ([0.5], [True, False])):
        with pytest.raises(evaluate.EvaluationError):
            evaluate.expected_calibration_error(np.array(confidence), np.array(right))
