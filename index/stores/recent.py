"""Vectors that were asked for lately. An id never comes back, so what is kept stays right."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_KEPT = 65_536  # vectors: 32 MB at 256 numbers


class Recent:
    """At most `kept` vectors of `dim` numbers as float16, the least lately used go first."""

    def __init__(self, dim: int, kept: int = _KEPT) -> None:
        self.dim = dim
        self._kept = kept
        self._rows: OrderedDict[int, NDArray[np.float16]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, ids: Sequence[int], fetch: Callable[[list[int]], Mapping[int, ArrayLike]]
    ) -> NDArray[np.float32] | None:
        """The vectors float32 [M, dim] of `ids` in their order; `fetch` brings those not here.

        None when it does not bring one of them.
        """
        with self._lock:
            known = {i: self._rows[i] for i in ids if i in self._rows}
        fetched = fetch(lost) if (lost := [i for i in ids if i not in known]) else {}
        known |= {i: np.asarray(row, np.float16) for i, row in fetched.items()}
        if any(i not in known for i in ids):
            return None
        with self._lock:
            for i in ids:
                self._rows[i] = known[i]
                self._rows.move_to_end(i)
            while len(self._rows) > self._kept:
                self._rows.popitem(last=False)
        return np.stack([known[i] for i in ids]).astype(np.float32)
