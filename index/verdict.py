"""How sure an answer is, from its scores; pure.

Two questions, each answered by a logistic function that grows with a row's score and with its
margin (the distance to the best other row: positive for the first row only). Is this row right,
given that the font is in the catalogue (`confidence`)? And is the font in the catalogue at all,
if half of those that are asked for are not (`known`)? The constants are logistic regressions over
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
        logit = self.score_slope * (score - self.centre) + self.margin_slope * margin
        return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))


# By the vote alone, and once the picture's words were drawn.
VOTED = Curve(0.806, 8.4, 52.9)
PROVED = Curve(0.828, 6.9, 45.0)
KNOWN_VOTED = Curve(0.775, 18.1, 10.6)
KNOWN_PROVED = Curve(0.895, 17.1, 19.0)
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


def known(scores: Sequence[float], *, proved: bool = False) -> float:
    """The chance, 0..1, that the picture's font is in the catalogue; 0 without rows."""
    curve = KNOWN_PROVED if proved else KNOWN_VOTED
    return curve.confidence(scores[0], _margin(scores, 0)) if scores else 0.0


def verdict(confidence: float, in_catalogue: float, letters: int | None = None) -> Verdict:
    """What the first row's confidence and `known` amount to.

    `letters` is how many were read of the line, None where nothing was read. One alone never
    makes a match: hundreds of fonts share an "l", and to the reader a smiley is a "0".
    """
    enough = letters is None or letters >= LEAST_LETTERS
    if enough and confidence >= MATCH_AT and in_catalogue >= KNOWN_AT:
        return "match"
    return "similar" if in_catalogue >= SIMILAR_AT else "unknown"


def _margin(scores: Sequence[float], i: int) -> float:
    others = [score for j, score in enumerate(scores) if j != i]
    return scores[i] - max(others) if others else 0.0
