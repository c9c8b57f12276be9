"""From the vectors of a picture's lines to rows of an answer, inside one view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.answers import Filters, Match
from index.store import Neighbours
from index.verdict import confidences
from index.view import View
from index.voting import Row, Tally, best_members, merge_lines, rank, tally_windows

DEPTH = 200  # neighbours a window; more are fetched when they do not make k rows
_GROWTH = 4


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
    """The k best rows for all lines together and for each alone.

    `lines` are float32 [n, D], n >= 1, at least one; `weights` say how much each counts.
    `without` is the position of a family that must not answer. Rows are fewer than k only
    when the filters leave fewer.
    """
    allowed = view.allowed(filters, without=without)
    reachable = len(view.store) if allowed is None else len(allowed)
    depth = max(DEPTH, 40 * k)
    while True:
        found = view.store.search(np.concatenate(lines), depth, allowed=allowed)
        votes = [_votes(view, part) for part in _split(found, lines)]
        whole = _merged(votes, weights)
        tables = [rank(vote.families, view.twin_sets, k) for vote in (whole, *votes)]
        if depth >= reachable or all(len(rows) >= k for rows in tables):
            break
        depth *= _GROWTH
    picture, *each = (
        _matches(view, vote, rows, filters)
        for vote, rows in zip((whole, *votes), tables, strict=True)
    )
    return Ranked(picture, tuple(each))


@dataclass(frozen=True, slots=True)
class _Votes:
    """The tallies of families and of faces from the same neighbours."""

    families: Tally
    faces: Tally


def _votes(view: View, found: Neighbours) -> _Votes:
    faces = view.faces_of(found.ids)
    families = view.families_of(faces)
    return _Votes(
        tally_windows(families, found.scores, len(view.families)),
        tally_windows(faces, found.scores, len(view.faces)),
    )


def _merged(votes: Sequence[_Votes], weights: Sequence[float]) -> _Votes:
    return _Votes(
        merge_lines([vote.families for vote in votes], weights),
        merge_lines([vote.faces for vote in votes], weights),
    )


def _split(found: Neighbours, lines: Sequence[NDArray[np.float32]]) -> list[Neighbours]:
    """The neighbours of each line's own windows."""
    ends = np.cumsum([len(line) for line in lines])[:-1]
    parts = zip(np.split(found.ids, ends), np.split(found.scores, ends), strict=True)
    return [Neighbours(ids, scores) for ids, scores in parts]


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
