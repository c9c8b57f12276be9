"""The browser's lines: drawn once, kept, and used in the share that was asked for."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder import browser
from encoder.training import batches
from encoder.training.browser_lines import BrowserLines, draw_missing, folder_beside
from encoder.training.config import ConfigError, DataConfig, RunConfig, ScheduleConfig
from encoder.training.faces import TrainingFace, load_faces
from encoder.typeset import ink_mask, open_font

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not browser.available(), reason="no Chromium here"),
]
FONTS = Path(__file__).with_name("fonts")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> list[TrainingFace]:
    """The test fonts' faces, in a data folder of their own, with their lines drawn."""
    fonts = tmp_path_factory.mktemp("lines") / "fonts"
    shutil.copytree(FONTS, fonts)
    found = load_faces(fonts)
    draw_missing(found, folder_beside(fonts))
    return found


def folder_of(faces: list[TrainingFace]) -> Path:
    return folder_beside(faces[0].ref.path.parent.parent)


def test_every_face_has_its_lines(faces: list[TrainingFace]) -> None:
    """A line is ink on paper of its size; a face's lines differ, also from another face's."""
    lines = BrowserLines(folder_of(faces))
    seen = set()
    for face in faces:
        for seed in range(12):
            found = lines.pick(face, np.random.default_rng(seed))
            assert found is not None
            mask, size, text = found
            assert mask.dtype == np.uint8 and mask.max() > 200
            assert mask[0].max() == mask[-1].max() == mask[:, 0].max() == 0
            assert size <= mask.shape[0] <= 4 * size  # a line's box and half an em around it
            drawn = ink_mask(open_font(face.ref, size), text)  # what it says, by FreeType
            widths = [np.ptp(np.flatnonzero(ink.any(axis=0))) for ink in (mask, drawn)]
            assert widths[0] == pytest.approx(widths[1], rel=0.08, abs=4)
            seen.add((face.ref.path.name, mask.tobytes()))
    assert len(faces) * 2 < len(seen) == len({data for _, data in seen})


def test_lines_that_are_there_are_not_drawn_again(
    faces: list[TrainingFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No browser is needed for what is on disk; only the missing family is drawn."""
    folder = folder_of(faces)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    (folder / "lora.npz").unlink()
    done: list[tuple[int, int]] = []
    draw_missing(faces, folder, on_progress=lambda d, t: done.append((d, t)))
    assert done == [(1, 1)]
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    monkeypatch.setenv("FONTKIN_CHROMIUM", "/nowhere")
    draw_missing(faces, folder)
    (folder / "lora.npz").unlink()
    with pytest.raises(browser.BrowserMissingError, match="/nowhere"):
        draw_missing(faces, folder)
    (folder / "lora.npz").write_bytes(before["lora.npz"])


def test_a_share_of_the_pictures_is_the_browsers(
    faces: list[TrainingFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 200 windows about three in ten come from the browser's lines."""
    counts: Counter[str] = Counter()

    def count(name: str) -> None:
        original = getattr(batches, name)

        def counted(*args: object, **options: object) -> object:
            counts[name] += 1
            return original(*args, **options)

        monkeypatch.setattr(batches, name, counted)

    count("distort_ink")
    count("draw_ink")
    config, rng = DataConfig(browser_share=0.3), np.random.default_rng(0)
    lines = BrowserLines(folder_of(faces))
    for _ in range(200):
        batches.draw_window(faces[0], rng, config, lines)
    assert counts["distort_ink"] == 200
    assert 40 <= 200 - counts["draw_ink"] <= 80


def test_a_refused_face_has_no_lines(faces: list[TrainingFace], tmp_path: Path) -> None:
    """What the browser refuses is drawn by FreeType alone."""
    broken = tmp_path / "fonts" / "broken" / "broken-latin-400-normal.woff2"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"wOF2" + bytes(200))
    face = TrainingFace("broken", type(faces[0].ref)(broken), frozenset("abc"), 0)
    draw_missing([face], tmp_path / "browser-lines")
    assert BrowserLines(tmp_path / "browser-lines").pick(face, np.random.default_rng(0)) is None


def test_an_impossible_share_is_refused() -> None:
    """The message names the key and the value."""
    with pytest.raises(ConfigError, match=r"browser_share = 1.5"):
        RunConfig("x", data=DataConfig(browser_share=1.5), schedule=ScheduleConfig(samples=1))


def test_the_stored_size_is_the_drawn_one(faces: list[TrainingFace]) -> None:
    """The ink is as high as letters of that many pixels to the em can be."""
    path = folder_of(faces) / "lora.npz"
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            name, _, size, _ = key.split("/")
            mask = cv2.imdecode(stored[key], cv2.IMREAD_GRAYSCALE)
            rows = np.flatnonzero(mask.max(axis=1) > 96)
            assert name.startswith("lora-latin-") and 12 <= int(size) <= 120
            assert 0.3 * int(size) < rows[-1] - rows[0] < 1.3 * int(size)
