"""How much memory the control group leaves that this process runs in (Linux's second version).

A unit of systemd and a container are such groups: past their limit the kernel ends a process.
"""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

from encoder.confine import Limits

LEAST = 64 * 2**20  # bytes; reading and drawing an ordinary font takes a tenth of it
_ROOT, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_LIMITS = ("memory.high", "memory.max")  # slowed down past the first
_DROPPED = ("inactive_file", "active_file")  # counted as used, and given up when it is needed


def within(limits: Limits, holds: int = 0) -> Limits:
    """`limits` with no more memory than a process that `holds` so many bytes may still get.

    It may always get `LEAST` more, as the kernel may find that elsewhere.
    """
    left = memory_left()
    if left is None:
        return limits
    return replace(limits, memory=min(limits.memory, holds + max(LEAST, left)))


def address_space() -> int:
    """Bytes of address space that this process has; what a limit of memory counts."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()


def memory_left(root: Path = _ROOT, own: Path = _OWN) -> int | None:
    """Bytes that the group, and those it is in, may still take; None where nothing limits them."""
    try:
        named = next(line[3:] for line in own.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    folder = root / named.lstrip("/")
    left = [_left(group) for group in (folder, *folder.parents) if group.is_relative_to(root)]
    return min((each for each in left if each is not None), default=None)


def _left(group: Path) -> int | None:
    try:
        limits = [text for name in _LIMITS if (text := (group / name).read_text().strip()) != "max"]
        if not limits:
            return None
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        used = int((group / "memory.current").read_text())
        return max(0, min(map(int, limits)) - used + sum(int(stat.get(n, 0)) for n in _DROPPED))
    except (OSError, ValueError):  # no such files: the root, or the first version
        return None
