"""What was drawn comes again: when, how often, and how much it is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from encoder.fontfile import FaceRef
from encoder.prepare import prepare
from encoder.reference import draw_reference, reference_lines
from encoder.training.batches import Batch
from encoder.training.config import FEWEST_REPLAYED
from encoder.training.replay import Replay, jittered, replaying

CPU = torch.device("cpu")
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def batch(number: int) -> Batch:
    """Two windows, recognised by their faces."""
    faces = torch.tensor([2 * number, 2 * number + 1])
    return Batch(torch.full((2, 1, 8, 32), 255, dtype=torch.uint8), faces, faces)


def number_of(found: Batch) -> int:
    """Which `batch` it was."""
    return int(found.faces[0]) // 2


def test_fresh_ones_come_first_and_once_and_then_again() -> None:
    """In their order; none again before there are enough; what comes again has come before."""
    more = threading.Event()
    fresh, again = [], []

    def source() -> Iterator[Batch]:
        yield from map(batch, range(40))
        assert more.wait(60)
        yield from map(batch, range(40, 44))

    for found in replaying(source(), 1000, CPU):
        if found.again:
            assert len(fresh) >= FEWEST_REPLAYED
            assert number_of(found) in fresh
            again.append(number_of(found))
        else:
            fresh.append(number_of(found))
        if len(again) == 200:
            more.set()
    assert fresh == list(range(44))
    assert len(set(again)) > 20  # any of them, not the last one


def test_what_goes_wrong_while_drawing_is_raised() -> None:
    """The batch before it still comes."""

    def source() -> Iterator[Batch]:
        yield batch(0)
        raise ValueError("no such font")

    stream = replaying(source(), 1000, CPU)
    assert number_of(next(stream)) == 0
    with pytest.raises(ValueError, match="no such font"):
        next(stream)


def test_whoever_stops_ends_the_drawing() -> None:
    """The thread lets go of its source, and so of the processes that draw for it."""
    ended = threading.Event()

    def source() -> Iterator[Batch]:
        try:
            for number in range(10**9):
                yield batch(number)
        finally:
            ended.set()

    stream = replaying(source(), 1000, CPU)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ended.wait(60)


def test_only_the_last_windows_are_kept() -> None:
    """Room for 80 windows is room for 40 batches; older ones never come again."""
    torch.manual_seed(0)
    kept = Replay(80)
    for number in range(FEWEST_REPLAYED - 1):
        kept.keep(batch(number))
    assert kept.draw() is None
    for number in range(FEWEST_REPLAYED - 1, 100):
        kept.keep(batch(number))
    drawn = [kept.draw() for _ in range(1000)]
    assert {number_of(found) for found in drawn if found is not None} == set(range(60, 100))
    assert all(found is not None and found.again for found in drawn)


@pytest.fixture(scope="module")
def windows(fonts_dir: Path) -> torch.Tensor:
    """Uint8 [16, 1, 64, 256]: the catalogue's lines of two faces."""
    drawn = [
        (line.windows[:1] * 255).astype(np.uint8)
        for name in ("lora/lora-latin-400-normal", "courier-prime/courier-prime-latin-400-normal")
        for text in reference_lines(LETTERS)
        for line in prepare(draw_reference(FaceRef(fonts_dir / f"{name}.woff2"), text))
    ]
    return torch.from_numpy(np.concatenate(drawn))


def test_a_window_stays_what_it_was(windows: torch.Tensor) -> None:
    """Nearly: all differ, by little; each is still more like itself than like any other."""
    torch.manual_seed(0)
    found = jittered(windows)
    assert found.dtype == torch.uint8 and found.shape == windows.shape == (16, 1, 64, 256)
    ink, moved = 255.0 - windows.float(), 255.0 - found.float()
    assert (ink - moved).abs().mean(dim=(1, 2, 3)).min() > 1
    share = moved.sum(dim=(1, 2, 3)) / ink.sum(dim=(1, 2, 3))
    assert share.min() > 0.6 and share.max() < 1.4
    for row, window in enumerate(found[:, 0].numpy()):
        middle = window[8:56, 40:216]
        alike = [
            cv2.matchTemplate(other, middle, cv2.TM_CCOEFF_NORMED).max()
            for other in windows[:, 0].numpy()
        ]
        assert np.argmax(alike) == row and alike[row] > 0.6
    assert not torch.equal(jittered(windows), found)


def test_windows_move_each_in_its_own_way(windows: torch.Tensor) -> None:
    """Twenty of the same: their ink's centres spread over tens of pixels, and no further."""
    torch.manual_seed(0)
    ink = 255.0 - jittered(windows[:1].repeat(200, 1, 1, 1)).float()
    places = torch.arange(256.0)
    centres = (ink.sum(dim=(1, 2)) * places).sum(dim=1) / ink.sum(dim=(1, 2, 3))
    before = 255.0 - windows[0, 0].float()
    moved = centres - (before.sum(dim=0) * places).sum() / before.sum()
    assert 5 < float(moved.std()) < 15
    assert float(moved.abs().max()) < 0.15 * 128 + 10  # a half of the width, and the scaling


def test_blank_paper_stays_blank_apart_from_noise() -> None:
    """No ink comes from beyond the edges; noise is never more than a twentieth."""
    torch.manual_seed(0)
    found = jittered(torch.full((200, 1, 64, 256), 255, dtype=torch.uint8)).float()
    assert found.mean(dim=(1, 2, 3)).min() > 255 * (1 - 0.05)
    assert found.min() > 255 * (1 - 6 * 0.05)
    clean = (found == 255).all(dim=3).all(dim=2).flatten()
    assert 0.2 < float(clean.float().mean()) < 0.6
