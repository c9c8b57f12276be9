"""The dots of the map that the page itself carries: there before any script has run."""

from __future__ import annotations

from collections.abc import Iterable

from index.familymap import SIDE, Place

DOTS_SIDE = 1000  # units of the picture's side: finer than a screen's pixels are wasted bytes


def dots(places: Iterable[Place]) -> dict[str, str]:
    """Category -> an SVG path, a stroke of no length where each of its families is.

    In order of their places, so that the paths compress well.
    """
    drawn: dict[str, set[tuple[int, int]]] = {}
    for place in places:
        at = (place.y * DOTS_SIDE // SIDE, place.x * DOTS_SIDE // SIDE)
        drawn.setdefault(place.family.category, set()).add(at)
    return {
        category: "".join(f"M{x} {y}h0" for y, x in sorted(found))
        for category, found in sorted(drawn.items())
    }
