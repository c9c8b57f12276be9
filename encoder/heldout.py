"""Which families training never sees, so that a measurement on them means something."""

from __future__ import annotations

import hashlib

_PERCENT = 15


def is_heldout(family_id: str) -> bool:
    """True for about 15 % of ids, decided by the id alone: sha1 mod 100 < 15."""
    return int(hashlib.sha1(family_id.encode()).hexdigest(), 16) % 100 < _PERCENT
