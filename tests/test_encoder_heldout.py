"""The split between seen and unseen families."""

from __future__ import annotations

from encoder.fontsource import pinned
from encoder.heldout import is_heldout


def test_known_families_stay_on_their_side():
    """`sha1sum` in a shell gives 14, 14, 15, 16 and 88 of 100: only the first two are out."""
    ids = ("alkalami", "almendra", "allan", "alike", "inter")
    assert [is_heldout(i) for i in ids] == [True, True, False, False, False]


def test_about_fifteen_percent_are_held_out():
    """The share over the pinned list is within two points of 15 %."""
    ids = list(pinned())
    assert abs(sum(map(is_heldout, ids)) / len(ids) - 0.15) < 0.02
