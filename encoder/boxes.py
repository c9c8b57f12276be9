"""A rectangle in a picture."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the upright picture; `x1` and `y1` are exclusive.

    Raises `ValueError` when it is inverted or empty.
    """

    x0: int
    y0: int
    x1: int
    y1: int

    def __post_init__(self) -> None:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(f"box {self.as_list()} is empty: x0 < x1 and y0 < y1 are needed")

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.y1 - self.y0

    @property
    def area(self) -> int:
        """Width times height, in pixels."""
        return self.width * self.height

    def as_list(self) -> list[int]:
        """`[x0, y0, x1, y1]`, as the API writes it."""
        return list(astuple(self))

    def moved(self, dx: int, dy: int) -> Box:
        """The same box `dx` pixels to the right and `dy` down."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def within(self, width: int, height: int) -> Box:
        """The part inside a `width` x `height` picture; `ValueError` when nothing is."""
        return Box(max(self.x0, 0), max(self.y0, 0), min(self.x1, width), min(self.y1, height))
