"""What counts as the same drawing, measured on real fonts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef, read_faces
from encoder.glyphs import (
    NOISE,
    Signature,
    distance,
    em_for,
    letters_apart,
    same_drawings,
    signature,
)
from encoder.typeset import open_font


@pytest.fixture(scope="module")
def signatures(fonts_dir: Path) -> dict[str, Signature]:
    """The signature of every test font, by file stem."""
    found = {}
    for path in sorted(fonts_dir.glob("*/*.woff2")):
        (face,) = read_faces(path)
        made = signature(face.ref, face.coverage)
        assert made is not None
        found[path.stem] = made
    return found


def blank(letters: int = 62) -> Signature:
    """A signature of random letters."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (62, 40, 40)).astype(np.uint8)
    return Signature(pictures, np.arange(62) < letters)


def test_a_face_is_its_own_twin(signatures: dict[str, Signature]) -> None:
    """The same file drawn twice is at distance 0."""
    for made in signatures.values():
        assert distance(made, made) == 0.0


def test_distances_are_symmetric_and_bounded(signatures: dict[str, Signature]) -> None:
    """d(a, b) = d(b, a), in 0..1."""
    a, b = signatures["lora-latin-400-normal"], signatures["cantarell-latin-400-normal"]
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert 0 < distance(a, b) < 1


def test_every_other_design_is_far_beyond_the_noise(signatures: dict[str, Signature]) -> None:
    """Different families, weights and slopes of the test fonts are no twins."""
    names = list(signatures)
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            assert distance(signatures[one], signatures[two]) > 1.5 * NOISE, (one, two)


def test_the_same_letters_in_another_size_of_em_are_twins(serif_path: Path, tmp_path: Path) -> None:
    """A copy scaled to another em, in another container, is a twin of the first."""
    from fontTools.ttLib import TTFont
    from fontTools.ttLib.scaleUpem import scale_upem

    font = TTFont(serif_path)
    scale_upem(font, 2048)
    font.flavor = None
    font.save(tmp_path / "scaled.ttf")
    (face,) = read_faces(serif_path)
    one = signature(face.ref, face.coverage)
    two = signature(FaceRef(tmp_path / "scaled.ttf"), face.coverage)
    assert one is not None and two is not None
    assert distance(one, two) < NOISE
    assert [pair[:2] for pair in same_drawings([one, two])] == [(0, 1)]


def test_drawing_again_costs_about_the_noise(serif_path: Path, sans_path: Path) -> None:
    """A third of a pixel to the right costs the order of NOISE (its median over 60 families)."""
    for path in (serif_path, sans_path):
        (face,) = read_faces(path)
        still = signature(face.ref, face.coverage)
        moved = signature(face.ref, face.coverage, shift=1)
        assert still is not None and moved is not None
        assert NOISE / 2 < distance(still, moved) < NOISE * 2


def test_too_few_letters_are_no_evidence(serif_path: Path) -> None:
    """A face of few letters has no signature; pairs that share few are at distance 1."""
    assert signature(FaceRef(serif_path), frozenset("abc")) is None
    assert distance(blank(), blank(39)) == 1.0
    assert distance(blank(), blank(40)) == 0.0


def test_the_distance_is_its_definition() -> None:
    """Against a loop over letters in float64."""
    a, b = blank(), Signature(255 - blank().pictures, np.ones(62, bool))
    total = 0.0
    for one, two in zip(a.pictures.astype(float), b.pictures.astype(float), strict=True):
        total += ((one - two) ** 2).sum() / ((one**2).sum() + (two**2).sum())
    assert distance(a, b) == pytest.approx(total / 62, rel=1e-5)


def test_letters_apart_are_the_parts_of_the_distance(signatures: dict[str, Signature]) -> None:
    """Their mean over the shared letters is the distance; a letter that one lacks is 0."""
    one, two = list(signatures.values())[:2]
    lacking = Signature(one.pictures, one.drawn & (np.arange(len(one.drawn)) != 3))
    apart = letters_apart(lacking, two)
    assert apart[3] == 0 < letters_apart(one, two)[3]
    assert apart[lacking.drawn & two.drawn].mean() == pytest.approx(distance(lacking, two))


def test_the_height_of_h(serif_path: Path, sans_path: Path) -> None:
    """Drawn at the size that is said, the H is as high as was asked for."""
    for path in (serif_path, sans_path):
        font = open_font(FaceRef(path), em_for(FaceRef(path), 90))
        _, top, _, bottom = font.getbbox("H", anchor="ls")
        assert bottom - top == pytest.approx(90, abs=1)


def test_the_coarse_picture_loses_no_twin(signatures: dict[str, Signature]) -> None:
    """Pairs whose fine distance is below NOISE are all candidates."""
    rng = np.random.default_rng(1)
    near = []
    for made in signatures.values():
        noisy = made.pictures.astype(float) * rng.uniform(0.75, 1.0, made.pictures.shape)
        near += [made, Signature(noisy.astype(np.uint8), made.drawn)]
    pairs = {(i, j) for i, j, _ in same_drawings(near)}
    for i in range(0, len(near), 2):
        assert distance(near[i], near[i + 1]) < NOISE
        assert (i, i + 1) in pairs
