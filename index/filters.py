"""Which families, and which of their faces, may answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from index.answers import FamilyInfo
from index.errors import QueryError

_WEIGHT = "([1-9][0-9]{0,2}|1000)"
WEIGHTS = f"{_WEIGHT}(-{_WEIGHT})?"  # "700", "300-500": a regular expression of the whole text


class Weighted(Protocol):
    """A face, of the database or of an answer."""

    @property
    def weight(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Filters:
    """What may answer; None means any, an empty set means none.

    Values are compared exactly with the families' own category, licence and source, any of them
    will do; a family must have letters for all of `scripts`. Of a family only the faces within
    `weights` (lightest, boldest; 1..1000, both included) answer.
    """

    category: frozenset[str] | None = None
    license: frozenset[str] | None = None
    source: frozenset[str] | None = None
    scripts: frozenset[str] | None = None
    weights: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        category: Iterable[str] | None = None,
        license: Iterable[str] | None = None,
        source: Iterable[str] | None = None,
        script: Iterable[str] | None = None,
        weight: str | None = None,
    ) -> Filters:
        """From what a person gives, where nothing means any; `weight` as "700" or "300-500".

        Raises `QueryError` for a weight that is not like `WEIGHTS`, or a range from end to start.
        """
        kept = [frozenset(values or ()) or None for values in (category, license, source, script)]
        return cls(kept[0], kept[1], kept[2], kept[3], _weights(weight) if weight else None)

    @property
    def is_empty(self) -> bool:
        """True when nothing is filtered."""
        return self == _NONE

    def admits(self, family: FamilyInfo) -> bool:
        """True when the family passes every filter that is set."""
        return (
            (self.category is None or family.category in self.category)
            and (self.license is None or family.license in self.license)
            and (self.source is None or family.source in self.source)
            and (self.scripts is None or self.scripts <= family.scripts)
        )

    def admits_face(self, face: Weighted) -> bool:
        """True when the face's weight is within the wanted ones."""
        return self.weights is None or self.weights[0] <= face.weight <= self.weights[1]


_NONE = Filters()


def _weights(text: str) -> tuple[int, int]:
    if not re.fullmatch(WEIGHTS, text):
        raise QueryError(
            f"weight is {text!r}; one like 700 or a range like 300-500 is needed, from 1 to 1000"
        )
    low, _, high = text.partition("-")
    weights = int(low), int(high or low)
    if weights[0] > weights[1]:
        raise QueryError(f"weight is {text!r}; a range names the lighter first")
    return weights
