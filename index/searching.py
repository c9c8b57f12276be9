"""One search from the picture to the answer: find lines, embed, vote, read, prove."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from encoder.blocks import speakers
from encoder.boxes import Box
from encoder.finding import Found, Reader, find_and_read
from encoder.parting import parted
from encoder.prepare import HEIGHT, WIDTH, Line, prepare_level
from encoder.reading import Reading
from encoder.redraw import Drawing
from encoder.scripts import letters_of
from index.answers import Match, Region, SearchAnswer
from index.builder import Embedder, LineVectors
from index.differences import Difference, difference
from index.errors import checking
from index.filters import Filters
from index.late import Columns, LateInteraction
from index.proof import Candidate, Proofs, Prover
from index.ranking import Group, preview_url, rank_lines
from index.verdict import confidences, known, verdict, within
from index.view import View

CANDIDATES = 40  # rows of a font that may be proved ...
_WITHIN = 0.08  # ... when the vote's score is no further below the best one's
_AT_LEAST = 3  # rows are proved however far they are below, to know how sure the first one is
_CONVINCED = 0.78  # a best proof below it lets all rows be proved ...
_SECOND_ROUND = 16  # ... and so many more finalists be compared
_PROVED_FONTS = 3  # of a picture, the most prominent; the rest keep the vote's order
_PROOF_SHARE = 0.6  # of a proved row's score, the vote has the rest; measured on seen families
_VERIFIED = 3  # rows that the verifier sees, ...
_VERIFIED_SHARE = 0.003  # ... and what a logit of it adds to a score; measured on seen families
_CLEAR = 0.04  # a first row no further ahead lets other lines of its font be drawn, ...
_CONFIRMED = 6  # ... in the best rows' faces
_READABLE = 0.5  # confidence of the reader below which its text proves nothing, ...
_TRUSTED = 0.75  # ... below which it makes no match, ...
_FEW, _TRUSTED_FEW = 3, 0.93  # ... nor do so few letters below this: soft noise reads as "10"


class Searcher:
    """Finds, reads and proves; safe to share among threads."""

    def __init__(
        self,
        embedder: Embedder,
        reader: Reader,
        prover: Prover,
        columns: Columns,
        want: Callable[[Sequence[str]], None] = lambda family_ids: None,
    ) -> None:
        """`columns` are those of the faces; `want` hears of families whose files are not here."""
        self._embedder = embedder
        self._reader = reader
        self._prover = prover
        self._columns = columns
        self._want = want

    def warm_up(self) -> None:
        """Load encoder, reader and verifier."""
        strip = np.ones((HEIGHT, WIDTH), np.float32)
        self._prover.warm_up(strip)
        self._embedder.embed_windows(strip[None, None])
        self._reader.read([strip])

    def ping(self, view: View) -> None:
        """Raise `PartError` when the encoder or the index does not answer."""
        window = np.ones((1, 1, HEIGHT, WIDTH), np.float32)
        window[..., HEIGHT // 2, :] = 0.0
        with checking("encoder"):
            vectors = self._embedder.embed_windows(window)
        with checking("index"):
            view.store.search(vectors, 1)

    def search(
        self,
        view: View,
        picture: np.ndarray,
        k: int,
        crop: Box | None,
        filters: Filters,
        text: str | None,
        proof: bool,
        differences: int,
    ) -> SearchAnswer:
        """See `FontCatalog.search`."""
        clock = _Clock()
        read = self._lines(picture, crop, proof)
        clock.lap("lines")
        if not read:
            return SearchAnswer("no_text", 0.0, (), (), view.info, clock.total(), clock.steps)
        speaker = speakers([each.line.box for each in read])
        heard = sorted(set(speaker))
        lines = self._embedder.embed_lines([read[i].line for i in heard])
        clock.lap("vectors")
        weights = _weights(read, speaker)
        rows = max(k, CANDIDATES)
        late = LateInteraction(self._columns, view, lines)
        vectors = [line.vectors for line in lines]
        fonts = rank_lines(view, vectors, weights, rows, filters, late=late)
        clock.lap("vote")
        lead = heard[fonts[0].leader]
        readings = _corrected([each.reading for each in read], text, lead)
        said = [readings[i] for i in heard]
        proved = [self._proved(view, font, lines, said) for font in fonts[:_PROVED_FONTS]]
        proved += [_Proved(font.matches, {}) for font in fonts[_PROVED_FONTS:]]
        if proof:
            clock.lap("proof")
        first = proved[0]
        shown = first.differences(lines[fonts[0].leader].line, min(k, differences))
        rows_of = {
            heard[i]: each.matches[:k]
            for font, each in zip(fonts, proved, strict=True)
            for i in font.lines
        }
        regions = tuple(
            Region(each.line.box, reading.text or None, reading.confidence, rows_of[own])
            for each, reading, own in zip(read, readings, speaker, strict=True)
        )
        return SearchAnswer(
            verdict(
                first.confidence, first.known, _letters(view, said[fonts[0].leader], first.matches)
            ),
            first.known,
            first.matches[:k],
            regions,
            view.info,
            clock.total(),
            clock.steps,
            shown,
            lead,
        )

    def _lines(self, picture: np.ndarray, crop: Box | None, proof: bool) -> list[Found]:
        """The lines of the picture; what they say only for a proof."""
        if proof:
            return find_and_read(picture, crop, self._reader)
        lines = parted(picture, prepare_level(picture, crop))
        return [Found(line, Reading("", 0.0)) for line in lines]

    def _proved(
        self,
        view: View,
        font: Group,
        lines: Sequence[LineVectors],
        readings: Sequence[Reading],
    ) -> _Proved:
        """The rows of a font in the order of vote and proof together."""
        reading = readings[font.leader]
        if reading.confidence < _READABLE or not font.matches:
            return _Proved(font.matches, {})
        line, text = lines[font.leader], reading.text
        rows = _candidates(font, font.leader)
        least = font.matches[0].score - _WITHIN
        likely = {at: row for at, row in rows.items() if row.vote >= least or at < _AT_LEAST}
        proofs = self._prover.doubted(line, self._prover.prove(line, text, likely), rows)
        if 0 < proofs.best < _CONVINCED:
            rest = {at: row for at, row in rows.items() if at not in proofs.alike}
            proofs = proofs.with_more(self._prover.prove(line, text, rest, finalists=_SECOND_ROUND))
        self._want([font.matches[at].family.id for at in sorted(proofs.fileless)])
        if len(proofs.alike) < 2:  # nothing to compare with
            return _Proved(font.matches, {})
        proofs = self._confirmed(proofs, font, lines, readings)
        matches = _restyled(view, font.matches, proofs)
        ranked = sorted(_with_proofs(matches, proofs), key=lambda match: -match.score)
        drawn = {matches[at].face.id: drawing for at, drawing in proofs.drawings.items()}
        told = {matches[at].face.id: logit for at, logit in proofs.logits.items()}
        ranked = self._verified(line.line, ranked, drawn, told)
        sure = confidences([match.score for match in ranked], proved=True)
        surely = tuple(
            replace(match, confidence=confidence)
            for match, confidence in zip(ranked, sure, strict=True)
        )
        return _Proved(surely, drawn)

    def _verified(
        self,
        line: Line,
        ranked: Sequence[Match],
        drawn: Mapping[str, Drawing],
        told: Mapping[str, float],
    ) -> list[Match]:
        """The rows with what the verifier says of the first ones, which it orders anew.

        None of them falls behind those that it was not asked about. `drawn` and what it `told`
        before are by face id.
        """
        first = [row for row in ranked[:_VERIFIED] if row.face.id in drawn]
        rest = [row for row in ranked if row not in first]
        new = [row.face.id for row in first if row.face.id not in told]
        logits = self._prover.verified(line, [drawn[face_id] for face_id in new])
        all_told = {**told, **dict(zip(new, logits, strict=True))}
        least = max((row.score for row in rest), default=0.0)
        anew = [_with_verified(row, all_told[row.face.id], least) for row in first]
        return sorted(anew, key=lambda match: -match.score) + rest

    def _confirmed(
        self,
        proofs: Proofs,
        font: Group,
        lines: Sequence[LineVectors],
        readings: Sequence[Reading],
    ) -> Proofs:
        """The proofs, where they leave doubt together with those of other lines in the font."""
        scores = {at: _proved_score(font.matches[at].score, a) for at, a in proofs.alike.items()}
        best = sorted(scores, key=lambda at: -scores[at])[:_CONFIRMED]
        if scores[best[0]] - scores[best[1]] >= _CLEAR:
            return proofs
        witnesses = [
            i for i in font.faces if i != font.leader and readings[i].confidence >= _READABLE
        ]
        others = []
        for i in witnesses:
            rows = _candidates(font, i)
            few = {at: rows[at] for at in best}
            others.append(self._prover.prove(lines[i], readings[i].text, few))
        return proofs.confirmed([other for other in others if other.alike])


def _letters(view: View, reading: Reading, matches: Sequence[Match]) -> int | None:
    """How many letters and digits were surely read that the first row has; None for no text."""
    if not reading.text:
        return None
    row = {id_ for match in matches[:1] for id_ in (match.family.id, *(t.id for t in match.twins))}
    scripts = {name for id_ in row for name in view.families[view.family_at[id_]].scripts}
    letters = letters_of(reading.text, scripts)
    needed = _TRUSTED_FEW if letters <= _FEW else _TRUSTED
    return letters if reading.confidence >= needed else 0


def _candidates(font: Group, line: int) -> dict[int, Candidate]:
    """The rows of a font, with the faces that one of its lines likes best."""
    return {
        at: Candidate(match.score, faces, others)
        for at, (match, faces, others) in enumerate(
            zip(font.matches, font.faces[line], font.others[line], strict=True)
        )
    }


def _proved_score(vote: float, proof: float) -> float:
    return _PROOF_SHARE * proof + (1 - _PROOF_SHARE) * vote


@dataclass(frozen=True, slots=True)
class _Proved:
    """The rows of a font, and what was drawn in their faces, by face id."""

    matches: tuple[Match, ...]
    drawings: Mapping[str, Drawing]

    @property
    def confidence(self) -> float:
        """That of the first row; 0 without rows."""
        return self.matches[0].confidence if self.matches else 0.0

    @property
    def known(self) -> float:
        """The chance that the font is in the catalogue."""
        verified = self.matches[0].verified if self.matches else None
        return known([match.score for match in self.matches], verified)

    def differences(self, line: Line, count: int) -> tuple[Difference, ...]:
        """Those of the first `count` rows that were drawn."""
        ids = [match.face.id for match in self.matches[:count]]
        return tuple(
            difference(face, line.strip, self.drawings[face])
            for face in ids
            if face in self.drawings
        )


def _weights(found: Sequence[Found], speaker: Sequence[int]) -> list[float]:
    """The area of all lines that each speaker speaks for, in the order of the speakers."""
    areas = dict.fromkeys(sorted(speaker), 0.0)
    for each, own in zip(found, speaker, strict=True):
        areas[own] += each.line.box.area
    return list(areas.values())


def _corrected(readings: Sequence[Reading], text: str | None, leader: int) -> list[Reading]:
    """What the user says in the place of what was read: all lines, or the most prominent one."""
    said = [part.strip() for part in (text or "").splitlines() if part.strip()]
    if len(said) == len(readings):
        return [Reading(part, 1.0) for part in said]
    corrected = list(readings)
    if said:
        corrected[leader] = Reading(" ".join(said), 1.0)
    return corrected


def _restyled(view: View, matches: Sequence[Match], proofs: Proofs) -> list[Match]:
    """The rows, each with the face of its family that drew the line best."""
    restyled = list(matches)
    for at, face_id in proofs.otherwise.items():
        face = view.faces[view.face_at[face_id]]
        restyled[at] = replace(matches[at], face=face, preview_url=preview_url(face_id))
    return restyled


def _with_proofs(matches: Sequence[Match], proofs: Proofs) -> list[Match]:
    """The rows with new scores, the proved ones first; a row that nobody could draw keeps its."""
    proved = [_with_proof(matches[at], proof) for at, proof in proofs.alike.items()]
    least = min(match.score for match in proved)
    rest = [
        replace(match, score=min(match.score, least)) if at in proofs.lost else match
        for at, match in enumerate(matches)
        if at not in proofs.alike
    ]
    return proved + rest


def _with_proof(match: Match, proof: float) -> Match:
    score = min(1.0, _proved_score(match.score, proof))
    return replace(match, score=score, proof=min(1.0, proof))


def _with_verified(match: Match, verified: float, least: float) -> Match:
    score = match.score + _VERIFIED_SHARE * within(verified)
    return replace(match, score=min(1.0, max(least, score)), verified=verified)


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
