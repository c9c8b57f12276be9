"""Lines beside the same words in faces that look alike, to learn telling them apart.

A line is drawn in a face and distorted as everywhere in training. Beside it stand the same words
as a proof draws them: in that face, and in some of those that are nearest to it. One window of
all of them, at the same place, is an example. Some words have a wrong letter, as when read wrongly.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from encoder.boxes import Box
from encoder.distort import STEPS, distort_ink, draw_ink
from encoder.prepare import HEIGHT, WIDTH, Line, cut_windows, line_strip
from encoder.redraw import aligned, fitted
from encoder.training.batches import Numbered
from encoder.training.browser_lines import BrowserLines
from encoder.training.faces import TrainingFace
from encoder.training.replay import jittered
from encoder.training.text import draw_text
from encoder.typeset import TypesetError

_TRIES = 8
_NEAREST = 12  # of the neighbours: those that are asked for more often
_OFF = 0.1  # of how far an encoder's windows are moved when they come again
_LOOSE = 0.2  # of the lines: not cut at their ink
_MISREAD = 0.06  # of the lines: their words are drawn with one letter wrong
_SAME = 0.006  # apart: closer drawings are the same letters for this text, and teach nothing


@dataclass(frozen=True, slots=True)
class Pairs:
    """`lines` uint8 [N, 1, H, W]; `drawings` uint8 [N, C, H, W], the first in the line's face.

    255 = paper. `told` bool [N, C]: False for a drawing that cannot be told from the first.
    `again`: they were learned before, a little different.
    """

    lines: torch.Tensor
    drawings: torch.Tensor
    told: torch.Tensor
    again: bool = False

    def to(self, device: torch.device) -> Pairs:
        """The same on `device`."""
        return Pairs(
            self.lines.to(device), self.drawings.to(device), self.told.to(device), self.again
        )

    def __len__(self) -> int:
        return len(self.lines)

    def once_more(self) -> Pairs:
        """The same, the lines jittered by no more than a proof's drawings are off."""
        return replace(self, lines=jittered(self.lines, _OFF), again=True)


class DrawnPairs(Numbered):
    """An endless stream of `Pairs` from batch number `start` on, the same for any workers."""

    def __init__(
        self,
        faces: Sequence[TrainingFace],
        near: np.ndarray,
        lines: BrowserLines,
        *,
        batch: int,
        others: int,
        browser_share: float,
        seed: int,
        start: int = 0,
    ) -> None:
        """`near` int [faces, n]: the nearest faces of other groups, the nearest first.

        A batch has `batch` lines, each beside its own face and `others`.
        """
        self.faces, self.near, self.lines = faces, near, lines
        self.batch, self.others, self.browser_share = batch, others, browser_share
        self.seed, self.start = seed, start

    def draw(self, number: int) -> Pairs:
        """Batch `number`."""
        rng = np.random.default_rng((self.seed, number))
        found = [self._example(rng) for _ in range(self.batch)]
        lines, drawings, told = (np.stack(part) for part in zip(*found, strict=True))
        return Pairs(
            torch.from_numpy(lines)[:, None], torch.from_numpy(drawings), torch.from_numpy(told)
        )

    def _example(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        for _ in range(_TRIES):
            face = int(rng.integers(len(self.faces)))
            try:
                return self._drawn(face, rng)
            except (TypesetError, ValueError):
                continue
        blank = np.full((1 + self.others, HEIGHT, WIDTH), 255, np.uint8)
        return blank[0], blank, np.zeros(1 + self.others, bool)

    def _drawn(
        self, face: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        line, text = self._line(self.faces[face], rng)
        if rng.random() < _MISREAD:
            text = _misread(text, rng)
        own = _drawing(self.faces[face], text, line)
        if own is None:
            raise ValueError(f"{text!r} is not drawn")
        drawings = [own]
        for other in self._others(face, rng):
            drawn = _drawing(self.faces[other], text, line)
            if drawn is not None:
                drawings.append(drawn)
            if len(drawings) == 1 + self.others:
                break
        told = np.array([True, *(_apart(own, each) > _SAME for each in drawings[1:])])
        missing = 1 + self.others - len(drawings)
        told = np.concatenate([told, np.zeros(missing, bool)])
        first = int(rng.integers(max(1, line.strip.shape[1] - WIDTH + 1)))
        place = slice(first, first + WIDTH)
        windows = [_window(each[:, place]) for each in (line.strip, *drawings)]
        windows += [np.full((HEIGHT, WIDTH), 255, np.uint8)] * missing
        return windows[0], np.stack(windows[1:]), told

    def _line(self, face: TrainingFace, rng: np.random.Generator) -> tuple[Line, str]:
        found = self.lines.pick(face, rng) if rng.random() < self.browser_share else None
        if found is None:
            text = draw_text(rng, face.coverage)
            ink, size = draw_ink(face.ref, text, rng)
        else:
            ink, size, text = found
        # Lines are found with their ink's box, as a rule; a hand's is not as tight.
        steps = STEPS if rng.random() < _LOOSE else STEPS - {"layout"}
        drawn = distort_ink(ink, size, rng, steps=steps)
        strip = line_strip(drawn.picture, drawn.box)
        return Line(Box(0, 0, strip.shape[1], HEIGHT), drawn.box.height, strip), text.strip()

    def _others(self, face: int, rng: np.random.Generator) -> list[int]:
        """Neighbours in some order: the nearest more often at its beginning, each family once."""
        near = self.near[face]
        weight = np.where(np.arange(len(near)) < _NEAREST, 3.0, 1.0)
        order = rng.choice(len(near), size=len(near), replace=False, p=weight / weight.sum())
        chosen: dict[int, int] = {}  # by group
        for other in near[order].tolist():
            chosen.setdefault(self.faces[other].group, other)
        return list(chosen.values())[: 2 * self.others]


def _misread(text: str, rng: np.random.Generator) -> str:
    """One letter of it is missing, twice there or another one."""
    at = int(rng.integers(len(text)))
    letters = string.ascii_uppercase if text[at].isupper() else string.ascii_lowercase
    other = ("", 2 * text[at], letters[int(rng.integers(26))])[int(rng.integers(3))]
    return (text[:at] + other + text[at + 1 :]).strip()


def _drawing(face: TrainingFace, text: str, line: Line) -> np.ndarray | None:
    """The words in the face, laid over the line: float32 [H, W]; None where a letter is missing."""
    if not set(text) <= face.coverage | {" "}:
        return None
    drawing, _ = fitted(face.ref, text, line)
    return aligned(line.strip, drawing.strip)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """|a - b|^2 / (|a|^2 + |b|^2) of the ink."""
    a, b = 1 - one, 1 - other
    return float(((a - b) ** 2).sum() / max(float((a**2).sum() + (b**2).sum()), 1e-6))


def _window(part: np.ndarray) -> np.ndarray:
    return (cut_windows(part)[0, 0] * 255).astype(np.uint8)
