"""With which code a record was made, and how much memory that took."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path


def commit() -> str:
    """The checkout's commit, with "+" when files differ from it; "unknown" outside git."""
    root = Path(__file__).resolve().parents[2]
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    if head is None:
        return "unknown"
    return head + ("+" if _git(root, "status", "--porcelain", "-uno") else "")


def peak_memory_mb() -> int:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
