"""Confidence and verdict: monotone, bounded, and by hand at the centre."""

from __future__ import annotations

import itertools

import pytest

from index.verdict import (
    KNOWN_PROVED,
    KNOWN_VOTED,
    PROVED,
    VOTED,
    Curve,
    confidences,
    known,
    verdict,
)

CURVES = pytest.mark.parametrize(("curve", "proved"), [(VOTED, False), (PROVED, True)])


@CURVES
def test_the_centre_is_a_coin_toss(curve: Curve, proved: bool) -> None:
    """At the centre, alone, the confidence is one half."""
    assert confidences([curve.centre], proved=proved) == [0.5]


@CURVES
def test_a_margin_of_one_over_its_slope_is_one_logit(curve: Curve, proved: bool) -> None:
    """At the centre with a margin of 1/margin_slope it is the logistic of 1, 0.7311."""
    scores = [curve.centre, curve.centre - 1 / curve.margin_slope]
    first, _ = confidences(scores, proved=proved)
    assert first == pytest.approx(0.7310586)


def test_more_score_and_more_margin_are_surer() -> None:
    """The first row's confidence grows with either, the other held."""
    grid = [i / 10 for i in range(-5, 11)]
    for low, high in itertools.pairwise(grid):
        assert confidences([low, low - 0.1])[0] < confidences([high, high - 0.1])[0]
    for near, far in itertools.pairwise([0.0, 0.05, 0.1, 0.4]):
        assert confidences([0.7, 0.7 - near])[0] < confidences([0.7, 0.7 - far])[0]


def test_rows_are_surer_in_their_order() -> None:
    """Down the ranking confidence never grows, and stays in 0..1."""
    values = confidences([0.95, 0.94, 0.7, 0.2, -0.9])
    assert values == sorted(values, reverse=True)
    assert all(0 <= value <= 1 for value in values)


def test_verdicts() -> None:
    """A sure row of a known font matches; a doubtful one, or an unknown font, does not."""
    assert verdict(0.9, 0.9) == "match"
    assert verdict(0.4, 0.9) == verdict(0.9, 0.2) == "similar"
    assert verdict(0.9, 0.05) == verdict(0.0, 0.0) == "unknown"


def test_one_letter_is_no_match() -> None:
    """However sure; two are, and so is a line that nobody read."""
    assert [verdict(0.9, 0.9, letters) for letters in (1, 2, None)] == ["similar", "match", "match"]
    assert verdict(0.9, 0.05, 1) == "unknown"


def test_known_by_the_vote_by_hand() -> None:
    """One half at the centre, more with a margin, nothing without rows."""
    curve = KNOWN_VOTED
    assert known([curve.centre]) == 0.5
    assert known([curve.centre, curve.centre - 1 / curve.margin_slope]) == pytest.approx(0.7310586)
    assert known([]) == known([], 5.0) == 0.0


def test_known_by_the_verifier_by_hand() -> None:
    """One half where bias and logit cancel out; past 8 it says no more than that it is sure."""
    curve = KNOWN_PROVED
    even = -curve.bias / curve.verified_slope
    assert known([0.9], even) == known([0.4], even) == pytest.approx(0.5)
    assert known([0.9, 0.9 - 1 / curve.margin_slope], even) == pytest.approx(0.7310586)
    assert known([0.9], 8.0) == known([0.9], 30.0) > known([0.9], 7.9)
    assert known([0.9], -8.0) == known([0.9], -30.0)
