"""Which ids may be found, as an expression of Milvus; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RANGES = 512  # above it a list of ids is shorter to evaluate than ranges


def clause(ids: NDArray[np.int64]) -> str:
    """An expression that holds for these ids (int64 [M], M >= 1, ascending).

    The samples of a family, of a run of families, of an owner have neighbouring ids: a few
    ranges say the same as a list of 80,000 ids.
    """
    breaks = np.flatnonzero(np.diff(ids) != 1)
    if len(breaks) >= _RANGES:
        return f"id in {ids.tolist()}"
    firsts = ids[np.concatenate([[0], breaks + 1])].tolist()
    lasts = ids[np.concatenate([breaks, [len(ids) - 1]])].tolist()
    return _any([f"({a} <= id and id <= {b})" for a, b in zip(firsts, lasts, strict=True)])


def _any(terms: list[str]) -> str:
    """Halves in brackets: a chain of hundreds would be nested too deeply for the server."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_any(terms[:half])} or {_any(terms[half:])})"
