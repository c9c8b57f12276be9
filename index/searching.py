"""One search from the picture to the answer: find lines, embed, vote, read, prove."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from encoder.boxes import Box
from encoder.prepare import prepare
from encoder.reading import Reading
from index.answers import Filters, Match, Region, SearchAnswer
from index.builder import Embedder, LineVectors
from index.proof import Proofs, Prover
from index.ranking import Group, rank_lines
from index.verdict import confidences, verdict
from index.view import View

CANDIDATES = 40  # rows of a font that may be proved ...
_WITHIN = 0.12  # ... when the vote's score is no further below the best one's
_PROVED_FONTS = 3  # of a picture, the most prominent; the rest keep the vote's order
_PROOF_SHARE = 0.7  # of a proved row's score, the vote has the rest; measured on the benchmark
_READABLE = 0.5  # confidence of the reader below which its text proves nothing


class Reader(Protocol):
    """What a search needs of `encoder.reading.Reader`."""

    def read(self, strips: Sequence[np.ndarray]) -> list[Reading]: ...


class Searcher:
    """Finds, reads and proves; safe to share among threads."""

    def __init__(self, embedder: Embedder, reader: Reader, prover: Prover) -> None:
        self._embedder = embedder
        self._reader = reader
        self._prover = prover

    def search(
        self,
        view: View,
        picture: np.ndarray,
        k: int,
        crop: Box | None,
        filters: Filters,
        text: str | None,
        proof: bool,
    ) -> SearchAnswer:
        """See `FontCatalog.search`."""
        clock = _Clock()
        found = prepare(picture, crop)
        clock.lap("lines")
        lines = self._embedder.embed_lines(found)
        clock.lap("vectors")
        if not lines:
            return SearchAnswer("no_text", (), (), view.info, clock.total(), clock.steps)
        weights = [float(line.box.area) for line in found]
        rows = max(k, CANDIDATES)
        fonts = rank_lines(view, [line.vectors for line in lines], weights, rows, filters)
        clock.lap("vote")
        readings = [Reading("", 0.0)] * len(lines)
        if proof:
            readings = self._read(lines, fonts, text)
            clock.lap("reading")
        proved = [
            self._proved(font, lines, readings) if at < _PROVED_FONTS else font.matches
            for at, font in enumerate(fonts)
        ]
        if proof:
            clock.lap("proof")
        of_line = {i: rows for font, rows in zip(fonts, proved, strict=True) for i in font.lines}
        regions = tuple(
            Region(line.box, reading.text or None, reading.confidence, of_line[i][:k])
            for i, (line, reading) in enumerate(zip(found, readings, strict=True))
        )
        matches = proved[0][:k]
        word = verdict([match.confidence for match in matches])
        return SearchAnswer(word, matches, regions, view.info, clock.total(), clock.steps)

    def _read(
        self, lines: Sequence[LineVectors], fonts: Sequence[Group], text: str | None
    ) -> list[Reading]:
        """A reading a line; what the user says stands in its place."""
        said = [part.strip() for part in (text or "").splitlines() if part.strip()]
        if len(said) == len(lines):
            return [Reading(part, 1.0) for part in said]
        readings = self._reader.read([line.line.strip for line in lines])
        if said:
            readings[fonts[0].leader] = Reading(" ".join(said), 1.0)
        return readings

    def _proved(
        self, font: Group, lines: Sequence[LineVectors], readings: Sequence[Reading]
    ) -> tuple[Match, ...]:
        """The rows of a font in the order of vote and proof together."""
        reading = readings[font.leader]
        if reading.confidence < _READABLE or not font.matches:
            return font.matches
        least = max(match.score for match in font.matches) - _WITHIN
        votes = {match.face.id: match.score for match in font.matches if match.score >= least}
        proofs = self._prover.prove(lines[font.leader], reading.text, votes)
        if len(proofs.alike) < 2:  # nothing to compare with
            return font.matches
        rows = sorted(_with_proofs(font.matches, proofs), key=lambda match: -match.score)
        sure = confidences([match.score for match in rows], proved=True)
        return tuple(
            replace(match, confidence=confidence)
            for match, confidence in zip(rows, sure, strict=True)
        )


def _with_proofs(matches: Sequence[Match], proofs: Proofs) -> Iterator[Match]:
    """The rows with new scores, the proved ones first; a row that nobody could draw keeps its."""
    proved = {
        face_id: _PROOF_SHARE * proof + (1 - _PROOF_SHARE) * vote.score
        for vote in matches
        if (proof := proofs.alike.get(face_id := vote.face.id)) is not None
    }
    for match in matches:
        if match.face.id in proved:
            proof = min(1.0, proofs.alike[match.face.id])
            yield replace(match, score=min(1.0, proved[match.face.id]), proof=proof)
    least = min(proved.values())
    for match in matches:
        if match.face.id not in proved:
            lost = match.face.id in proofs.lost
            yield replace(match, score=min(match.score, least)) if lost else match


class _Clock:
    """Milliseconds of each step, in order."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.steps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """The step that ends now is called `step`."""
        now = time.perf_counter()
        self.steps[step] = 1000 * (now - self._last)
        self._last = now

    def total(self) -> float:
        """Milliseconds since the start."""
        return 1000 * (time.perf_counter() - self._started)
