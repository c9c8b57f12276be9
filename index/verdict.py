"""How sure an answer is, from its scores; pure.

The confidence of a row is a logistic function that grows with the row's score and with its
margin (the distance to the best other row: positive for the first row only). The constants
are a logistic regression over the benchmark's seen families; every run of it prints what they
should be (`calibration.fit_seen` in the record). They belong to the shipped encoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from index.answers import Verdict


@dataclass(frozen=True, slots=True)
class Curve:
    """`centre`: the score at which a row without margin is as likely right as wrong; logits per
    unit of score and of margin.
    """

    centre: float
    score_slope: float
    margin_slope: float

    def confidence(self, score: float, margin: float) -> float:
        """The logistic of both, in 0..1."""
        logit = self.score_slope * (score - self.centre) + self.margin_slope * margin
        return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))


VOTED = Curve(0.927, 8.8, 50.9)
PROVED = Curve(0.899, 9.5, 52.6)
MATCH_AT = 0.6  # confidence of the first row from which the answer says "match"
SIMILAR_AT = 0.2  # ... "similar"; below it says "unknown"


def confidences(scores: Sequence[float], *, proved: bool = False) -> list[float]:
    """One number in 0..1 a row, for `scores` sorted downwards; a lone row has no margin.

    `proved` says that the rows were compared by drawing the picture's words.
    """
    curve = PROVED if proved else VOTED
    return [curve.confidence(score, _margin(scores, i)) for i, score in enumerate(scores)]


def verdict(confidence: Sequence[float]) -> Verdict:
    """What the first row's confidence amounts to; "unknown" without rows."""
    first = confidence[0] if confidence else 0.0
    if first >= MATCH_AT:
        return "match"
    return "similar" if first >= SIMILAR_AT else "unknown"


def _margin(scores: Sequence[float], i: int) -> float:
    others = [score for j, score in enumerate(scores) if j != i]
    return scores[i] - max(others) if others else 0.0
