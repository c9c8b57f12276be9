"""The catalogue's lines as training sees them: the right windows, of the right faces and kinds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from encoder.fontfile import FaceRef
from encoder.prepare import prepare
from encoder.reference import draw_reference, reference_lines
from encoder.training.config import MOST_NEIGHBOURS, ModelConfig
from encoder.training.faces import TrainingFace
from encoder.training.model import FontEncoder
from encoder.training.references import References, draw_references, neighbours
from encoder.training.variants import VARIANTS, with_variants

LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
KINDS = ("upper", "lower", "title", "digits")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def faces(fonts_dir: Path) -> list[TrainingFace]:
    """Eight faces of four families, one without capitals, one that has none of the letters."""
    found = [
        TrainingFace(path.parent.name, FaceRef(path), LETTERS, number)
        for number, family in enumerate(sorted(p for p in fonts_dir.iterdir() if p.is_dir()))
        for path in sorted(family.glob("*.woff2"))
    ]
    small = dataclasses.replace(found[0], coverage=LETTERS - frozenset("HAMBURGEFONSPLYWICKDVT"))
    blank = dataclasses.replace(found[0], coverage=frozenset("é"))
    return [*found, small, blank, dataclasses.replace(found[1], variant=2)]


@pytest.fixture(scope="module")
def references(faces: list[TrainingFace]) -> References:
    """Their lines."""
    return draw_references(faces, CPU)


def windows_of(references: References, face: int, kind: int) -> np.ndarray:
    """Those of one kind."""
    start, size = int(references.starts[face, kind]), int(references.sizes[face, kind])
    return references.windows[start : start + size].numpy()


def test_windows_are_those_of_the_catalogues_lines(
    faces: list[TrainingFace], references: References
) -> None:
    """As many of each kind as `prepare` cuts from the drawn line, in their order, and alike."""
    assert references.windows.dtype == torch.uint8
    for number, face in enumerate(faces[:-2]):
        for at, kind in enumerate(KINDS):
            expected = [
                found.windows
                for line in reference_lines(face.coverage)
                if line.kind == kind
                for found in prepare(draw_reference(face.ref, line))
            ]
            found = windows_of(references, number, at).astype(np.float32) / 255
            assert len(found) == sum(map(len, expected))
            if expected:
                # The last window starts where the line ends, which may round to the next pixel.
                moved = np.stack([np.roll(found, shift, axis=3) for shift in (-1, 0, 1)])
                away = np.abs(moved - np.concatenate(expected)).mean(axis=(2, 3, 4)).min(axis=0)
                assert away.max() < 0.03
    assert int(references.sizes.sum()) == len(references.windows)


def test_a_face_without_a_line_is_blank_and_a_variant_is_drawn_as_one(
    faces: list[TrainingFace], references: References
) -> None:
    """One window of paper; stretched lines have more ink, and at least as many windows."""
    blank, wide = len(faces) - 2, len(faces) - 1
    assert references.sizes[blank].tolist() == [1, 0, 0, 0]
    assert (windows_of(references, blank, 0) == 255).all()
    assert (references.sizes[wide] >= references.sizes[1]).all()
    inked = [
        sum((255.0 - windows_of(references, face, kind)[0]).sum() for kind in range(4))
        for face in (1, wide)
    ]
    assert inked[1] > 1.05 * inked[0]


def test_one_of_each_kind_is_picked() -> None:
    """Upper, lower, title and any; where a kind is missing any of the face's; all in the end."""
    sizes = torch.tensor([[2, 1, 3, 2], [0, 2, 1, 0], [1, 0, 0, 0]])
    starts = sizes.flatten().cumsum(0).reshape(sizes.shape) - sizes
    numbers = torch.arange(int(sizes.sum()), dtype=torch.uint8)[:, None, None, None]
    references, generator = References(numbers, starts, sizes), torch.Generator().manual_seed(0)
    faces = torch.tensor([0, 2, 1])
    picked = torch.stack([references.pick(faces, generator) for _ in range(300)])
    assert picked.shape == (300, 3, 4, 1, 1, 1)
    shown = [[set(picked[:, row, at].flatten().tolist()) for at in range(4)] for row in range(3)]
    assert shown[0] == [{0, 1}, {2}, {3, 4, 5}, set(range(8))]
    assert shown[1] == [{11}] * 4
    assert shown[2] == [{8, 9, 10}, {8, 9}, {10}, {8, 9, 10}]


def test_means_are_those_of_each_faces_windows(references: References) -> None:
    """Face by face, in float32; the net learns on afterwards."""
    torch.manual_seed(0)
    model = FontEncoder(ModelConfig(backbone="conv1x16", head=16, dim=8))
    found = references.means(model)
    assert model.training and found.shape == (len(references.sizes), 8)
    model.eval()
    for face, sizes in enumerate(references.sizes.tolist()):
        start = int(references.starts[face, 0])
        windows = references.windows[start : start + sum(sizes)].float() / 255
        with torch.no_grad():
            expected = model(windows).mean(dim=0)
        torch.testing.assert_close(found[face], expected, atol=2e-2, rtol=0)


def test_neighbours_are_the_nearest_of_other_groups(faces: list[TrainingFace]) -> None:
    """As a sort says; the faces made from a face have those made from its neighbours."""
    drawn = [dataclasses.replace(faces[0], group=number // 2) for number in range(80)]
    means = torch.randn(6 * 80, 8, generator=torch.Generator().manual_seed(0))
    found = neighbours(means, with_variants(drawn))
    assert found.shape == (6 * 80, MOST_NEIGHBOURS)
    unit = (means / means.norm(dim=1, keepdim=True)).numpy()
    for face in range(80):
        order = np.argsort(-unit[:80] @ unit[face])
        others = [other for other in order.tolist() if other // 2 != face // 2]
        assert found[face].tolist() == others[:MOST_NEIGHBOURS]
        for variant in range(1, len(VARIANTS)):
            assert np.array_equal(found[variant * 80 + face], found[face] + variant * 80)


def test_of_few_faces_there_are_few_neighbours(faces: list[TrainingFace]) -> None:
    """Never one of its own group, even where that leaves fewer: five of eight look alike here."""
    groups = [0, 0, 0, 0, 0, 1, 2, 2]
    few = [dataclasses.replace(faces[0], group=group) for group in groups]
    found = neighbours(torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), few)
    assert found.shape == (8, 3)
    for face, others in enumerate(found):
        assert all(groups[other] != groups[face] for other in others)
