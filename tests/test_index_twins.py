"""Twins as pairs of family ids."""

from __future__ import annotations

from pathlib import Path

from encoder.fontfile import FaceRef
from encoder.glyphs import LETTERS, signature
from index.twins import find_twins


def test_only_pairs_that_touch_the_wanted_are_kept(serif_path: Path) -> None:
    """`among` leaves out pairs of two others."""
    same = signature(FaceRef(serif_path), frozenset(LETTERS))
    assert same is not None
    three = {"a": same, "b": same, "c": same}
    assert len(find_twins(three)) == 6
    assert {(t.family_id, t.twin_id) for t in find_twins(three, ["c"])} == {
        ("a", "c"),
        ("c", "a"),
        ("b", "c"),
        ("c", "b"),
    }
    assert find_twins({}) == []
