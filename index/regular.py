"""Which face stands for a family: the one rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Styled(Protocol):
    """A face: weight 1..1000, slope, width in percent (100 is normal)."""

    @property
    def weight(self) -> int: ...
    @property
    def italic(self) -> bool: ...
    @property
    def width(self) -> int: ...


Face = TypeVar("Face", bound=Styled)


def regular_first(faces: Iterable[Face]) -> list[Face]:
    """The faces from the regular-most on: upright, of normal width, near weight 400.

    Of two alike, the one that came first.
    """
    return sorted(faces, key=lambda f: (f.italic, abs(f.width - 100), abs(f.weight - 400)))
