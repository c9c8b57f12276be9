"""How sure an answer is, from its scores; pure.

Two questions, each answered by a logistic function that grows with a row's score and with its
margin (the distance to the best other row: positive for the first row only). Is this row right,
given that the font is in the catalogue (`confidence`)? And is the font in the catalogue at all,
if half of those that are asked for are not (`known`)? Where the picture's words were drawn, that
one goes by the verifier's logit instead of the score. The constants are logistic regressions over
the benchmark's seen families, the second one over each query twice, once without its family;
`python -m scripts.fit_verdict` prints what they should be, from the answers that a run of it has
kept. They belong to the shipped encoder.
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
        return _logistic(self.score_slope * (score - self.centre) + self.margin_slope * margin)


@dataclass(frozen=True, slots=True)
class VerifiedCurve:
    """Logits: `bias` without margin where the verifier is undecided; per unit of margin and of the
    verifier's own.
    """

    bias: float
    margin_slope: float
    verified_slope: float

    def confidence(self, margin: float, verified: float) -> float:
        """The logistic of both, in 0..1."""
        return _logistic(
            self.bias + self.margin_slope * margin + self.verified_slope * within(verified)
        )


# By the vote alone, and once the picture's words were drawn.
VOTED = Curve(0.806, 8.4, 52.9)
PROVED = Curve(0.783, 4.0, 28.6)
KNOWN_VOTED = Curve(0.775, 18.1, 10.6)
KNOWN_PROVED = VerifiedCurve(-1.23, 10.4, 0.29)
_SURE = 8.0
MATCH_AT = 0.6  # confidence of the first row, and
KNOWN_AT = 0.3  # `known` from which the answer says "match": even odds if 3 of 10 are not in there
LEAST_LETTERS = 2  # for a match
SIMILAR_AT = 0.1  # `known` from which it says "similar"; below "unknown"


def confidences(scores: Sequence[float], *, proved: bool = False) -> list[float]:
    """One number in 0..1 a row, for `scores` sorted downwards; a lone row has no margin.

    `proved` says that the rows were compared by drawing the picture's words.
    """
    curve = PROVED if proved else VOTED
    return [curve.confidence(score, _margin(scores, i)) for i, score in enumerate(scores)]


def known(scores: Sequence[float], verified: float | None = None) -> float:
    """The chance, 0..1, that the picture's font is in the catalogue; 0 without rows.

    `verified` is the verifier's logit of the first row, None where nothing was drawn.
    """
    if not scores:
        return 0.0
    margin = _margin(scores, 0)
    if verified is None:
        return KNOWN_VOTED.confidence(scores[0], margin)
    return KNOWN_PROVED.confidence(margin, verified)


def within(verified: float) -> float:
    """The verifier's logit without its extremes, which say no more than that it is sure."""
    return max(-_SURE, min(_SURE, verified))


def verdict(confidence: float, in_catalogue: float, letters: int | None = None) -> Verdict:
    """What the first row's confidence and `known` amount to.

    `letters` is how many were read of the line, None where nothing was read. One alone never
    makes a match: hundreds of fonts share an "l", and to the reader a smiley is a "0".
    """
    enough = letters is None or letters >= LEAST_LETTERS
    if enough and confidence >= MATCH_AT and in_catalogue >= KNOWN_AT:
        return "match"
    return "similar" if in_catalogue >= SIMILAR_AT else "unknown"


def _logistic(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))


def _margin(scores: Sequence[float], i: int) -> float:
    others = [score for j, score in enumerate(scores) if j != i]
    return scores[i] - max(others) if others else 0.0
