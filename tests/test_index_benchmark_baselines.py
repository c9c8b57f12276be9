"""Baselines on windows simple enough to know the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoder.prepare import prepare
from index.answers import FaceInfo, FamilyInfo
from index.benchmark.baselines import PcaEmbedder, PixelEmbedder, Reference, ReferenceFinder, unit
from index.voting import SHARES


def _windows(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((count, 1, 64, 256)).astype(np.float32)


def test_unit_rows_and_a_row_of_zeros():
    """(3, 4) becomes (.6, .8); nothing stays nothing instead of NaN."""
    rows = unit(np.array([[3, 4], [0, 0]], np.float32))
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


@pytest.mark.parametrize("kind", [PixelEmbedder, PcaEmbedder])
def test_embeddings_are_unit_rows(kind):
    """Shape, type and length as the encoder's, also for no windows."""
    embedder = kind(_windows(12))
    rows = embedder.embed_windows(_windows(3, seed=1))
    assert rows.dtype == np.float32 and rows.shape[0] == 3
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert embedder.embed_windows(_windows(0)).shape == (0, rows.shape[1])


def test_pca_finds_the_direction_that_varies():
    """Windows that differ along one picture alone have one component: that picture."""
    base, pattern = _windows(2)
    windows = np.stack([base + t * pattern for t in (-2.0, -1.0, 0.0, 1.0, 2.0)])
    embedder = PcaEmbedder(windows, dim=1)
    low, high = embedder.embed_windows(np.stack([base - 0.5 * pattern, base + 0.5 * pattern]))
    assert low[0] == pytest.approx(-high[0])
    assert abs(high[0]) == pytest.approx(1.0)


def test_pca_has_no_more_numbers_than_windows_allow():
    """Five windows span four directions."""
    assert PcaEmbedder(_windows(5), dim=256).embed_windows(_windows(1)).shape == (1, 4)


def _picture(width: int) -> np.ndarray:
    """Black bars of one width on white: three 'letters'."""
    picture = np.full((80, 240, 3), 255, np.uint8)
    for x in (40, 90, 140):
        picture[20:60, x : x + width] = 0
    return picture


def _reference(name: str, width: int) -> Reference:
    info = FamilyInfo(name, name, "serif", "OFL-1.1", "google", None)
    windows = np.concatenate([line.windows for line in prepare(_picture(width))])
    return Reference(info, FaceInfo(name, 400, False), (windows * 255).astype(np.uint8))


@pytest.mark.parametrize("average", [False, True])
def test_the_same_picture_is_found(average: bool):
    """A family's own line ranks it first; twins share its row and are named."""
    references = [_reference("thin", 8), _reference("bold", 30), _reference("bolder", 32)]
    windows = np.concatenate([r.windows for r in references]).astype(np.float32) / 255
    twins = {"bold": frozenset({"bolder", "gone"}), "bolder": frozenset({"bold"})}
    done: list[int] = []
    finder = ReferenceFinder(
        PixelEmbedder(windows), references, twins, average=average, on_progress=done.append
    )
    assert done == [1, 2, 3]
    assert finder(_picture(8), 1)[0].family.id == "thin"
    first, second = finder(_picture(30), 10)
    assert (first.family.id, [t.id for t in first.twins]) == ("bold", ["bolder"])
    assert second.family.id == "thin"


def test_a_family_is_its_mean_or_its_nearest_lines():
    """By hand: the vote's shares of the own and the other line; one cosine with their mean."""
    thin, bold = _reference("both", 8), _reference("both", 30)
    both = replace(thin, windows=np.concatenate([thin.windows, bold.windows]))
    pixels = PixelEmbedder(_windows(4))
    own, other = pixels.embed_windows(both.windows.astype(np.float32) / 255)
    first, second = SHARES[0] / sum(SHARES[:2]), SHARES[1] / sum(SHARES[:2])
    nearest = ReferenceFinder(pixels, [both], {})(_picture(8), 1)[0].score
    mean = ReferenceFinder(pixels, [both], {}, average=True)(_picture(8), 1)[0].score
    assert nearest == pytest.approx(first + second * float(own @ other), abs=1e-3)
    middle = (own + other) / np.linalg.norm(own + other)
    assert mean == pytest.approx(float(own @ middle), abs=1e-3)


def test_an_empty_picture_finds_nothing():
    """Paper alone gives no rows."""
    finder = ReferenceFinder(PixelEmbedder(_windows(2)), [_reference("a", 9)], {})
    assert finder(np.full((50, 50, 3), 255, np.uint8), 5) == []
