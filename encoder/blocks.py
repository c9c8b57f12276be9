"""Which lines of a page are one paragraph: a few of its lines speak for all."""

from __future__ import annotations

from collections.abc import Sequence

from encoder.boxes import Box

_SPEAKERS = 3  # lines of a paragraph that are looked at: its first, one in the middle, its last
_GAP = 1.6  # line heights between the lines of a paragraph at most
_INDENT = 1.0  # line heights by which their beginnings may differ
_HEIGHTS = 1.6  # "acorn" is so much lower than "Apply"
_EVEN = 0.12  # share by which the distance of lines may vary


def speakers(boxes: Sequence[Box]) -> list[int]:
    """For each line the position of the line that speaks for it, mostly itself.

    In a paragraph of more than three lines these are the first, a middle one and the last: a
    heading above it or a note below it, in letters of the same height, still speaks for itself.
    """
    speaker = list(range(len(boxes)))
    for paragraph in paragraphs(boxes):
        if len(paragraph) > _SPEAKERS:
            inner = paragraph[1:-1]
            middle = max(inner, key=lambda i: boxes[i].width)
            for i in inner:
                speaker[i] = middle
    return speaker


def paragraphs(boxes: Sequence[Box]) -> list[list[int]]:
    """The lines in groups of equal distance below each other, by position; each from the top."""
    found: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: (boxes[i].y0, boxes[i].x0)):
        above = next((p for p in found if _continues([boxes[j] for j in p], boxes[i])), None)
        if above is None:
            found.append([i])
        else:
            above.append(i)
    return found


def _continues(paragraph: Sequence[Box], line: Box) -> bool:
    above = paragraph[-1]
    low, high = sorted((above.height, line.height))
    if high > _HEIGHTS * low or abs(line.x0 - above.x0) > _INDENT * high:
        return False
    if not -0.3 * low <= line.y0 - above.y1 <= _GAP * high:
        return False
    if len(paragraph) == 1:
        return True
    # The tops and the feet of lines each stand as far apart as those before; one of the two may
    # be a letter higher or lower.
    before = paragraph[-2]
    pitch = (above.y0 + above.y1 - before.y0 - before.y1) / 2
    apart = (line.y0 - above.y0, line.y1 - above.y1)
    return min(abs(each - pitch) for each in apart) <= _EVEN * pitch
