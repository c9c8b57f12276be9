"""From the vectors of a picture's lines to rows of an answer, inside one view.

The index names the candidates: every family with a sample among the nearest of some window.
All samples of a candidate are then scored for all windows, so that a family is judged by the
same evidence whether or not its second-best lines were among the nearest.

A picture may show several fonts. Its lines are sorted into groups of one font each: the most
prominent line with the lines that fit its best family nearly as well, then the most prominent
of those that are left, and so on. The lines of a group vote together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.answers import Match
from index.filters import Filters
from index.refining import FACES, FAMILIES, Late, refined
from index.verdict import confidences
from index.view import View
from index.voting import (
    Row,
    Tally,
    best_members,
    best_of_lines,
    leading_members,
    merge_lines,
    rank,
    tally_families,
    tally_windows,
)

DEPTH = 100  # neighbours a window at least; 40 a row, more when they do not make k rows
_GROWTH = 4
# A line is set in the leader's font when the leader's family fits it nearly as well as its own
# best one, and nearly as well as the leader. On the benchmark's seen pages 0.12 blends two fonts.
_SAME_FONT = 0.08
_SAME_FIT = 0.2
_OWN = 10  # families of a line's vote, of which that is its own which fits best
_REFINED = 8  # fonts of a picture whose families are scored anew
WITNESSES = 2  # lines beside the leader whose faces are named
_TWINS = 3  # of a row whose faces are named
_OTHERS = 3  # faces of a row's family beside the best one that are named
_PROMINENCE = 4  # power of a line's best score beside its weight: drawings are no text


@dataclass(frozen=True, slots=True)
class Group:
    """Lines in one font, by their positions: the most prominent of them, all, their rows.

    `faces` are, for the leader first and up to WITNESSES lines of most weight beside it, and for
    each row, the best faces of its family and of the closest of its twins: a font's lines may be
    bold and regular. `others` are the next best of the row's own family. The faces of `matches`
    are those of the leader.
    """

    leader: int
    lines: tuple[int, ...]
    matches: tuple[Match, ...]
    faces: Mapping[int, tuple[tuple[str, ...], ...]]
    others: Mapping[int, tuple[tuple[str, ...], ...]]


def rank_lines(
    view: View,
    lines: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    k: int,
    filters: Filters,
    *,
    late: Late | None = None,
    faces: NDArray[np.bool_] | None = None,
) -> tuple[Group, ...]:
    """The fonts of a picture, the most prominent first, each with its k best rows.

    `lines` are float32 [n, D], n >= 1, at least one; `weights` say how much each counts.
    Every line is in one group. With `late`, the lines are sorted into fonts by it, and the best
    families of the first fonts scored anew. `faces` bool [faces] says which faces of the view may
    answer; all that pass the filters by default. Rows are fewer than k only when these leave fewer.
    """
    allowed = view.allowed(filters) if faces is None else view.samples_of_faces(faces)
    reachable = len(view.store) if allowed is None else len(allowed)
    rows_wanted = max(k, 2)  # a lone row has no margin: its confidence would depend on k
    depth = max(DEPTH, 40 * k)
    while True:
        votes = _votes(view, lines, depth, allowed)
        fonts = list(_fonts(votes, weights, _Fit(votes, view, late)))
        tables = [rank(font.vote, view.twin_sets, rows_wanted) for font in fonts]
        if depth >= reachable or all(len(rows) >= rows_wanted for rows in tables):
            break
        depth *= _GROWTH
    groups = []
    for at, (font, rows) in enumerate(zip(fonts, tables, strict=True)):
        spoken = {line: votes[line].faces for line in _heaviest(font, weights)}
        if late is not None and at < _REFINED:
            count = max(FAMILIES, 3 * rows_wanted)
            shares = dict(enumerate(weights))
            vote, spoken = refined(font.vote, spoken, shares, view.family_of_face, late, count)
            rows = rank(vote, view.twin_sets, rows_wanted)
        groups.append(
            Group(
                font.leader,
                font.lines,
                _matches(view, spoken[font.leader], rows, filters)[:k],
                {
                    line: tuple(_faces(view, tally, row) for row in rows[:k])
                    for line, tally in spoken.items()
                },
                {line: _others(view, tally, rows[:k]) for line, tally in spoken.items()},
            )
        )
    return tuple(groups)


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
    ids, owners, texts = view.samples_of_families(view.faces_of(near), allowed)
    scores, faces = best_of_lines(view.store.score(vectors, ids), texts, owners)
    ends = np.cumsum([len(line) for line in lines])[:-1]
    tallies = [tally_windows(part, faces, len(view.faces)) for part in np.split(scores, ends)]
    return [
        _Votes(tally_families(tally, view.family_of_face, len(view.families)), tally)
        for tally in tallies
    ]


@dataclass(frozen=True, slots=True)
class _Font:
    leader: int
    lines: tuple[int, ...]
    vote: Tally


class _Fit:
    """How well families fit lines: by late interaction, or by the vote where there is none."""

    def __init__(self, votes: Sequence[_Votes], view: View, late: Late | None) -> None:
        self._votes, self._view, self._late = votes, view, late

    def own(self, line: int) -> tuple[int, float]:
        """The family that fits a line best, of those that its vote puts first, and how well."""
        leading = self._votes[line].families.leading(_OWN).tolist()
        return max(((family, self(line, family)) for family in leading), key=lambda each: each[1])

    def __call__(self, line: int, family: int) -> float:
        """-inf for a family of which nothing is known."""
        if self._late is None:
            return float(self._votes[line].families.scores[family])
        family_of_face = self._view.family_of_face
        among = family_of_face == family
        faces = leading_members(self._votes[line].faces, family_of_face, among, FACES)
        return float(self._late(line, faces.tolist()).max(initial=-np.inf))


def _fonts(votes: Sequence[_Votes], weights: Sequence[float], fit: _Fit) -> Iterator[_Font]:
    """The lines in groups of one font, the most prominent first."""
    if len(votes) == 1 or not votes[0].families.seen.any():  # nothing to tell apart, or nothing by
        yield _Font(0, tuple(range(len(votes))), votes[0].families)
        return
    best = [float(vote.families.scores[vote.families.first()]) for vote in votes]
    standing = [w * max(0.0, score) ** _PROMINENCE for w, score in zip(weights, best, strict=True)]
    own = [fit.own(line) for line in range(len(votes))]
    left = list(range(len(votes)))
    while left:
        leader = max(left, key=lambda i: standing[i])
        family, enough = own[leader][0], own[leader][1] - _SAME_FIT
        joined = [i for i in left if fit(i, family) >= max(own[i][1] - _SAME_FONT, enough)]
        together = [votes[i].families for i in joined]
        vote = merge_lines(together, [weights[i] for i in joined])
        yield _Font(leader, tuple(joined), vote)
        left = [i for i in left if i not in joined]


def _heaviest(font: _Font, weights: Sequence[float]) -> list[int]:
    """The leader, then the lines of its font that may bear witness."""
    others = sorted(set(font.lines) - {font.leader}, key=lambda line: -weights[line])
    return [font.leader, *others[:WITNESSES]]


def _matches(view: View, tally: Tally, rows: Sequence[Row], filters: Filters) -> tuple[Match, ...]:
    faces = best_members(tally, view.family_of_face, [row.group for row in rows])
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


def _faces(view: View, tally: Tally, row: Row) -> tuple[str, ...]:
    families = (row.group, *row.folded[:_TWINS])
    best = best_members(tally, view.family_of_face, families)
    return tuple(view.faces[best[family]].id for family in families)


def _others(view: View, tally: Tally, rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    families = view.family_of_face
    among = np.isin(families, [row.group for row in rows])
    faces = leading_members(tally, families, among, 1 + _OTHERS)
    order = faces[np.argsort(-tally.scores[faces], kind="stable")]
    best = [order[families[order] == row.group] for row in rows]
    return tuple(tuple(view.faces[face].id for face in some[1:]) for some in best)


def preview_url(face_id: str) -> str:
    """Where the API shows the face."""
    return f"/v1/faces/{face_id}/preview.png"
