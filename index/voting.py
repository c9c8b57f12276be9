"""From the neighbours of windows to ranked groups (families, faces); pure numpy.

A line's windows vote together, and so do a picture's lines. A window gives every group the
score of that group's best sample among its neighbours. A group that is not among them gets
the window's worst retrieved score: it cannot have been better than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tally:
    """`scores` float64 [G]; `seen` bool [G] tells which groups had a neighbour at all."""

    scores: NDArray[np.float64]
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a ranking: the group, its score and the groups that share the row."""

    group: int
    score: float
    folded: tuple[int, ...]


def tally_windows(groups: NDArray[np.integer], scores: NDArray[np.floating], count: int) -> Tally:
    """The mean over windows of every group's best score.

    `groups` int [N, k] in -1..count-1 (-1: no neighbour), `scores` [N, k] with -inf where
    the group is -1. N = 0, and windows without any neighbour, see nothing and score 0.
    """
    valid = (groups >= 0).any(axis=1) if groups.size else np.zeros(len(groups), bool)
    groups, scores = groups[valid], scores[valid].astype(np.float64)
    if not len(groups):
        return Tally(np.zeros(count), np.zeros(count, bool))
    worst = np.where(groups >= 0, scores, np.inf).min(axis=1)
    best = np.repeat(worst[:, None], count, axis=1)
    window, rank = np.nonzero(groups >= 0)
    at = groups[window, rank]
    np.maximum.at(best, (window, at), scores[window, rank])
    seen = np.zeros(count, bool)
    seen[at] = True
    return Tally(best.mean(axis=0), seen)


def merge_lines(tallies: Sequence[Tally], weights: Sequence[float]) -> Tally:
    """The weighted mean of the lines' tallies; `ValueError` without lines or weight."""
    total = float(sum(weights))
    if not tallies or total <= 0:
        raise ValueError(f"{len(tallies)} lines of weight {total} cannot vote")
    shares = np.array(weights, np.float64)[:, None] / total
    scores = (np.stack([tally.scores for tally in tallies]) * shares).sum(axis=0)
    seen = np.logical_or.reduce([tally.seen for tally in tallies])
    return Tally(scores, seen)


def rank(tally: Tally, twins: Mapping[int, frozenset[int]], k: int) -> list[Row]:
    """The k best groups that were seen, twins folded into the better one's row.

    A group joins the first row whose own group is its twin; twins of twins do not. Equal
    scores keep the order of the groups. Fewer than k seen groups give fewer rows.
    """
    order = np.argsort(-tally.scores, kind="stable")
    heads: list[int] = []
    folded: dict[int, list[int]] = {}
    for group in (int(g) for g in order if tally.seen[g]):
        relatives = twins.get(group, frozenset())
        home = next((head for head in heads if head in relatives), None)
        if home is not None:
            folded[home].append(group)
        elif len(heads) < k:
            heads.append(group)
            folded[group] = []
    return [Row(head, float(tally.scores[head]), tuple(folded[head])) for head in heads]


def best_members(
    tally: Tally, group_of: NDArray[np.integer], wanted: Sequence[int]
) -> dict[int, int]:
    """The best-scored seen member (a face) of every wanted group (its family).

    `group_of` int [M] gives each member's group. A wanted group always has a seen member
    when it was itself ranked from the same neighbours.
    """
    best: dict[int, int] = {}
    for group in wanted:
        members = np.flatnonzero((group_of == group) & tally.seen)
        best[group] = int(members[np.argmax(tally.scores[members])])
    return best
