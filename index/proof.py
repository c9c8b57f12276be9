"""Proof by drawing: the words of a line in the faces that may have drawn it, compared anew.

The catalogue knows other words of a face than those of the picture; whoever can draw the same
words compares letter with letter. Two comparisons: the encoder's columns (`index.columns`)
forgive blur, colour and light, the coincidence of the ink tells apart what the encoder takes for
the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from encoder.prepare import Line, cut_windows
from encoder.redraw import (
    Drawing,
    coincidence,
    redraw,
    redraw_tracked,
    softened,
    softness,
)
from index.builder import Embedder, LineVectors
from index.fontfiles import FontFiles, OpenableFace

log = logging.getLogger(__name__)

# Its share of a proof; the larger one where the picture is so sharp that a drawing coincides with
# it better than _SHARP. Measured on the benchmark's seen families.
_COINCIDENCE, _COINCIDENCE_SHARP = 1 / 3, 0.65
_SHARP = 0.9
_VOTE = 2  # times the vote beside the ink, to choose who is compared; on the seen families
_TRACKED = 8  # of those that stand best the letters may be set wider or closer
FINALISTS = 8  # the encoder is asked for these alone: it takes most of the time


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be right: its score in the vote, and the faces that may have drawn it.

    Several where twins share the row: their letters are the same, their spaces need not be.
    """

    vote: float
    faces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proofs:
    """What drawing showed, by position: `alike` 0..1, and who was drawn with too little in common.

    A candidate that could not be drawn is in neither; `fileless` are those of them of which no
    file is here. `drawings` are those of whoever is in `alike`.
    """

    alike: Mapping[int, float]
    drawings: Mapping[int, Drawing]
    lost: frozenset[int]
    fileless: frozenset[int]

    @property
    def best(self) -> float:
        """The highest of `alike`; 0 for none."""
        return max(self.alike.values(), default=0.0)

    def with_more(self, more: Proofs) -> Proofs:
        """Both together; who is alike in either is not lost."""
        alike = {**self.alike, **more.alike}
        return Proofs(
            alike,
            {**self.drawings, **more.drawings},
            (self.lost | more.lost) - alike.keys(),
            self.fileless | more.fileless,
        )

    def confirmed(self, others: Sequence[Proofs]) -> Proofs:
        """The mean of these and of what other lines of the font showed of the same candidates.

        Only differences count: lines in other sizes are less alike as a whole. A candidate that
        one of them could not draw keeps its own.
        """
        shared = set(self.alike).intersection(*(other.alike for other in others))
        if not others or len(shared) < 2:
            return self
        each = [self.alike, *(other.alike for other in others)]
        means = {at: sum(alike[at] for alike in each) / len(each) for at in shared}
        lower = sum(self.alike[at] - means[at] for at in shared) / len(shared)
        return replace(self, alike={**self.alike, **{at: means[at] + lower for at in shared}})


class Prover:
    """Draws with the font files that are here; safe to share among threads."""

    def __init__(self, files: FontFiles, embedder: Embedder) -> None:
        self._files = files
        self._embedder = embedder

    def prove(
        self,
        line: LineVectors,
        text: str,
        candidates: Mapping[int, Candidate],
        *,
        finalists: int = FINALISTS,
    ) -> Proofs:
        """How alike the line and `text` in the faces of each candidate are.

        Vote and ink choose the `finalists` that the encoder compares. Faces whose file is not
        here, that lack a letter of `text` or cannot draw it count for nothing, and so do all
        for a text without letters.
        """
        wanted = text.strip()
        faces = [face for candidate in candidates.values() for face in candidate.faces]
        found = self._files.find(faces) if wanted else {}
        fileless = frozenset(
            at
            for at, candidate in candidates.items()
            if wanted and not any(face in found for face in candidate.faces)
        )
        drawn = {
            at: best
            for at, candidate in candidates.items()
            if (best := _best(candidate, found, wanted, line.line)) is not None
        }
        if not drawn:
            return Proofs({}, {}, frozenset(), fileless)

        def standing(at: int) -> float:
            return _VOTE * candidates[at].vote + drawn[at].ink

        for at in sorted(drawn, key=standing, reverse=True)[:_TRACKED]:
            drawn[at] = _tracked(drawn[at], line.line)
        order = sorted(drawn, key=standing, reverse=True)
        chosen = order[:finalists]
        found_again = self._found_again(line, [drawn[at].drawing.strip for at in chosen])
        sharp = max(tried.ink for tried in drawn.values()) > _SHARP
        share = _COINCIDENCE_SHARP if sharp else _COINCIDENCE
        alike = {
            at: (1 - share) * max(0.0, cosine) + share * drawn[at].ink
            for at, cosine in zip(chosen, found_again, strict=True)
        }
        drawings = {at: drawn[at].drawing for at in chosen}
        return Proofs(alike, drawings, frozenset(order[finalists:]), fileless)

    def _found_again(self, line: LineVectors, strips: Sequence[np.ndarray]) -> list[float]:
        """How well the columns of the line are found in each strip: the mean of their cosines.

        In the outer windows and the one between. The strips are made as soft as the line, by
        what the first of them lacks.
        """
        asked = np.isin(line.window_of, _outer(len(line.vectors)))
        columns, shares = line.columns[asked], line.shares[asked]
        sigma = softness(line.line.strip, strips[0])
        windows = [cut_windows(softened(strip, sigma)) for strip in strips]
        parts = [some[_outer(len(some))] for some in windows]
        each = iter(self._embedder.embed_columns(np.concatenate(parts)))
        found = []
        for part in parts:
            drawn = np.concatenate([next(each) for _ in part])
            best = (columns @ drawn.T).max(axis=1, initial=-1.0)
            found.append(float(best @ shares / max(float(shares.sum()), 1e-6)))
        return found


def _outer(count: int) -> list[int]:
    """The first of so many windows, the last, and the one in the middle."""
    return sorted({0, count // 2, count - 1})


@dataclass(frozen=True, slots=True)
class _Tried:
    """A drawing and how well its ink coincides with the line's, 0..1."""

    drawing: Drawing
    ink: float


def _best(
    candidate: Candidate, found: Mapping[str, OpenableFace], text: str, line: Line
) -> _Tried | None:
    """The best of a candidate's faces that are here and have all letters; None without one."""
    tries = [
        _tried(partial(redraw, found[face].ref, text, line.height), line)
        for face in candidate.faces
        if face in found and set(text) <= found[face].coverage | {" "}
    ]
    return max(filter(None, tries), key=lambda each: each.ink, default=None)


def _tracked(tried: _Tried, line: Line) -> _Tried:
    """The drawing with its letters further apart or closer, where that coincides better."""
    plain = tried.drawing
    spaced = _tried(partial(redraw_tracked, plain.ref, plain.text, line), line)
    return spaced if spaced is not None and spaced.ink > tried.ink else tried


def _tried(draw: Callable[[], Drawing | None], line: Line) -> _Tried | None:
    """What `draw` makes, held against the line; None where there is nothing to draw."""
    try:
        drawing = draw()
    except ValueError as error:  # TypesetError among them
        log.info("no proof: %s", error)
        return None
    return None if drawing is None else _Tried(drawing, coincidence(line.strip, drawing.strip))
