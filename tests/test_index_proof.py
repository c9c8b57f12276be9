"""Proof by drawing over real fonts, with the fake embedder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.session import open_database
from encoder.fontfile import FaceRef
from encoder.prepare import cut_windows, prepare
from encoder.redraw import coincidence, softened, softness
from encoder.typeset import draw_line
from index import proof, searching
from index.bootstrap import load_verifier
from index.catalog import FontCatalog
from index.fontfiles import FontFiles
from index.proof import Candidate, Proofs, Prover
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder, FakeLine

TEXT = "Wonderful"
FACES = ("cantarell-400-normal", "lora-700-normal", "lora-400-normal", "abril-fatface-400-normal")
CANDIDATES = {at: Candidate(0.8, (face,)) for at, face in enumerate(FACES)}
RIGHT = 2


@pytest.fixture
def prover(settings: Settings) -> Prover:
    files = FontFiles(open_database(settings.database_url), settings.data)
    return Prover(files, FakeEmbedder(), load_verifier(settings))


def _picture(path: Path, text: str = TEXT) -> np.ndarray:
    return np.asarray(draw_line(FaceRef(path), text, 40).convert("RGB"))


def _line(path: Path, text: str = TEXT) -> FakeLine:
    (line,) = FakeEmbedder().embed_lines(prepare(_picture(path, text)))
    return line


def test_the_face_that_drew_the_line_is_most_alike(prover: Prover, serif_path: Path) -> None:
    """With equal votes the drawing decides, clearly, and all were tried."""
    found = prover.prove(_line(serif_path), TEXT, CANDIDATES)
    assert set(found.alike) == {0, 1, 2, 3} and found.lost == frozenset()
    second, first = sorted(found.alike, key=lambda at: found.alike[at])[-2:]
    assert first == RIGHT
    assert found.alike[first] > found.alike[second] + 0.03
    assert all(0 <= alike <= 1.0 + 1e-6 for alike in found.alike.values())


@pytest.mark.parametrize(("sharp", "share"), [(0.0, 0.65), (1.1, 1 / 3)])
def test_a_proof_is_its_definition(
    prover: Prover, serif_path: Path, monkeypatch: pytest.MonkeyPatch, sharp: float, share: float
) -> None:
    """Ink, and each column's best cosine by its share: by a loop over windows and columns.

    The line is so long that only its outer windows and the one between are compared.
    """
    monkeypatch.setattr(proof, "_SHARP", sharp)
    text = "Wonderful windows are wanted now"
    line = _line(serif_path, text)
    assert len(line.vectors) > 3
    found = prover.prove(line, text, {0: Candidate(0.8, (FACES[1],)), 1: CANDIDATES[RIGHT]})
    first = max(found.drawings, key=lambda at: found.alike[at])
    strips = {at: drawing.strip for at, drawing in found.drawings.items()}
    sigma = softness(line.line.strip, strips[first])
    for at, strip in strips.items():
        windows = cut_windows(softened(strip, sigma))
        kept = [0, len(windows) // 2, len(windows) - 1]
        drawn = [row for i in kept for row in FakeEmbedder().embed_columns(windows[[i]])[0]]
        asked = [0, len(line.vectors) // 2, len(line.vectors) - 1]
        total = weight = 0.0
        for column, each, window in zip(line.columns, line.shares, line.window_of, strict=True):
            if window in asked:
                total += each * max(float(column @ row) for row in drawn)
                weight += each
        ink = coincidence(line.line.strip, strip)
        expected = (1 - share) * total / weight + share * ink
        assert found.alike[at] == pytest.approx(expected, abs=1e-4)


def test_other_words_prove_nothing(prover: Prover, serif_path: Path) -> None:
    """With a wrong text no face is as alike as the right one with the right text."""
    right = prover.prove(_line(serif_path), TEXT, CANDIDATES).alike[RIGHT]
    wrong = prover.prove(_line(serif_path), "Mistaken", CANDIDATES)
    assert max(wrong.alike.values()) < right - 0.1


def test_twins_stand_in_for_each_other(prover: Prover, serif_path: Path) -> None:
    """A candidate of several faces is as alike as the best of them."""
    line = _line(serif_path)
    alone = prover.prove(line, TEXT, CANDIDATES).alike[RIGHT]
    together = prover.prove(line, TEXT, {0: Candidate(0.8, FACES), 1: Candidate(0.8, ("nobody",))})
    assert together.alike == {0: pytest.approx(alone, abs=1e-6)}
    assert together.lost == frozenset()


def test_capitals_by_look_alone(prover: Prover, serif_path: Path) -> None:
    """Read in capitals, small letters are drawn small again, and the proof is that of these."""
    line = _line(serif_path, TEXT.lower())
    read = prover.prove(line, TEXT.upper(), CANDIDATES)
    assert read.drawings[RIGHT].text == TEXT.upper()
    found = prover.doubted(line, read, CANDIDATES)
    assert found.drawings[RIGHT].text == TEXT.lower()
    said = prover.prove(line, TEXT.lower(), CANDIDATES)
    assert found.alike[RIGHT] == pytest.approx(said.alike[RIGHT], abs=0.02)
    assert max(found.alike, key=lambda at: found.alike[at]) == RIGHT
    kept = prover.doubted(line, said, CANDIDATES)
    logit = prover.verified(line.line, [said.drawings[RIGHT]])[0]
    assert kept == replace(said, logits={RIGHT: pytest.approx(logit, abs=1e-4)})


def test_another_weight_of_the_family(prover: Prover, serif_path: Path) -> None:
    """The vote named the bold; the verifier objects, and the regular is drawn in its place."""
    line = _line(serif_path)
    rows = {0: Candidate(0.8, (FACES[1],), (FACES[RIGHT], "nobody"))}
    bold = prover.prove(line, TEXT, rows)
    assert prover.verified(line.line, [bold.drawings[0]])[0] < 0
    found = prover.doubted(line, bold, rows)
    assert found.otherwise == {0: FACES[RIGHT]}
    assert found.drawings[0].ref.path.name == serif_path.name
    assert prover.verified(line.line, [found.drawings[0]])[0] > 0
    assert found.alike[0] > bold.alike[0] + 0.03
    without = {0: Candidate(0.8, (FACES[1],))}
    assert replace(prover.doubted(line, bold, without), logits={}) == bold


def test_only_finalists_are_embedded(prover: Prover, serif_path: Path) -> None:
    """With room for two, ink and vote choose them and the rest is lost, until it has its turn."""
    found = prover.prove(_line(serif_path), TEXT, CANDIDATES, finalists=2)
    assert RIGHT in found.alike and len(found.alike) == 2
    assert found.lost == {0, 1, 2, 3} - set(found.alike)
    rest = {at: row for at, row in CANDIDATES.items() if at in found.lost}
    whole = found.with_more(prover.prove(_line(serif_path), TEXT, rest))
    assert set(whole.alike) == set(whole.drawings) == {0, 1, 2, 3} and not whole.lost
    assert whole.best == max(found.alike.values()) == whole.alike[RIGHT]


def test_what_convinces_nobody_is_proved_again(
    catalog: FontCatalog, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no proof is good, rows beyond the finalists are drawn too; a good one ends it."""
    monkeypatch.setattr(searching, "_AT_LEAST", 2)
    monkeypatch.setattr(searching, "_WITHIN", 0.0)
    picture = _picture(serif_path)
    monkeypatch.setattr(searching, "_CONVINCED", 0.0)
    once = catalog.search(picture).matches
    assert sum(row.proof is not None for row in once) == 2
    monkeypatch.setattr(searching, "_CONVINCED", 1.01)
    twice = catalog.search(picture, k=6).matches  # the answer to k=5 is remembered
    assert sum(row.proof is not None for row in twice) == 4
    assert twice[0].family.id == "lora" and twice[0].score >= once[0].score


def test_other_lines_bear_witness() -> None:
    """By hand: the means of 0.90/0.88 with 0.60/0.70, raised by 0.14 to the level of the first."""
    first = Proofs({0: 0.90, 1: 0.88, 2: 0.5}, {}, frozenset({7}), frozenset(), 0.5)
    other = Proofs({0: 0.60, 1: 0.70}, {}, frozenset(), frozenset(), 0.5)
    both = first.confirmed([other])
    assert both.alike == {0: pytest.approx(0.87), 1: pytest.approx(0.91), 2: 0.5}
    assert both.lost == {7}
    assert first.confirmed([]) == first
    assert first.confirmed([Proofs({1: 0.9}, {}, frozenset(), frozenset(), 0.5)]) == first


def test_a_close_answer_asks_the_other_lines(
    catalog: FontCatalog, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three lines of one font: a clear answer is drawn once, a doubtful one twice more."""
    page = np.concatenate([_picture(serif_path)] * 3)
    asked: list[str] = []
    prove = Prover.prove

    def counted(self: Prover, line: FakeLine, text: str, *args: Any, **more: Any) -> Proofs:
        asked.append(text)
        return prove(self, line, text, *args, **more)

    monkeypatch.setattr(Prover, "prove", counted)
    monkeypatch.setattr(searching, "_CONVINCED", 0.0)
    for clear, count in ((0.0, 1), (2.0, 3)):
        asked.clear()
        monkeypatch.setattr(searching, "_CLEAR", clear)
        answer = catalog.search(page, k=count)  # an answer to the same question is remembered
        assert answer.matches[0].family.id == "lora"
        assert asked == [TEXT] * count


def test_what_is_left_out(prover: Prover, settings: Settings, serif_path: Path) -> None:
    """A face without its file, a face without a letter, an unknown face; no text, no proof."""
    line = _line(serif_path)
    (settings.fonts / "cantarell" / "cantarell-latin-400-normal.woff2").unlink()
    found = prover.prove(line, TEXT, {**CANDIDATES, 4: Candidate(0.9, ("nobody-400-normal",))})
    assert set(found.alike) == {1, 2, 3}
    assert found.lost == frozenset()
    assert prover.prove(line, "Wonderful \N{SNOWMAN}", CANDIDATES).alike == {}
    assert prover.prove(line, "  ", CANDIDATES).alike == {}


def test_a_search_proves_its_answer(catalog: FontCatalog, serif_path: Path) -> None:
    """The words are read, the row says its proof, and the score is six tenths of it."""
    picture = _picture(serif_path)
    voted = {m.face.id: m.score for m in catalog.search(picture, proof=False).matches}
    answer = catalog.search(picture)
    assert answer.regions[0].text == TEXT and answer.regions[0].text_confidence > 0.8
    first = answer.matches[0]
    assert (first.face.id, first.proof is not None) == ("lora-400-normal", True)
    assert first.proof is not None
    assert first.verified is not None and 0 < first.verified < 8
    expected = 0.6 * first.proof + 0.4 * voted[first.face.id] + 0.003 * first.verified
    assert first.score == pytest.approx(expected, abs=1e-6)
    assert list(answer.steps_ms) == ["lines", "vectors", "vote", "proof"]
    scores = [match.score for match in answer.matches]
    assert scores == sorted(scores, reverse=True)


def test_what_the_user_says_is_not_read(catalog: FontCatalog, serif_path: Path) -> None:
    """A text stands in the answer as it was given, and a wrong one proves less."""
    picture = _picture(serif_path)
    right = catalog.search(picture, text=TEXT)
    wrong = catalog.search(picture, text="Mistaken")
    assert (wrong.regions[0].text, wrong.regions[0].text_confidence) == ("Mistaken", 1.0)
    assert right.matches[0].proof is not None
    best = max(match.proof or 0.0 for match in wrong.matches)
    assert best < right.matches[0].proof - 0.1


def test_one_letter_is_similar_at_most(catalog: FontCatalog, serif_path: Path) -> None:
    """A lone "R" is read and drawn and its font comes first, but it is not called a match."""
    answer = catalog.search(_picture(serif_path, "R"))
    assert (answer.regions[0].text, answer.matches[0].family.id) == ("R", "lora")
    assert answer.matches[0].proof is not None
    assert answer.verdict in ("similar", "unknown")


def test_without_proof_nothing_is_read(catalog: FontCatalog, serif_path: Path) -> None:
    """No text, no proof, and no time spent on either."""
    answer = catalog.search(_picture(serif_path), proof=False)
    assert answer.regions[0].text is None
    assert all(match.proof is None for match in answer.matches)
    assert list(answer.steps_ms) == ["lines", "vectors", "vote"]


def test_without_files_the_vote_stands(
    catalog: FontCatalog, settings: Settings, serif_path: Path
) -> None:
    """A catalogue whose font files are gone answers as without the proof, but reads."""
    for path in settings.fonts.rglob("*.woff2"):
        path.unlink()
    picture = _picture(serif_path)
    answer = catalog.search(picture)
    assert answer.matches == catalog.search(picture, proof=False).matches
    assert answer.regions[0].text == TEXT
