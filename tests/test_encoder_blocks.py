"""Which lines are one paragraph, and who speaks for it."""

from __future__ import annotations

from encoder.blocks import paragraphs, speakers
from encoder.boxes import Box


def _column(x: int, y: int, heights: list[int], pitch: int, width: int = 400) -> list[Box]:
    """Lines whose feet are `pitch` pixels apart."""
    return [
        Box(x, y + i * pitch - height, x + width - 7 * i, y + i * pitch)
        for i, height in enumerate(heights)
    ]


def test_a_paragraph_has_three_speakers() -> None:
    """Six lines, one of them without ascenders: the first, the widest inside and the last."""
    lines = _column(40, 100, [20, 20, 15, 20, 20, 20], 32)
    assert paragraphs(lines) == [[0, 1, 2, 3, 4, 5]]
    assert speakers(lines) == [0, 1, 1, 1, 1, 5]


def test_short_paragraphs_and_columns_speak_for_themselves() -> None:
    """Three lines stay three; a second column is no part of the first."""
    left, right = _column(40, 100, [20] * 3, 32), _column(500, 100, [20] * 5, 32)
    assert speakers([*left, *right]) == [0, 1, 2, 3, 4, 4, 4, 7]


def test_headings_between_are_left_out() -> None:
    """A higher line between two paragraphs, and one of the same height further away."""
    above, below = _column(40, 100, [20] * 4, 32), _column(40, 330, [20] * 4, 32)
    heading = Box(40, 230, 300, 275)
    assert paragraphs([*above, heading, *below]) == [[0, 1, 2, 3], [4], [5, 6, 7, 8]]
    apart = Box(40, 236, 300, 256)  # 40 pixels below the last line, where 32 are usual
    assert paragraphs([*above, apart])[1] == [4]


def test_nothing() -> None:
    """No lines, no paragraphs."""
    assert speakers([]) == [] and paragraphs([]) == []
