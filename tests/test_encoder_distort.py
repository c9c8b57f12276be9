"""Text in the wild: seeded, bounded, and with its box in the right place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoder.distort import MAX_SIZE, STEPS, draw_in_the_wild
from encoder.fontfile import FaceRef
from encoder.surfaces import colour_pair
from encoder.typeset import TypesetError


def test_the_same_seed_gives_the_same_bytes(serif_path: Path) -> None:
    """Twenty seeds drawn twice are equal byte for byte, and no two seeds alike."""
    seen = set()
    for seed in range(20):
        a, b = (
            draw_in_the_wild(FaceRef(serif_path), "Quick", np.random.default_rng(seed))
            for _ in range(2)
        )
        assert a.picture.tobytes() == b.picture.tobytes()
        assert a.box == b.box
        seen.add(a.picture.tobytes())
    assert len(seen) == 20


def test_without_steps_it_is_black_on_white(serif_path: Path) -> None:
    """With every step taken away the plain drawing and its exact box remain."""
    drawn = draw_in_the_wild(
        FaceRef(serif_path), "Quick", np.random.default_rng(1), steps=frozenset()
    )
    ink = drawn.picture.min(axis=2) < 255 - 96
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert (drawn.box.y0, drawn.box.y1) == (rows[0], rows[-1] + 1)
    assert (drawn.box.x0, drawn.box.x1) == (columns[0], columns[-1] + 1)
    assert set(np.unique(drawn.picture[0])) == {255}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_step_changes_something(serif_path: Path, step: str) -> None:
    """A step that is left in makes at least one of forty seeds differ from the plain drawing."""
    ref = FaceRef(serif_path)
    plain = draw_in_the_wild(ref, "Quick", np.random.default_rng(0), steps=frozenset())
    drawn = [
        draw_in_the_wild(ref, "Quick", np.random.default_rng(seed), steps=frozenset({step}))
        for seed in range(40)
    ]
    assert any(d.box != plain.box or d.picture.tobytes() != plain.picture.tobytes() for d in drawn)


def test_boxes_lie_inside_their_pictures(sans_path: Path) -> None:
    """Whatever happens, the box is a part of the picture, and the picture a small one."""
    for seed in range(60):
        drawn = draw_in_the_wild(FaceRef(sans_path), "Wavy Test", np.random.default_rng(seed))
        height, width = drawn.picture.shape[:2]
        assert 0 <= drawn.box.x0 < drawn.box.x1 <= width
        assert 0 <= drawn.box.y0 < drawn.box.y1 <= height
        assert height < 6 * MAX_SIZE


def test_colours_can_be_read() -> None:
    """Ink and paper differ by at least 35 grey levels of luminance, in 300 draws."""
    rng = np.random.default_rng(0)
    luma = np.array([0.299, 0.587, 0.114])
    gaps = [abs((ink - paper) @ luma) for ink, paper in (colour_pair(rng) for _ in range(300))]
    assert min(gaps) > 33  # the paper's own noise may take two levels


def test_text_without_ink_is_refused(sans_path: Path) -> None:
    """A space cannot be a training picture."""
    with pytest.raises(TypesetError, match="no ink"):
        draw_in_the_wild(FaceRef(sans_path), " ", np.random.default_rng(0))
