"""From the vectors of a picture's lines to rows of an answer, inside one view.

The index names the candidates: every family with a sample among the nearest of some window.
All samples of a candidate are then scored for all windows, so that a family is judged by the
same evidence whether or not its second-best lines were among the nearest.

A picture may show several fonts. Its rows are those of its most prominent line and of the
lines that may be set in the same font: lines that fit its best family nearly as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.answers import Filters, Match
from index.verdict import confidences
from index.view import View
from index.voting import (
    Row,
    Tally,
    best_members,
    best_of_lines,
    merge_lines,
    rank,
    tally_families,
    tally_windows,
)

DEPTH = 100  # neighbours a window at least; 40 a row, more when they do not make k rows
_GROWTH = 4
_SAME_FONT = 0.2  # a line that fits the leader's family worse by more is set in another font
_PROMINENCE = 4  # power of a line's best score beside its weight: drawings are no text


@dataclass(frozen=True, slots=True)
class Ranked:
    """The picture's matches, and those of each line in the order given."""

    matches: tuple[Match, ...]
    lines: tuple[tuple[Match, ...], ...]


def rank_lines(
    view: View,
    lines: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    k: int,
    filters: Filters,
    *,
    without: int | None = None,
) -> Ranked:
    """The k best rows for the picture's most prominent font and for each line alone.

    `lines` are float32 [n, D], n >= 1, at least one; `weights` say how much each counts.
    `without` is the position of a family that must not answer. Rows are fewer than k only
    when the filters leave fewer.
    """
    allowed = view.allowed(filters, without=without)
    reachable = len(view.store) if allowed is None else len(allowed)
    rows_wanted = max(k, 2)  # a lone row has no margin: its confidence would depend on k
    depth = max(DEPTH, 40 * k)
    while True:
        votes = _votes(view, lines, depth, allowed)
        whole = _most_prominent(votes, weights)
        tables = [rank(vote.families, view.twin_sets, rows_wanted) for vote in (whole, *votes)]
        if depth >= reachable or all(len(rows) >= rows_wanted for rows in tables):
            break
        depth *= _GROWTH
    picture, *each = (
        _matches(view, vote, rows, filters)[:k]
        for vote, rows in zip((whole, *votes), tables, strict=True)
    )
    return Ranked(picture, tuple(each))


@dataclass(frozen=True, slots=True)
class _Votes:
    """The tallies of families and of faces from the same samples."""

    families: Tally
    faces: Tally


def _votes(
    view: View,
    lines: Sequence[NDArray[np.float32]],
    depth: int,
    allowed: NDArray[np.int64] | None,
) -> list[_Votes]:
    """The vote of each line on every candidate of the picture."""
    vectors = np.concatenate(lines)
    near = view.store.search(vectors, depth, allowed=allowed).ids
    ids, owners, texts = view.samples_of_families(view.faces_of(near))
    scores, faces = best_of_lines(view.store.score(vectors, ids), texts, owners)
    ends = np.cumsum([len(line) for line in lines])[:-1]
    tallies = [tally_windows(part, faces, len(view.faces)) for part in np.split(scores, ends)]
    return [
        _Votes(tally_families(tally, view.family_of_face, len(view.families)), tally)
        for tally in tallies
    ]


def _most_prominent(votes: Sequence[_Votes], weights: Sequence[float]) -> _Votes:
    """The vote of the most prominent line and of all lines in its font, by their weights."""
    tallies = [vote.families for vote in votes]
    if not tallies[0].seen.any():
        return votes[0]
    best = [max(0.0, float(tally.scores[tally.first()])) for tally in tallies]
    standing = [w * score**_PROMINENCE for w, score in zip(weights, best, strict=True)]
    leader = int(np.argmax(standing))
    family = tallies[leader].first()
    least = float(tallies[leader].scores[family]) - _SAME_FONT
    joined = [i for i, tally in enumerate(tallies) if tally.scores[family] >= least]
    shares = [weights[i] for i in joined]
    return _Votes(
        merge_lines([tallies[i] for i in joined], shares),
        merge_lines([votes[i].faces for i in joined], shares),
    )


def _matches(view: View, vote: _Votes, rows: Sequence[Row], filters: Filters) -> tuple[Match, ...]:
    faces = best_members(vote.faces, view.family_of_face, [row.group for row in rows])
    sure = confidences([row.score for row in rows])
    return tuple(
        Match(
            family=view.families[row.group],
            face=view.faces[faces[row.group]],
            score=min(1.0, max(0.0, row.score)),
            confidence=confidence,
            twins=view.twin_infos(row.group, filters),
            preview_url=preview_url(view.faces[faces[row.group]].id),
        )
        for row, confidence in zip(rows, sure, strict=True)
    )


def preview_url(face_id: str) -> str:
    """Where the API shows the face."""
    return f"/v1/faces/{face_id}/preview.png"
