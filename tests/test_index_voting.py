"""Voting against a naive loop and against hand-computed answers."""

from __future__ import annotations

import numpy as np
import pytest

from index.voting import Tally, best_members, merge_lines, rank, tally_windows


def naive(groups: np.ndarray, scores: np.ndarray, count: int) -> list[float]:
    """The definition, word for word, in loops."""
    means = []
    for group in range(count):
        total = 0.0
        for row, values in zip(groups, scores, strict=True):
            retrieved = [(int(g), float(v)) for g, v in zip(row, values, strict=True) if g >= 0]
            mine = [v for g, v in retrieved if g == group]
            total += max(mine) if mine else min(v for _, v in retrieved)
        means.append(total / len(groups))
    return means


def test_windows_vote_as_defined() -> None:
    """Random neighbours give the naive loop's means."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, (5, 30))
    scores = -np.sort(-rng.random((5, 30)).astype(np.float32), axis=1)
    groups[2, 25:] = -1
    scores[2, 25:] = -np.inf
    tally = tally_windows(groups, scores, 14)
    np.testing.assert_allclose(tally.scores, naive(groups, scores, 14), rtol=1e-6)
    assert tally.seen.tolist() == [g in groups for g in range(14)]


def test_missing_counts_as_the_worst_retrieved() -> None:
    """Two windows by hand: (0.9 + 0.4) / 2 for the group that the second did not retrieve."""
    groups = np.array([[0, 1, 1], [1, 1, 2]])
    scores = np.array([[0.9, 0.8, 0.1], [0.7, 0.6, 0.4]])
    tally = tally_windows(groups, scores, 3)
    np.testing.assert_allclose(tally.scores, [0.65, 0.75, 0.25])


@pytest.mark.parametrize("shape", [(0, 5), (3, 5), (2, 0)])
def test_no_neighbours_see_nothing(shape: tuple[int, int]) -> None:
    """No window, or windows without neighbours, see no group."""
    tally = tally_windows(np.full(shape, -1), np.full(shape, -np.inf), 4)
    assert not tally.seen.any() and tally.scores.tolist() == [0.0] * 4


def test_an_empty_window_does_not_dilute() -> None:
    """A window that retrieved nothing has no vote."""
    groups = np.array([[0, 1], [-1, -1]])
    scores = np.array([[0.8, 0.2], [-np.inf, -np.inf]])
    np.testing.assert_allclose(tally_windows(groups, scores, 2).scores, [0.8, 0.2])


def test_lines_weigh_by_their_share() -> None:
    """Weights 3 and 1: three quarters of the first line's score."""
    lines = [
        Tally(np.array([0.8, 0.4]), np.array([True, False])),
        Tally(np.array([0.0, 1.0]), np.array([False, True])),
    ]
    merged = merge_lines(lines, [3, 1])
    np.testing.assert_allclose(merged.scores, [0.6, 0.55])
    assert merged.seen.tolist() == [True, True]


def test_nobody_cannot_vote() -> None:
    """No lines, or lines of no weight, raise ValueError."""
    with pytest.raises(ValueError, match="0 lines"):
        merge_lines([], [])


def test_twins_share_the_better_ones_row_but_are_not_chained() -> None:
    """0~1 and 1~2: 1 joins 0's row, 2 does not, for it is no twin of 0."""
    tally = Tally(np.array([0.9, 0.8, 0.7, 0.6]), np.ones(4, bool))
    twins = {0: frozenset({1}), 1: frozenset({0, 2}), 2: frozenset({1})}
    rows = rank(tally, twins, 5)
    assert [(r.group, r.folded) for r in rows] == [(0, (1,)), (2, ()), (3, ())]
    assert rows[0].score == 0.9


def test_ranking_stops_at_k_and_at_the_unseen() -> None:
    """k rows at most, unseen groups never, a late twin still joins its row."""
    tally = Tally(np.array([0.5, 0.9, 0.8, 0.95]), np.array([True, True, True, False]))
    rows = rank(tally, {1: frozenset({0}), 0: frozenset({1})}, 1)
    assert [(r.group, r.folded) for r in rows] == [(1, (0,))]
    assert [r.group for r in rank(tally, {}, 10)] == [1, 2, 0]


def test_equal_scores_keep_the_order() -> None:
    """Ties are ranked by group, always the same."""
    assert [r.group for r in rank(Tally(np.full(5, 0.5), np.ones(5, bool)), {}, 5)] == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_the_best_face_is_the_best_seen_one() -> None:
    """Of a family's faces the unseen one never answers, whatever its score."""
    faces = Tally(np.array([0.3, 0.9, 0.5, 0.8]), np.array([True, False, True, True]))
    assert best_members(faces, np.array([0, 0, 0, 1]), [0, 1]) == {0: 2, 1: 3}
