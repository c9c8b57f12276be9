"""Late interaction against loops over its definition, and what the database keeps of columns."""

from __future__ import annotations

import numpy as np
import pytest

from index.columns import late_scores, packed, rows_of
from index.refining import refined
from index.voting import Tally


def unit_rows(rng: np.random.Generator, count: int, dim: int = 16) -> np.ndarray:
    rows = rng.normal(size=(count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_hand(rows: np.ndarray) -> list[np.ndarray]:
    """Each row of bytes as unit numbers: the lower half of a byte comes first."""
    columns = [np.array([x for b in row for x in (b % 16 - 8.0, b // 16 - 8.0)]) for row in rows]
    return [column / np.linalg.norm(column) for column in columns]


def test_packed_columns_keep_their_direction() -> None:
    """Four bits a number lose less than nine degrees; the number of rows comes back."""
    rows = unit_rows(np.random.default_rng(0), 200)
    data = packed(rows)
    found = np.stack(by_hand(rows_of(data, 16)))
    assert len(data) == 200 * 8 and found.shape == (200, 16)
    assert (found * rows).sum(axis=1).min() > np.cos(np.radians(9))
    largest = np.abs(rows).argmax(axis=1)
    assert (np.sign(found) == np.sign(rows))[np.arange(200), largest].all()
    assert rows_of(packed(rows[:0]), 16).shape == (0, 8)
    with pytest.raises(ValueError, match="reshape"):
        rows_of(data[:-1], 16)


def test_late_scores_are_the_definition() -> None:
    """For each column the best of a face's, summed by shares; a face without columns: -inf."""
    rng = np.random.default_rng(1)
    columns, shares = unit_rows(rng, 5), rng.random(5).astype(np.float32)
    shares /= shares.sum()
    faces = [rows_of(packed(unit_rows(rng, n)), 16) for n in (7, 0, 1, 30)]
    found = late_scores(columns, shares, faces)
    for face, score in zip(faces, found, strict=True):
        if not len(face):
            assert score == -np.inf
            continue
        expected = 0.0
        for column, share in zip(columns, shares, strict=True):
            expected += share * max(float(row @ column) for row in by_hand(face))
        assert score == pytest.approx(expected, abs=1e-5)
    own = [rows_of(packed(columns), 16), rows_of(packed(unit_rows(rng, 5)), 16)]
    best, other = late_scores(columns, shares, own)
    assert best > 0.99 > other
    assert late_scores(columns, shares, []).shape == (0,)


# Families 0 to 3; the faces of family 0 are 0 and 1.
FAMILY_OF_FACE = np.array([0, 0, 1, 2, 3])
VOTE = Tally(np.array([0.5, 0.6, 0.4, 0.9]), np.array([True, True, True, False]))
FACES = Tally(np.array([0.5, 0.3, 0.6, 0.4, 0.9]), np.array([True, True, True, True, False]))
KNOWN = {0: 0.2, 1: 0.9, 2: 0.1, 3: 1.0, 4: 1.0}


def test_the_best_families_are_scored_anew_and_the_rest_stay_behind() -> None:
    """By hand, two families of three: a second face wins its family, an unseen one stays out."""
    asked: list[list[int]] = []

    def late(line: int, faces: list[int]) -> np.ndarray:
        assert line == 7
        asked.append(faces)
        return np.array([KNOWN[face] for face in faces])

    families, by_line = refined(VOTE, {7: FACES}, {7: 3.0}, FAMILY_OF_FACE, late, 2)
    assert asked == [[0, 1, 2]]
    assert families.seen.tolist() == VOTE.seen.tolist()
    np.testing.assert_allclose(families.scores[:2], [0.7 * 0.9 + 0.15, 0.7 * 0.1 + 0.18])
    assert families.scores[2] == pytest.approx(0.25)  # no better than the last that was asked
    np.testing.assert_allclose(by_line[7].scores[:3], [0.29, 0.72, 0.25])
    assert by_line[7].scores[3] == pytest.approx(0.4 - 0.14 / 3) and not by_line[7].seen[4]


def test_every_face_of_what_comes_first_is_asked() -> None:
    """The vote likes four of family 0 better than its right face; the order of families stays."""
    family_of_face = np.array([0, 0, 0, 0, 0, 0, 1])
    votes = Tally(np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]), np.array([True] * 6 + [False]))
    known = [0.1, 0.2, 0.3, 0.4, 1.0, 0.0, 1.0]

    def late(line: int, faces: list[int]) -> np.ndarray:
        return np.array([known[face] for face in faces])

    vote = Tally(np.array([0.9, 0.3]), np.array([True, False]))
    families, by_line = refined(vote, {0: votes}, {0: 1.0}, family_of_face, late, 100)
    assert families.scores[0] == pytest.approx(0.7 * 0.4 + 0.3 * 0.9)
    assert by_line[0].first() == 4
    assert by_line[0].scores[4] == pytest.approx(0.7 * 1.0 + 0.3 * 0.5)


def test_lines_weigh_and_faces_without_columns_move_with_the_others() -> None:
    """Two lines, one three times the other; the two with columns rise by 0.07, so all do."""

    def late(line: int, faces: list[int]) -> np.ndarray:
        scores = {0: -np.inf, 1: -np.inf, 2: 0.8 if line == 0 else 0.4, 3: 0.5}
        return np.array([scores[face] for face in faces])

    weights = {0: 3.0, 1: 1.0}
    families, _ = refined(VOTE, {0: FACES, 1: FACES}, weights, FAMILY_OF_FACE, late, 100)
    np.testing.assert_allclose(families.scores[:3], [0.57, 0.7 * 0.7 + 0.18, 0.7 * 0.5 + 0.12])


def test_without_any_columns_the_vote_stands() -> None:
    """A catalogue of before there were columns answers as it did."""

    def late(line: int, faces: list[int]) -> np.ndarray:
        return np.full(len(faces), -np.inf)

    families, by_line = refined(VOTE, {0: FACES}, {0: 1.0}, FAMILY_OF_FACE, late, 100)
    np.testing.assert_array_equal(families.scores, VOTE.scores)
    np.testing.assert_array_equal(by_line[0].scores, FACES.scores)
