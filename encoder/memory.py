"""Memory that was freed goes back to the system where the C library would keep it (glibc)."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return what is free; some milliseconds. Nothing happens with other C libraries."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
