"""Proof by drawing: the words of a line in the faces that may have drawn it, compared anew.

The catalogue knows other words of a face than those of the picture; whoever can draw the same
words compares letter with letter. Two comparisons: the encoder's columns (`index.columns`)
forgive blur, colour and light, the coincidence of the ink tells apart what the encoder takes for
the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from string import capwords
from typing import Protocol

import numpy as np

from encoder.prepare import Line, cut_windows, outer
from encoder.redraw import (
    Drawing,
    aligned,
    coincidence,
    redraw,
    softened,
    softness,
    tracked,
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
_DOUBTED = 3  # of them are drawn otherwise when the verifier speaks against the first
_BETTER = 0.02  # ink that another face or other capitals must add to be believed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be right: its score in the vote, and the faces that may have drawn it.

    Several where twins share the row: their letters are the same, their spaces need not be.
    `others` are faces of its family that the vote likes less, for when in doubt.
    """

    vote: float
    faces: tuple[str, ...]
    others: tuple[str, ...] = ()


class Verifier(Protocol):
    """What a proof needs of `encoder.verify.Verifier`; tests give a fake."""

    def logits(self, strip: np.ndarray, drawings: Sequence[np.ndarray]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Tried:
    """A drawing in a face, and how well its ink coincides with the line's, 0..1."""

    face: OpenableFace
    drawing: Drawing
    ink: float


@dataclass(frozen=True, slots=True)
class Proofs:
    """What drawing showed, by position: `alike` 0..1, and who was drawn with too little in common.

    A candidate that could not be drawn is in neither; `fileless` are those of them of which no
    file is here. `tried` are the drawings of whoever is in `alike`; `otherwise` are the faces that
    drew them where that was one of the `others`. `share` of `alike` is ink. `logits` is what the
    verifier said of some of the drawings.
    """

    alike: Mapping[int, float]
    tried: Mapping[int, Tried]
    lost: frozenset[int]
    fileless: frozenset[int]
    share: float
    otherwise: Mapping[int, str] = field(default_factory=dict)
    logits: Mapping[int, float] = field(default_factory=dict)

    @property
    def drawings(self) -> dict[int, Drawing]:
        """Those of whoever is in `alike`."""
        return {at: tried.drawing for at, tried in self.tried.items()}

    @property
    def best(self) -> float:
        """The highest of `alike`; 0 for none."""
        return max(self.alike.values(), default=0.0)

    def with_more(self, more: Proofs) -> Proofs:
        """Both together; who is alike in either is not lost."""
        alike = {**self.alike, **more.alike}
        return Proofs(
            alike,
            {**self.tried, **more.tried},
            (self.lost | more.lost) - alike.keys(),
            self.fileless | more.fileless,
            self.share,
            {**self.otherwise, **more.otherwise},
            {**self.logits, **more.logits},
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

    def __init__(self, files: FontFiles, embedder: Embedder, verifier: Verifier) -> None:
        self._files = files
        self._embedder = embedder
        self._verifier = verifier

    def warm_up(self, strip: np.ndarray) -> None:
        """Load the verifier; `strip` is any, float32 [64, W]."""
        self._verifier.logits(strip, [strip])

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
            return Proofs({}, {}, frozenset(), fileless, _COINCIDENCE)

        def standing(at: int) -> float:
            return _VOTE * candidates[at].vote + drawn[at].ink

        for at in sorted(drawn, key=standing, reverse=True)[:_TRACKED]:
            drawn[at] = _tracked(drawn[at], line.line)
        order = sorted(drawn, key=standing, reverse=True)
        chosen = {at: drawn[at] for at in order[:finalists]}
        sharp = max(tried.ink for tried in drawn.values()) > _SHARP
        share = _COINCIDENCE_SHARP if sharp else _COINCIDENCE
        alike = self._alike(line, chosen, share)
        return Proofs(alike, chosen, frozenset(order[finalists:]), fileless, share)

    def doubted(
        self, line: LineVectors, proofs: Proofs, candidates: Mapping[int, Candidate]
    ) -> Proofs:
        """The same; the best drawn otherwise where the verifier speaks against the first of them.

        The vote may have named the wrong weight, and small capitals are read as capitals.
        """
        best = sorted(proofs.alike, key=lambda at: -proofs.alike[at])[:_DOUBTED]
        if not best:
            return proofs
        [logit] = self.verified(line.line, [proofs.tried[best[0]].drawing])
        proofs = replace(proofs, logits={best[0]: logit})
        if logit >= 0:
            return proofs
        found = self._files.find([face for at in best for face in candidates[at].others])
        anew, otherwise = dict[int, Tried](), dict[int, str]()
        for at in best:
            tried = _recased(proofs.tried[at], line.line)
            for face in filter(found.get, candidates[at].others):
                other = _instead(tried, found[face], tried.drawing.text, line.line)
                if other is not tried:
                    tried, otherwise[at] = other, face
            if tried is not proofs.tried[at]:
                anew[at] = tried
        # Ink that coincides by chance may look less alike to the encoder.
        alike = self._alike(line, anew, proofs.share) if anew else {}
        better = {at: value for at, value in alike.items() if value > proofs.alike[at]}
        return replace(
            proofs,
            alike={**proofs.alike, **better},
            tried={**proofs.tried, **{at: anew[at] for at in better}},
            otherwise={at: face for at, face in otherwise.items() if at in better},
            logits={} if best[0] in better else proofs.logits,
        )

    def verified(self, line: Line, drawings: Sequence[Drawing]) -> list[float]:
        """The verifier's logit of each: above 0 where it speaks for the drawing's face."""
        drawn = [aligned(line.strip, drawing.strip) for drawing in drawings]
        return self._verifier.logits(line.strip, drawn).tolist()

    def _alike(
        self, line: LineVectors, chosen: Mapping[int, Tried], share: float
    ) -> dict[int, float]:
        """Encoder and ink together, `share` of it: 0..1 of each, in the order given."""
        strips = [tried.drawing.strip for tried in chosen.values()]
        return {
            at: (1 - share) * max(0.0, cosine) + share * tried.ink
            for (at, tried), cosine in zip(
                chosen.items(), self._found_again(line, strips), strict=True
            )
        }

    def _found_again(self, line: LineVectors, strips: Sequence[np.ndarray]) -> list[float]:
        """How well the columns of the line are found in each strip: the mean of their cosines.

        In the outer windows and the one between. The strips are made as soft as the line, by
        what the first of them lacks.
        """
        asked = np.isin(line.window_of, outer(len(line.vectors)))
        columns, shares = line.columns[asked], line.shares[asked]
        sigma = softness(line.line.strip, strips[0])
        windows = [cut_windows(softened(strip, sigma)) for strip in strips]
        parts = [some[outer(len(some))] for some in windows]
        each = iter(self._embedder.embed_columns(np.concatenate(parts)))
        found = []
        for part in parts:
            drawn = np.concatenate([next(each) for _ in part])
            best = (columns @ drawn.T).max(axis=1, initial=-1.0)
            found.append(float(best @ shares / max(float(shares.sum()), 1e-6)))
        return found


def _best(
    candidate: Candidate, found: Mapping[str, OpenableFace], text: str, line: Line
) -> Tried | None:
    """The best of a candidate's faces that are here and have all letters; None without one."""
    tries = [_plain(found[face], text, line) for face in candidate.faces if face in found]
    return max(filter(None, tries), key=lambda each: each.ink, default=None)


def _plain(face: OpenableFace, text: str, line: Line) -> Tried | None:
    """The text in the face as it is; None where it lacks a letter."""
    if not set(text) <= face.coverage | {" "}:
        return None
    return _tried(partial(redraw, face.ref, text, line.height), face, line)


def _tracked(tried: Tried, line: Line) -> Tried:
    """The drawing with its letters further apart or closer, where that coincides better."""
    spaced = _tried(partial(tracked, tried.drawing, line), tried.face, line)
    return spaced if spaced is not None and spaced.ink > tried.ink else tried


def _instead(tried: Tried, face: OpenableFace, text: str, line: Line) -> Tried:
    """Another text or face, where that coincides clearly better."""
    other = _plain(face, text, line)
    if other is None:
        return tried
    other = _tracked(other, line)
    return other if other.ink > tried.ink + _BETTER else tried


def _recased(tried: Tried, line: Line) -> Tried:
    """The drawing with other capitals, where these coincide clearly better."""
    text = tried.drawing.text
    cases = dict.fromkeys([text.lower(), capwords(text), text.upper()])
    tries = [_instead(tried, tried.face, case, line) for case in cases if case != text]
    return max(tries, key=lambda each: each.ink, default=tried)


def _tried(draw: Callable[[], Drawing | None], face: OpenableFace, line: Line) -> Tried | None:
    """What `draw` makes, held against the line; None where there is nothing to draw."""
    try:
        drawing = draw()
    except ValueError as error:  # TypesetError among them
        log.info("no proof: %s", error)
        return None
    if drawing is None:
        return None
    return Tried(face, drawing, coincidence(line.strip, drawing.strip))
