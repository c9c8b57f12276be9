"""The fit finds the constants that made the answers; the error is of unseen families only."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from index.benchmark.calibration import (
    calibration,
    constants,
    fit,
    fit_known,
    read_outcomes,
)
from index.benchmark.measure import Outcome
from index.benchmark.queries import Query

CENTRE, SCORE, MARGIN = 0.8, 20.0, 30.0


def _outcome(right: bool, score: float, margin: float, sure: float, seen: bool) -> Outcome:
    query = Query("a.png", "clean", "lora", "serif", seen, 400, False, "Hello", 40)
    rank = 1 if right else 0
    return Outcome(query, True, rank, rank, None, None, score, margin, sure, 0.9, "x", 1.0)


def _drawn(count: int, seen: bool) -> list[Outcome]:
    """Answers that are right just as often as the logistic function says."""
    rng = np.random.default_rng(int(seen))
    scores, margins = rng.uniform(0.6, 1.0, count), rng.uniform(0.0, 0.1, count)
    sure = 1 / (1 + np.exp(-(SCORE * (scores - CENTRE) + MARGIN * margins)))
    right = rng.random(count) < sure
    rows = zip(right, scores, margins, sure, strict=True)
    return [_outcome(bool(r), float(s), float(m), float(c), seen) for r, s, m, c in rows]


def test_the_fit_finds_what_made_the_answers() -> None:
    """20,000 answers drawn with known constants: each is found within 7 %."""
    assert fit(_drawn(20_000, True)) == pytest.approx([CENTRE, SCORE, MARGIN], rel=0.07)


def test_the_error_is_small_where_confidence_is_true() -> None:
    """Drawn as the confidences say: under 0.02, and the seen families' share is no part."""
    unseen = _drawn(4_000, False)
    wrong = [_outcome(False, 0.9, 0.1, 0.99, True) for _ in range(4_000)]
    found = calibration([*unseen, *wrong])
    assert found["ece_unseen"] < 0.02
    assert found["fit_seen"] is None  # all wrong: nothing to fit


def test_nothing_asked_is_not_judged() -> None:
    """No answers, no numbers."""
    nothing = {"ece_unseen": None, "bins_unseen": [], "fit_seen": None, "fit_known_seen": None}
    assert calibration([]) == nothing


def test_the_fit_of_known_tells_both_catalogues_apart() -> None:
    """Scores around 0.9 with the family and 0.7 without: the centre is half-way, as is the chance.

    Two normal classes of equal spread have the slope (difference of means) / variance.
    """
    rng = np.random.default_rng(5)
    outcomes = [
        replace(o, score=float(rng.normal(mean, 0.1)), margin=float(m), there=there)
        for there, mean in ((True, 0.9), (False, 0.7))
        for o, m in zip(_drawn(20_000, True), rng.uniform(0, 0.1, 20_000), strict=True)
    ]
    centre, score, margin = fit_known(outcomes)
    assert centre == pytest.approx(0.8, abs=0.01)
    assert score == pytest.approx(0.2 / 0.1**2, rel=0.05)
    assert abs(margin) < 1.5
    assert fit_known(outcomes[:20_000]) is None


def test_the_fit_of_known_hears_the_verifier() -> None:
    """Logits around 3 with the family and -3 without: the same rule, and no score is needed."""
    rng = np.random.default_rng(6)
    outcomes = [
        replace(o, verified=float(rng.normal(mean, 2.0)), there=there)
        for there, mean in ((True, 3.0), (False, -3.0))
        for o in _drawn(20_000, True)
    ]
    bias, margin, slope = fit_known(outcomes)
    assert slope == pytest.approx(6.0 / 2.0**2, rel=0.08)
    assert abs(bias) < 0.2 and abs(margin) < 3


def test_only_a_catalogue_that_held_the_family_is_calibrated() -> None:
    """Answers by one that did not are all wrong, and no part of error, bins and fit."""
    seen, unseen = _drawn(20_000, True), _drawn(2_000, False)
    without = [
        replace(o, score=o.score - 0.2, there=False, strict=0, twin=0) for o in (*seen, *unseen)
    ]
    found = calibration([*seen, *unseen, *without])
    alone = calibration([*seen, *unseen])
    assert {**found, "fit_known_seen": None} == alone
    assert found["fit_known_seen"] is not None


def test_a_bin_holds_its_range() -> None:
    """Nine right of ten at 0.93 and one of two at 0.5, by hand; seen families are no part."""
    high = [_outcome(i > 0, 0.9, 0.1, 0.93, False) for i in range(10)]
    half = [_outcome(i > 0, 0.9, 0.1, 0.5, False) for i in range(2)]
    seen = [_outcome(True, 0.9, 0.1, 0.1, True)]
    assert calibration([*high, *half, *seen])["bins_unseen"] == [[0.5, 0.5, 2], [0.93, 0.9, 10]]


def test_a_fit_is_of_proved_answers_where_there_are_any() -> None:
    """Answers of the vote alone, made with other constants, change nothing."""
    voted = [replace(o, score=o.score - 0.3) for o in _drawn(5_000, True)]
    proved = [replace(o, verified=0.0) for o in _drawn(20_000, True)]
    assert calibration([*voted, *proved])["fit_seen"] == fit(proved)


def test_answers_are_kept_and_fitted(tmp_path: Path) -> None:
    """Written as a run writes them, read back the same, and fitted to the constants they have."""
    answers = [*_drawn(20_000, True), *_drawn(2_000, False)]
    path = tmp_path / "outcomes.jsonl"
    path.write_text("\n".join(json.dumps(asdict(answer)) for answer in answers))
    assert read_outcomes(path)[:50] == answers[:50]
    (line,) = constants(read_outcomes(path))
    centre, score, margin = fit(answers[:20_000])
    expected = f"VOTED = Curve({centre:.3f}, {score:.1f}, {margin:.1f})  # ECE 0.0"
    assert line.startswith(expected) and line.endswith("of 2000 unseen")
    without = [replace(o, score=o.score - 1, there=False) for o in answers]
    voted, known = constants([*answers, *without])
    assert voted == line
    assert known.startswith("KNOWN_VOTED = Curve(")
    assert known.endswith("# AUROC 1.0, headlines 1.0, 4000 unseen")


def test_what_cannot_be_fitted_says_so(tmp_path: Path) -> None:
    """No answers, a file that is none, an older run's answers."""
    with pytest.raises(ValueError, match="0 answers"):
        constants([])
    path = tmp_path / "outcomes.jsonl"
    for content in ("no json", "{}", '{"query": {"file": "a"}}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="run `python -m scripts.benchmark` again"):
            read_outcomes(path)
