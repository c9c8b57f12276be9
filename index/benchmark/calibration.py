"""Is a confidence of 0.8 right four times in five? And which constants would make it so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from index import evaluate
from index.benchmark.measure import Outcome, rejection
from index.benchmark.queries import LEVELS, Query
from index.verdict import Curve, VerifiedCurve, within

Json = dict[str, Any]


def calibration(outcomes: Sequence[Outcome]) -> Json:
    """`{"ece_unseen", "bins_unseen", "fit_seen", "fit_known_seen"}`.

    Error and bins of unseen families; a bin is [mean confidence, share that is right, queries].
    Both are of answers by a catalogue that held the family. The fits to seen ones are what the
    constants of `index.verdict` should be by this run, of the confidence and of `known`. Seen
    families alone, so that the error stays honest, and proved answers alone where there are any.
    None, or no bin, where there is nothing to judge.
    """
    proved = any(o.proved for o in outcomes)
    asked = [o for o in outcomes if o.query.seen and o.first and o.proved == proved]
    seen = [o for o in asked if o.there]
    unseen = [o for o in outcomes if not o.query.seen and o.first and o.there]
    return {
        "ece_unseen": _error(unseen) if unseen else None,
        "bins_unseen": _bins(unseen),
        "fit_seen": fit(seen) if len({o.twin == 1 for o in seen}) == 2 else None,
        "fit_known_seen": fit_known(asked),
    }


def fit(outcomes: Sequence[Outcome]) -> list[float]:
    """Logistic regression of "the first row is right" on its score and margin.

    Both answers must occur. Returns [score centre, score slope, margin slope].
    """
    features = np.array([[o.score, o.margin] for o in outcomes])
    return _logistic(features, np.array([o.twin == 1 for o in outcomes]))


def fit_known(outcomes: Sequence[Outcome]) -> list[float] | None:
    """The same of "the font is in the catalogue".

    Where the verifier saw all first rows, of margin and its logit: [bias, slopes of both]. None
    unless some were asked of a catalogue that held their family and some of one that did not.
    """
    if len({o.there for o in outcomes}) < 2:
        return None
    there = np.array([o.there for o in outcomes])
    verified = [within(o.verified) for o in outcomes if o.verified is not None]
    if len(verified) < len(outcomes):
        return _logistic(np.array([[o.score, o.margin] for o in outcomes]), there)
    margins = [o.margin for o in outcomes]
    model = _model(np.array([margins, verified]).T, there)
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])]


def read_outcomes(path: Path) -> list[Outcome]:
    """The answers that a run kept beside its pictures, `outcomes-*.jsonl`.

    Raises `ValueError` for what is no such file.
    """
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines() if line]
        return [_outcome(line) for line in lines]
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path} holds no answers of this version's benchmark ({error}); "
            "run `python -m scripts.benchmark` again"
        ) from error


def _outcome(fields: Json) -> Outcome:
    return Outcome(**{**fields, "query": _query(fields["query"]), "rows": tuple(fields["rows"])})


def _query(fields: Json) -> Query:
    return Query(**{**fields, "also_right": tuple(fields["also_right"])})


def constants(outcomes: Sequence[Outcome]) -> list[str]:
    """The curves of `index.verdict`, fitted to seen families, as they are written there.

    After each how it holds on unseen ones: the calibration error of confidence, the area under
    the ROC curve of `known`, all levels and headlines. Raises `ValueError` when the answers
    suffice for no curve.
    """
    kept = [o for o in outcomes if o.first and o.query.level in LEVELS]
    lines = [line for proved in (False, True) for line in _curves(kept, proved)]
    if not lines:
        raise ValueError(f"{len(kept)} answers are too few to fit anything to")
    return lines


def _curves(outcomes: Sequence[Outcome], proved: bool) -> Iterator[str]:
    seen, unseen = (
        [o for o in outcomes if o.proved == proved and o.query.seen == side]
        for side in (True, False)
    )
    name = "PROVED" if proved else "VOTED"
    known_seen, known_unseen = ([o for o in some if o.there] for some in (seen, unseen))
    if len({o.twin == 1 for o in known_seen}) == 2:
        curve = Curve(*fit(known_seen))
        judged = [replace(o, confidence=curve.confidence(o.score, o.margin)) for o in known_unseen]
        held = f"  # ECE {_error(judged):.3f} of {len(judged)} unseen" if judged else ""
        yield f"{name} = {_written(curve)}{held}"
    if (values := fit_known(seen)) is not None:
        known_curve = VerifiedCurve(*values) if proved else Curve(*values)
        judged = [replace(o, known=_known(known_curve, o)) for o in unseen]
        clean = _area([o for o in judged if o.query.level == "clean"])
        held = f"  # AUROC {_area(judged)}, headlines {clean}, {len(judged)} unseen"
        yield f"KNOWN_{name} = {_written(known_curve)}{held}"


def _known(curve: Curve | VerifiedCurve, outcome: Outcome) -> float:
    if isinstance(curve, VerifiedCurve):
        return curve.confidence(outcome.margin, outcome.verified or 0.0)
    return curve.confidence(outcome.score, outcome.margin)


def _area(outcomes: Sequence[Outcome]) -> float | None:
    present, absent = ([o for o in outcomes if o.there == there] for there in (True, False))
    found = rejection(present, absent)
    return found["auroc"] if found else None


def _written(curve: Curve | VerifiedCurve) -> str:
    if isinstance(curve, VerifiedCurve):
        values = f"{curve.bias:.2f}, {curve.margin_slope:.1f}, {curve.verified_slope:.2f}"
    else:
        values = f"{curve.centre:.3f}, {curve.score_slope:.1f}, {curve.margin_slope:.1f}"
    return f"{type(curve).__name__}({values})"


def _logistic(features: np.ndarray, positive: np.ndarray) -> list[float]:
    model = _model(features, positive)
    (score, margin), bias = model.coef_[0], model.intercept_[0]
    return [round(float(value), 4) for value in (-bias / score, score, margin)]


def _model(features: np.ndarray, positive: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression

    # The features are small numbers: any usual penalty would flatten their slopes.
    return LogisticRegression(C=1e6, max_iter=1000).fit(features, positive)


def _bins(outcomes: Sequence[Outcome], count: int = 10) -> list[list[float]]:
    """Ten equal ranges of confidence, those that hold a query."""
    held: list[list[Outcome]] = [[] for _ in range(count)]
    for outcome in outcomes:
        held[min(count - 1, int(count * outcome.confidence))].append(outcome)
    return [
        [
            round(float(np.mean([o.confidence for o in some])), 4),
            round(float(np.mean([o.twin == 1 for o in some])), 4),
            len(some),
        ]
        for some in held
        if some
    ]


def _error(outcomes: Sequence[Outcome]) -> float:
    confidence = np.array([o.confidence for o in outcomes])
    right = np.array([o.twin == 1 for o in outcomes])
    return round(evaluate.expected_calibration_error(confidence, right), 4)
