"""Hold the answer to a picture with several fonts against the truth, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoder.picture import read_picture
from index import evaluate
from index.answers import Match, Region, SearchAnswer
from index.benchmark.scenes import Scene, Spot

Json = dict[str, Any]
Finder = Callable[[np.ndarray], SearchAnswer]
_INSIDE = 0.6  # of a region's area must lie in a block for it to be a line of that block


@dataclass(frozen=True, slots=True)
class SpotOutcome:
    """What became of one block of text.

    `found`: some region lies in it, or runs through it and others of its family only. `rank`:
    place of its family in the rows of its largest region, twins credited, 0 = not among them.
    `blended`: its rows are also those of a block in another family, so that one of them must be
    wrong.
    """

    spot: Spot
    found: bool
    rank: int
    blended: bool


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """The blocks of a scene; `stray` of its `regions` lie in none of them."""

    scene: Scene
    spots: tuple[SpotOutcome, ...]
    regions: int
    stray: int
    ms: float


def ask(
    find: Finder, scenes: Sequence[Scene], *, on_progress: Callable[[int], None]
) -> list[SceneOutcome]:
    """One outcome a scene, in order."""
    outcomes = []
    for done, scene in enumerate(scenes, 1):
        outcomes.append(judge(scene, find(read_picture(scene.file.read_bytes()))))
        on_progress(done)
    return outcomes


def judge(scene: Scene, answer: SearchAnswer) -> SceneOutcome:
    """Which regions are which blocks, and whether their rows name the right family."""
    at = [_blocks(region, scene.spots) for region in answer.regions]
    leads = [_largest(answer.regions, at, spot) for spot in range(len(scene.spots))]
    # Lines of one font share their rows: the same families in the same order.
    fonts = [None if lead is None else _rows(lead.matches) for lead in leads]
    outcomes = []
    for number, (spot, lead) in enumerate(zip(scene.spots, leads, strict=True)):
        blended = lead is not None and any(
            other.family != spot.family and fonts[i] == fonts[number]
            for i, other in enumerate(scene.spots)
        )
        rank = evaluate.hit_rank(_credited(lead.matches), {spot.family}) if lead else 0
        outcomes.append(SpotOutcome(spot, lead is not None, rank, blended))
    stray = sum(not blocks for blocks in at)
    return SceneOutcome(scene, tuple(outcomes), len(at), stray, answer.took_ms)


def summary(outcomes: Sequence[SceneOutcome]) -> Json:
    """Shares over all blocks: `found`, `right` (@1, @5: blends are wrong), `blended`.

    `whole` is the share of scenes in which the largest block of every family has it first,
    `stray` that of the regions which are no text of the scene. `{"scenes": 0}` for none.
    """
    if not outcomes:
        return {"scenes": 0}
    spots = [spot for outcome in outcomes for spot in outcome.spots]
    whole = [_whole(outcome) for outcome in outcomes]
    regions = max(1, sum(outcome.regions for outcome in outcomes))
    return {
        "scenes": len(outcomes),
        "blocks": len(spots),
        "found": _share([spot.found for spot in spots]),
        "right": {str(k): _share([_right(spot, k) for spot in spots]) for k in (1, 5)},
        "blended": _share([spot.blended for spot in spots]),
        "whole": _share(whole),
        "stray": round(sum(outcome.stray for outcome in outcomes) / regions, 4),
        "latency_ms": evaluate.percentiles([outcome.ms for outcome in outcomes]),
    }


def by_level(outcomes: Sequence[SceneOutcome]) -> Json:
    """`{level: {"all", "seen", "unseen"}}`, each a `summary`."""
    levels = dict.fromkeys(outcome.scene.level for outcome in outcomes)
    return {
        level: {
            name: summary([o for o in outcomes if o.scene.level == level and o.scene.seen in sides])
            for name, sides in (("all", (True, False)), ("seen", (True,)), ("unseen", (False,)))
        }
        for level in levels
    }


def _right(spot: SpotOutcome, k: int) -> bool:
    return 1 <= spot.rank <= k and not spot.blended


def _whole(outcome: SceneOutcome) -> bool:
    largest: dict[str, SpotOutcome] = {}
    for spot in outcome.spots:
        before = largest.get(spot.spot.family)
        if before is None or _area(spot.spot.box) > _area(before.spot.box):
            largest[spot.spot.family] = spot
    return all(_right(spot, 1) for spot in largest.values())


def _blocks(region: Region, spots: Sequence[Spot]) -> list[int]:
    """The block that a region is a line of: the one with which it shares most.

    A line may run through several blocks, as a menu's entries; where these are of one family it
    is each one's, else nobody's.
    """
    box = tuple(map(float, region.box.as_list()))
    shared = [_shared(box, spot.box) for spot in spots]
    overlap = [
        part / (_area(box) + _area(spot.box) - part)
        for part, spot in zip(shared, spots, strict=True)
    ]
    inside = [i for i, part in enumerate(shared) if part >= _INSIDE * _area(box)]
    if inside:
        return [max(inside, key=lambda i: overlap[i])]
    through = [i for i, part in enumerate(shared) if part >= _INSIDE * _area(spots[i].box)]
    return through if len({spots[i].family for i in through}) == 1 else []


def _largest(regions: Sequence[Region], at: Sequence[list[int]], spot: int) -> Region | None:
    own = [region for region, blocks in zip(regions, at, strict=True) if spot in blocks]
    return max(own, key=lambda region: region.box.area, default=None)


def _rows(matches: Sequence[Match]) -> tuple[tuple[str, float], ...]:
    return tuple((match.family.id, match.score) for match in matches)


def _credited(matches: Sequence[Match]) -> list[set[str]]:
    return [{match.family.id, *(twin.id for twin in match.twins)} for match in matches]


def _area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _shared(one: Sequence[float], other: Sequence[float]) -> float:
    corners = (*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
    return _area(corners)


def _share(values: Sequence[bool]) -> float:
    return round(float(np.mean(values)), 4)
