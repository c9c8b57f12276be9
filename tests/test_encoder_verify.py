"""The shipped verifier over real fonts: it knows a face by its letters, and its own file."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from encoder.fontfile import FaceRef
from encoder.prepare import Line, cut_windows, prepare
from encoder.redraw import aligned, redraw
from encoder.typeset import draw_line
from encoder.verify import INPUT, OUTPUT, Verifier
from index.settings import Settings

SHIPPED = Settings().verifier
TEXTS = ("Wonderful", "grapes and nuts", "HARBOUR")


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier.from_files(SHIPPED)


def _line(path: Path, text: str, size: int = 40) -> Line:
    picture = np.asarray(draw_line(FaceRef(path), text, size).convert("RGB"))
    (line,) = prepare(picture)
    return line


def _drawn(path: Path, text: str, line: Line) -> np.ndarray:
    return aligned(line.strip, redraw(FaceRef(path), text, line.height).strip)


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_is_in_its_face_and_in_no_other(
    verifier: Verifier, fonts_dir: Path, text: str
) -> None:
    """Every test font against every other: the own one is clearly above, all others below 0."""
    paths = sorted(fonts_dir.glob("*/*.woff2"))
    for own in paths:
        line = _line(own, text)
        logits = verifier.logits(line.strip, [_drawn(p, text, line) for p in paths])
        said = dict(zip(paths, logits.tolist(), strict=True))
        others = [logit for path, logit in said.items() if path != own]
        assert said[own] > max(others) + 3, (own.name, said)
        assert max(others) < 0


def test_a_long_line_is_the_mean_of_three_windows(verifier: Verifier, serif_path: Path) -> None:
    """The first, the middle and the last window, by ONNX Runtime itself."""
    text = "Long lines have many windows, of which three are seen"
    line = _line(serif_path, text)
    drawn = _drawn(serif_path, text, line)
    windows, others = cut_windows(line.strip), cut_windows(drawn)
    assert len(windows) > 4
    session = onnxruntime.InferenceSession(SHIPPED, providers=["CPUExecutionProvider"])
    each = [
        session.run([OUTPUT], {INPUT: np.concatenate([windows[i], others[i]])[None]})[0][0]
        for i in (0, len(windows) // 2, len(windows) - 1)
    ]
    (logit,) = verifier.logits(line.strip, [drawn])
    assert logit == pytest.approx(np.mean(each), abs=1e-3)


def test_nothing_drawn_nothing_said(verifier: Verifier) -> None:
    assert verifier.logits(np.ones((64, 300), np.float32), []).shape == (0,)


def test_it_travels_to_another_process(verifier: Verifier, serif_path: Path) -> None:
    """Pickled after its first use; the copy makes a session of its own and says the same."""
    line = _line(serif_path, "Wonderful")
    drawn = [_drawn(serif_path, "Wonderful", line)]
    said = verifier.logits(line.strip, drawn)
    copy = pickle.loads(pickle.dumps(verifier))
    assert copy.logits(line.strip, drawn) == pytest.approx(said)


def test_a_file_that_is_not_its_cards(tmp_path: Path) -> None:
    """Another file than the card's is refused by name, with both hashes; so is a missing one."""
    path = tmp_path / "verifier.onnx"
    path.write_bytes(SHIPPED.read_bytes() + b"x")
    card = SHIPPED.with_suffix(".json").read_text()
    path.with_suffix(".json").write_text(card)
    with pytest.raises(ValueError, match=json.loads(card)["onnx_sha256"]) as caught:
        Verifier.from_files(path)
    assert str(path) in str(caught.value) and "fetch" in str(caught.value)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        Verifier.from_files(path)
