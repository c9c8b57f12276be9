"""From the scores of samples to ranked groups (faces, families); pure numpy.

A line's windows vote together, and so do a picture's lines. Samples that show the same text,
drawn by two rasterisers, count as the better of them. A window gives every group a weighted
mean of that group's four best: one sample alone may be near by chance, and about four of a
face's lines show the letters of the query's case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What a group's best samples count, the best first; measured on the benchmark's seen families.
SHARES = (0.5, 0.2, 0.15, 0.15)


@dataclass(frozen=True, slots=True)
class Tally:
    """`scores` float64 [G]; `seen` bool [G] tells which groups were scored at all."""

    scores: NDArray[np.float64]
    seen: NDArray[np.bool_]

    def first(self) -> int:
        """The best group that was seen; 0 when none was, which scores 0."""
        return int(np.argmax(np.where(self.seen, self.scores, -np.inf)))

    def leading(self, count: int) -> NDArray[np.int64]:
        """The best `count` groups that were seen, or all of them, the best first."""
        order = np.argsort(np.where(self.seen, -self.scores, np.inf), kind="stable")
        return order[: min(count, int(self.seen.sum()))]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a ranking: the group, its score and the groups that share the row."""

    group: int
    score: float
    folded: tuple[int, ...]


def best_of_lines(
    scores: NDArray[np.floating], lines: NDArray[np.integer], groups: NDArray[np.integer]
) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """The best sample of every line: scores [N, L] and groups [L] of `scores` [N, M].

    `lines` int [M] says which samples belong together; all of a line have one group.
    """
    order = np.argsort(lines, kind="stable")
    _, first = np.unique(lines[order], return_index=True)
    if not len(first):
        return scores, groups
    return np.maximum.reduceat(scores[:, order], first, axis=1), groups[order][first]


def tally_windows(scores: NDArray[np.floating], groups: NDArray[np.integer], count: int) -> Tally:
    """The mean over windows of every group's best samples, weighted by SHARES.

    `scores` [N, M] are finite, `groups` int [M] in 0..count-1 says whose each sample is. A
    group of fewer samples shares the weight among those. N = 0 and groups without a sample:
    unseen, 0.
    """
    tally = Tally(np.zeros(count), np.zeros(count, bool))
    if not scores.size:
        return tally
    order = np.argsort(groups, kind="stable")
    present, first, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    place = first[:, None] + np.arange(sizes.max())
    inside = place < (first + sizes)[:, None]
    ordered = scores[:, order].astype(np.float64)
    table = np.where(inside, ordered[:, np.where(inside, place, 0)], -np.inf)
    best = -np.sort(-table, axis=2)[:, :, : len(SHARES)]
    shares = np.where(inside[:, : best.shape[2]], SHARES[: best.shape[2]], 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    means = (np.where(np.isfinite(best), best, 0.0) * shares).sum(axis=2)
    tally.scores[present] = means.mean(axis=0)
    tally.seen[present] = True
    return tally


def tally_families(faces: Tally, family_of_face: NDArray[np.integer], count: int) -> Tally:
    """A family has the score of its best seen face; `family_of_face` int [faces]."""
    scores = np.full(count, -np.inf)
    np.maximum.at(scores, family_of_face[faces.seen], faces.scores[faces.seen])
    seen = np.isfinite(scores)
    return Tally(np.where(seen, scores, 0.0), seen)


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


def leading_members(
    tally: Tally, group_of: NDArray[np.integer], among: NDArray[np.bool_], most: int
) -> NDArray[np.int64]:
    """Of each group the `most` best-scored of its members that were seen and are `among` these.

    `group_of` int [M], `among` bool [M]; positions, ascending.
    """
    asked = np.flatnonzero(among & tally.seen)
    order = asked[np.lexsort((-tally.scores[asked], group_of[asked]))]
    _, first, sizes = np.unique(group_of[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, sizes)
    return np.sort(order[place < most])


def best_members(
    tally: Tally, group_of: NDArray[np.integer], wanted: Sequence[int]
) -> dict[int, int]:
    """The best-scored seen member (a face) of every wanted group (its family).

    `group_of` int [M] gives each member's group. A wanted group always has a seen member
    when it was itself ranked from the same neighbours.
    """
    leading = leading_members(tally, group_of, np.isin(group_of, wanted), 1)
    return dict(zip(group_of[leading].tolist(), leading.tolist(), strict=True))
