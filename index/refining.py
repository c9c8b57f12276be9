"""The best families of a vote anew, by late interaction (see `index.columns`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.voting import Tally, leading_members, merge_lines, tally_families

Late = Callable[[int, Sequence[int]], NDArray[np.float64]]
"""(line, faces by position) -> how well each face has the line's columns; -inf: unknown"""

FAMILIES = 100  # of a vote that are looked at again: past them the right one hardly ever is
FACES = 4  # of each, those that the vote likes best: with all of them the same families come first
_WHOLE = 10  # of the best families all faces are asked for: which of them it is, and so the weight
_SHARE = 0.7  # of the new score; the vote has the rest


def refined(
    vote: Tally,
    faces: Mapping[int, Tally],
    weights: Mapping[int, float],
    family_of_face: NDArray[np.integer],
    late: Late,
    count: int,
) -> tuple[Tally, dict[int, Tally]]:
    """The vote on families with the best `count` of them scored anew, and so the lines' on faces.

    `faces` are the tallies of the font's lines that speak, by line, with their `weights`. A family
    is scored by the face that each line likes best. Those past the best `count` stay behind them,
    in their order; a family without columns moves as the others do on average.
    """
    best = vote.leading(count)
    among = np.isin(family_of_face, best)
    anew: dict[int, Tally] = {}
    found: list[Tally] = []
    for line, tally in faces.items():
        here = Tally(np.zeros(len(tally.scores)), np.zeros(len(tally.scores), bool))
        _ask(here, line, leading_members(tally, family_of_face, among, FACES), late)
        anew[line] = here
        found.append(tally_families(here, family_of_face, len(vote.scores)))
    together = merge_lines(found, [weights[line] for line in faces])
    mixed = _mixed(vote, together)
    rest = vote.seen.copy()
    rest[best] = False
    if len(best) and rest.any():
        above = mixed.scores[rest].max() - mixed.scores[best].min()
        mixed.scores[rest] -= max(0.0, above)
    shown = among & np.isin(family_of_face, mixed.leading(_WHOLE))
    for line, tally in faces.items():
        _ask(anew[line], line, np.flatnonzero(shown & tally.seen & ~anew[line].seen), late)
    return mixed, {line: _mixed(tally, anew[line]) for line, tally in faces.items()}


def _ask(tally: Tally, line: int, faces: NDArray[np.integer], late: Late) -> None:
    """Write into `tally` how well these faces have the line's columns, where that is known."""
    if not len(faces):
        return
    scores = late(line, faces.tolist())
    known = np.isfinite(scores)
    tally.scores[faces[known]] = scores[known]
    tally.seen[faces[known]] = True


def _mixed(vote: Tally, late: Tally) -> Tally:
    """The vote with `late` in it; who is not in that moves by as much as the others on average."""
    known = late.seen & vote.seen
    moved = _SHARE * np.where(known, late.scores - vote.scores, 0.0)
    moved[~known] = moved[known].mean() if known.any() else 0.0
    return Tally(np.where(vote.seen, vote.scores + moved, vote.scores), vote.seen)
