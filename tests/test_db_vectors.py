"""A vector in a byte a number: by hand, as near as is asked for, and with the same neighbours."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from db.vectors import dequantised, quantised
from encoder.embed import Embedder
from encoder.fontfile import read_faces
from encoder.reference import draw_reference, reference_lines
from index.settings import Settings


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each row with each other one, float64 [N, M]."""
    unit = [a / np.linalg.norm(a, axis=1, keepdims=True) for a in map(np.float64, (rows, others))]
    return np.asarray(unit[0] @ unit[1].T)


def stored(rows: np.ndarray) -> np.ndarray:
    """What is read of rows [N, D] that were written."""
    return dequantised([quantised(row) for row in rows], rows.shape[1])


def test_by_hand() -> None:
    """Bytes 127, -64, 1, 0 are 127^2, -64^2, 1 and 0 over the root of their squares' sum."""
    found = quantised(np.array([0.5, -0.127, 0.00003, -0.000001]))
    assert struct.unpack("4b", found) == (127, -64, 1, 0)
    length = (16129**2 + 4096**2 + 1) ** 0.5
    (row,) = dequantised([found], 4)
    assert row.dtype == np.float16
    np.testing.assert_allclose(row, np.array([16129, -4096, 1, 0]) / length, rtol=5e-4)


def test_the_length_does_not_matter() -> None:
    """Of any length it is the same vector, which comes out with length 1."""
    row = np.random.default_rng(1).standard_normal(256)
    assert quantised(row) == quantised(np.float32(row * 1e-3)) == quantised(row * 7)
    assert np.linalg.norm(np.float64(stored(row[None])[0])) == pytest.approx(1, abs=5e-4)


def test_what_was_read_is_written_again() -> None:
    """Any number of times: nothing drifts. More rows than are read at once, too."""
    codes = np.random.default_rng(2).integers(-127, 128, (3000, 24), np.int8)
    codes[:, 5] = 127
    blobs = [row.tobytes() for row in codes]
    assert [quantised(row) for row in dequantised(blobs, 24)] == blobs


def test_none_and_nothing() -> None:
    """No vectors keep their dimension; bytes that are all zero give zeros."""
    assert dequantised([], 7).shape == (0, 7)
    assert dequantised([bytes(3), quantised(np.eye(3)[1])], 3).tolist() == [[0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_what_has_no_direction_is_refused(value: float) -> None:
    """All zeros, or a number that is none."""
    row = np.zeros(8)
    row[3] = value
    with pytest.raises(ValueError, match="no direction"):
        quantised(row)


def test_real_vectors_stay_what_they_are() -> None:
    """The shipped encoder's, of eight faces' lines: cosine 0.9999, and no neighbour changes.

    That is, the nearest other line is the nearest before too, or as near to a thousandth.
    """
    embedder = Embedder.from_files(Settings().encoder)
    lines = [
        draw_reference(face.ref, line)
        for path in sorted((Path(__file__).with_name("fonts")).glob("*/*.woff2"))
        for face in read_faces(path)
        for line in reference_lines(face.coverage)
    ]
    rows = np.stack([embedder.embed_line(line).vector for line in lines])
    assert len(rows) == 64
    found = stored(rows)
    assert np.diag(cosines(rows, found)).min() > 0.9999
    before, after = cosines(rows, rows), cosines(found, found)
    for scores in (before, after):
        np.fill_diagonal(scores, -1)
    kept = before[np.arange(len(rows)), after.argmax(axis=1)]
    assert (before.max(axis=1) - kept).max() < 1e-3
