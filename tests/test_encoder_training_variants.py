"""Faces made from others: what their ink looks like, whose groups they are, how often they come."""

from __future__ import annotations

import dataclasses
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from encoder.distort import draw_in_the_wild
from encoder.fontfile import FaceRef
from encoder.prepare import WIDTH, cut_windows, line_strip
from encoder.training.batches import DrawnBatches, draw_window
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.references import neighbours
from encoder.training.text import draw_text
from encoder.training.variants import VARIANTS, varied, with_variants
from encoder.typeset import ink_mask, open_font

LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
MADE = range(1, len(VARIANTS))


@pytest.fixture(scope="module")
def faces(fonts_dir: Path) -> list[TrainingFace]:
    """The tests' eight faces, each family a group, but the last two the same one: twins."""
    paths = sorted(fonts_dir.glob("*/*.woff2"))
    groups = {"abril-fatface": 0, "cantarell": 1, "courier-prime": 2, "lora": 2}
    return [
        TrainingFace(path.parent.name, FaceRef(path), LETTERS, groups[path.parent.name])
        for path in paths
    ]


@pytest.fixture(scope="module")
def ink(serif_path: Path) -> np.ndarray:
    """A line in Lora, large."""
    return ink_mask(open_font(FaceRef(serif_path), 96), "Hamburgefons", pad=4)


def moments(ink: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Mass, centre (x, y) and covariance [2, 2] of the ink."""
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    places, weight = np.stack([columns, rows]).reshape(2, -1), ink.ravel() / 255
    centre = places @ weight / weight.sum()
    away = places - centre[:, None]
    return float(weight.sum()), centre, (away * weight) @ away.T / weight.sum()


def test_the_first_is_the_face_itself(ink: np.ndarray) -> None:
    """Untouched."""
    assert np.array_equal(varied(ink, 0), ink)


@pytest.mark.parametrize("number", MADE)
def test_ink_is_stretched_and_leans_as_a_matrix_says(ink: np.ndarray, number: int) -> None:
    """Mass, centre and covariance are those of the affine map; nothing is cut off."""
    stretch, lean = VARIANTS[number].stretch, VARIANTS[number].lean
    matrix = np.array([[stretch, lean], [0, 1.0]])
    found = varied(ink, number)
    assert found.dtype == np.uint8 and found.shape[0] == ink.shape[0]
    (mass, centre, spread), (mass2, centre2, spread2) = moments(ink), moments(found)
    assert mass2 == pytest.approx(mass * stretch, rel=0.01)
    np.testing.assert_allclose(centre2, matrix @ centre, atol=0.5)
    np.testing.assert_allclose(spread2, matrix @ spread @ matrix.T, rtol=0.01, atol=2)


def test_the_top_leans_to_the_left() -> None:
    """A stem's top is `lean` times its height further left than its foot; widths hold."""
    stem = np.zeros((101, 60), np.uint8)
    stem[:, 20:30] = 255
    for number in MADE:
        found, variant = varied(stem, number), VARIANTS[number]
        weight = found.astype(float)
        centres = weight @ np.arange(found.shape[1]) / weight.sum(axis=1)
        assert centres[-1] - centres[0] == pytest.approx(variant.lean * 100, abs=0.2)
        width = weight.sum(axis=1) / 255
        np.testing.assert_allclose(width, 10 * variant.stretch, atol=1)


def test_every_variant_has_groups_of_its_own(faces: list[TrainingFace]) -> None:
    """All faces in their order a variant; twins stay twins, and only of their own variant."""
    found = with_variants(faces)
    assert len(found) == len(VARIANTS) * len(faces) and found[: len(faces)] == faces
    by_variant = [found[at : at + len(faces)] for at in range(0, len(found), len(faces))]
    for number, part in enumerate(by_variant):
        assert {face.variant for face in part} == {number}
        assert [face.ref for face in part] == [face.ref for face in faces]
        for (a, old_a), (b, old_b) in pairwise(zip(part, faces, strict=True)):
            assert (a.group == b.group) == (old_a.group == old_b.group)
    for one, other in pairwise(by_variant):
        assert {f.group for f in one}.isdisjoint(f.group for f in other)
    assert sorted({face.group for face in found}) == list(range(3 * len(VARIANTS)))


def test_a_window_shows_the_variant(faces: list[TrainingFace]) -> None:
    """Undistorted lines of the same text: those of a stretched face are as much wider."""
    data, stretched = DataConfig(steps=()), dataclasses.replace(faces[0], variant=2)
    wider = []
    for seed in range(60):
        ends = []
        for face in (faces[0], stretched):
            window = draw_window(face, np.random.default_rng(seed), data)
            assert window is not None
            ends.append(int(np.flatnonzero((window < 128).any(axis=0))[-1]))
        if max(ends) < WIDTH - 8:  # the whole text is in sight
            wider.append((ends[1] - 4) / (ends[0] - 4))
    assert len(wider) > 5 and VARIANTS[2].stretch == 1.3
    np.testing.assert_allclose(wider, 1.3, atol=0.05)


def family_like(count: int, face: TrainingFace) -> list[TrainingFace]:
    """So many faces with groups of their own; they need not be drawn."""
    return [
        dataclasses.replace(face, family=f"family-{number}", group=number)
        for number in range(count)
    ]


@pytest.mark.parametrize("along", [0, 3])
def test_variants_get_their_share(faces: list[TrainingFace], along: int) -> None:
    """Of the faces that are asked for, with and without neighbours."""
    many = with_variants(family_like(150, faces[0]))
    means = torch.randn(len(many), 8, generator=torch.Generator().manual_seed(0))
    near = neighbours(means, many) if along else None
    data = DataConfig(families_per_batch=12, variants=0.35, neighbours=along)
    batches, rng = DrawnBatches(many, data, 0, near=near), np.random.default_rng(5)
    asked = [many[members[0]].variant > 0 for _ in range(1500) for members in batches._asked(rng)]
    assert len(asked) == 1500 * 12
    assert np.mean(asked) == pytest.approx(0.35, abs=0.02)


def test_neighbours_come_along(faces: list[TrainingFace]) -> None:
    """As many faces as families were asked for, all different: one, its neighbours, another ..."""
    many = with_variants(family_like(60, faces[0]))
    near = neighbours(torch.randn(60 * 6, 8, generator=torch.Generator().manual_seed(0)), many)
    data = DataConfig(families_per_batch=10, variants=0.5, neighbours=4)
    batches, rng = DrawnBatches(many, data, 0, near=near), np.random.default_rng(6)
    firsts, alone = [], []
    for _ in range(200):
        asked = [face for (face,) in batches._asked(rng)]
        assert len(asked) == len(set(asked)) == 10
        assert set(asked[1:5]) <= set(near[asked[0]].tolist())
        firsts.append(asked[0])
        before = [set(near[asked[:at]].flatten().tolist()) for at in range(10)]
        alone.append(sum(face not in others for face, others in zip(asked, before, strict=True)))
    assert np.mean(alone) < 2.5  # two of ten are asked for, the others are neighbours of these
    assert len(set(firsts)) > 100


def test_a_batch_with_neighbours_is_drawn_and_comes_again(faces: list[TrainingFace]) -> None:
    """Exactly `families_per_batch` faces, as many pictures each; the same for the same number."""
    many = with_variants(faces)
    near = neighbours(torch.randn(len(many), 8, generator=torch.Generator().manual_seed(0)), many)
    data = DataConfig(families_per_batch=5, samples_per_family=3, variants=0.5, neighbours=2)
    one, same, next_one = (
        DrawnBatches(many, data, seed=3, near=near).draw(number) for number in (7, 7, 8)
    )
    counts = Counter(one.faces.tolist())
    assert len(counts) == 5 and set(counts.values()) == {3}
    assert one.groups.tolist() == [many[face].group for face in one.faces.tolist()]
    assert torch.equal(one.windows, same.windows) and torch.equal(one.faces, same.faces)
    assert not torch.equal(one.windows, next_one.windows)
    assert one.windows.float().std(dim=(1, 2, 3)).min() > 5


def test_without_them_nothing_is_another(faces: list[TrainingFace]) -> None:
    """The batches that runs before variants and neighbours learned from, to the last pixel."""
    data = DataConfig(families_per_batch=2, samples_per_family=3)
    for number in (0, 5):
        rng = np.random.default_rng((9, number))
        members = [[i for i, face in enumerate(faces) if face.group == group] for group in range(3)]
        share = np.array([len(group) ** 0.3 for group in members])
        chosen = rng.choice(3, size=2, replace=False, p=share / share.sum())
        drawn, windows = [], []
        for group in np.repeat(chosen, 3):
            face = members[group][int(rng.integers(len(members[group])))]
            rng.random()  # which may ask for the browser's line
            text = draw_text(rng, faces[face].coverage)
            found = draw_in_the_wild(faces[face].ref, text, rng)
            strip = line_strip(found.picture, found.box)
            first = int(rng.integers(max(1, strip.shape[1] - WIDTH + 1)))
            windows.append((cut_windows(strip[:, first : first + WIDTH])[0] * 255).astype(np.uint8))
            drawn.append(face)
        batch = DrawnBatches(faces, data, seed=9).draw(number)
        assert batch.faces.tolist() == drawn
        assert np.array_equal(batch.windows.numpy(), np.stack(windows))
