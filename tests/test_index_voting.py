"""Voting against a naive loop and against hand-computed answers."""

from __future__ import annotations

import numpy as np
import pytest

from index.voting import (
    SHARES,
    Tally,
    best_members,
    best_of_lines,
    leading_members,
    merge_lines,
    rank,
    tally_families,
    tally_windows,
)


def naive(scores: np.ndarray, groups: np.ndarray, count: int) -> list[float]:
    """The definition, word for word, in loops."""
    means = []
    for group in range(count):
        total = 0.0
        for row in scores:
            mine = [float(v) for g, v in zip(groups, row, strict=True) if g == group]
            best = list(zip(sorted(mine, reverse=True), SHARES, strict=False))
            if best:
                total += sum(v * share for v, share in best) / sum(share for _, share in best)
        means.append(total / len(scores))
    return means


def test_windows_vote_as_defined() -> None:
    """Random samples, some groups with fewer than four, give the naive loop's means."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 40)
    scores = rng.normal(0, 0.5, (5, 40)).astype(np.float32)
    tally = tally_windows(scores, groups, 14)
    assert 0 < np.bincount(groups).min() < len(SHARES) < np.bincount(groups).max()
    np.testing.assert_allclose(tally.scores, naive(scores, groups, 14), rtol=1e-6)
    assert tally.seen.tolist() == [g in groups for g in range(14)]


def test_two_rasterisers_of_one_text_count_once() -> None:
    """The better of a line's samples, whatever their order; by a naive loop."""
    rng = np.random.default_rng(1)
    lines = rng.permutation(np.repeat(np.arange(7), [1, 2, 1, 3, 2, 1, 2]))
    scores, groups = rng.normal(size=(3, 12)), lines // 2
    found, owners = best_of_lines(scores, lines, groups)
    expected = [[max(row[lines == line]) for line in range(7)] for row in scores]
    np.testing.assert_allclose(found, expected)
    assert owners.tolist() == [line // 2 for line in range(7)]
    empty, nobody = best_of_lines(np.zeros((3, 0)), lines[:0], groups[:0])
    assert empty.shape == (3, 0) and nobody.shape == (0,)


def test_the_members_that_lead_each_group() -> None:
    """Random faces of random families, some unseen, some not asked for: by a loop over families."""
    rng = np.random.default_rng(2)
    families, among = rng.integers(0, 9, 60), rng.random(60) < 0.7
    tally = Tally(rng.normal(size=60), rng.random(60) < 0.8)
    expected: list[int] = []
    for family in range(9):
        mine = [i for i in range(60) if families[i] == family and among[i] and tally.seen[i]]
        expected += sorted(mine, key=lambda i: -tally.scores[i])[:3]
    assert leading_members(tally, families, among, 3).tolist() == sorted(expected)
    assert leading_members(tally, families, np.zeros(60, bool), 3).tolist() == []


def test_several_samples_speak_for_a_group() -> None:
    """Two windows by hand: a single near sample loses against four that are fairly near."""
    groups = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2])
    scores = np.array(
        [
            [0.9, 0.2, 0.2, 0.2, -0.9, 0.6, 0.6, 0.6, 0.6, 0.5],
            [0.2, 0.2, 0.9, 0.0, 0.2, 0.5, 0.5, 0.5, 0.5, 0.1],
        ]
    )
    tally = tally_windows(scores, groups, 3)
    np.testing.assert_allclose(tally.scores, [0.45 + 0.1, (0.6 + 0.5) / 2, (0.5 + 0.1) / 2])


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_nothing_to_score_sees_nothing(shape: tuple[int, int]) -> None:
    """No window, or no sample, sees no group."""
    tally = tally_windows(np.zeros(shape), np.zeros(shape[1], int), 4)
    assert not tally.seen.any() and tally.scores.tolist() == [0.0] * 4


def test_a_family_is_its_best_seen_face() -> None:
    """The unseen face does not count, a family of unseen faces is unseen."""
    faces = Tally(np.array([-0.3, -0.5, 0.9, 0.8]), np.array([True, True, False, False]))
    families = tally_families(faces, np.array([0, 0, 0, 1]), 3)
    assert families.scores.tolist() == [-0.3, 0.0, 0.0]
    assert families.seen.tolist() == [True, False, False]


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
