"""Proof by drawing: the words of a line in the faces that may have drawn it, compared anew.

The catalogue knows other words of a face than those of the picture; whoever can draw the same
words compares letter with letter. Two comparisons: the encoder's forgives blur, colour and
light, the coincidence of the ink tells apart what the encoder takes for the same.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from encoder.prepare import cut_windows
from encoder.redraw import coincidence, redraw
from index.builder import Embedder, LineVectors
from index.fontfiles import FontFiles, OpenableFace

log = logging.getLogger(__name__)

_COINCIDENCE = 1 / 3  # its share of a proof; measured on the benchmark
_FINALISTS = 10  # the encoder is asked for these alone: it takes most of the time


@dataclass(frozen=True, slots=True)
class Proofs:
    """What drawing showed: `alike` face id -> 0..1, and the faces whose ink is too far off."""

    alike: Mapping[str, float]
    lost: frozenset[str]


class Prover:
    """Draws with the font files that are here; safe to share among threads."""

    def __init__(self, files: FontFiles, embedder: Embedder) -> None:
        self._files = files
        self._embedder = embedder

    def prove(self, line: LineVectors, text: str, votes: Mapping[str, float]) -> Proofs:
        """How alike the line and `text` in the faces of `votes` (face id -> score) are.

        Ink and vote choose which faces the encoder compares. Faces whose file is not here, that
        lack a letter of `text` or cannot draw it are in neither part of the answer, and so are
        all for a text without letters.
        """
        wanted = text.strip()
        found = self._files.find(list(votes)) if wanted else {}
        strips = {
            face_id: strip
            for face_id, face in found.items()
            if (strip := _drawn(face, wanted, line.line.height)) is not None
        }
        inks = {face_id: coincidence(line.line.strip, strip) for face_id, strip in strips.items()}
        order = sorted(strips, key=lambda face_id: -(votes[face_id] + inks[face_id]))
        finalists, lost = order[:_FINALISTS], order[_FINALISTS:]
        if not finalists:
            return Proofs({}, frozenset())
        cosines = self._cosines(line.vectors, [strips[face_id] for face_id in finalists])
        alike = {
            face_id: (1 - _COINCIDENCE) * max(0.0, cosine) + _COINCIDENCE * inks[face_id]
            for face_id, cosine in zip(finalists, cosines.tolist(), strict=True)
        }
        return Proofs(alike, frozenset(lost))

    def _cosines(self, own: np.ndarray, strips: Sequence[np.ndarray]) -> np.ndarray:
        """float64 [N]: of the line's outer windows and of the same windows of each strip."""
        ends = [0, -1] if len(own) > 1 else [0]
        windows = np.concatenate([cut_windows(strip)[ends] for strip in strips])
        vectors = self._embedder.embed_windows(windows).reshape(len(strips), len(ends), -1)
        means: np.ndarray = (vectors * own[ends]).sum(axis=2).mean(axis=1, dtype=np.float64)
        return means


def _drawn(face: OpenableFace, text: str, height: int) -> np.ndarray | None:
    if not set(text) <= face.coverage | {" "}:
        return None
    try:
        return redraw(face.ref, text, height)
    except ValueError as error:  # TypesetError among them
        log.info("no proof by %s: %s", face.ref.path.name, error)
        return None
