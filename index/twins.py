"""Twins: families whose letters are the same drawing up to the noise of drawing again.

Pairs, never chained: a twin of a twin may differ by twice as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from db.records import TwinRecord
from encoder.glyphs import Signature, same_drawings


def find_twins(
    signatures: Mapping[str, Signature], among: Iterable[str] | None = None
) -> list[TwinRecord]:
    """All twins, in both directions, by family ids; `among` keeps pairs that touch one of it."""
    ids = sorted(signatures)
    touched = set(ids if among is None else among)
    twins = []
    for i, j, apart in same_drawings([signatures[name] for name in ids]):
        if touched & {ids[i], ids[j]}:
            twins += [TwinRecord(ids[i], ids[j], apart), TwinRecord(ids[j], ids[i], apart)]
    return twins
