"""A command as an ordinary user: `python -m tests.unprivileged PROGRAM ARGUMENT...`.

Whoever is not root is one already. Root becomes nobody, in a mount namespace in which Python and
the checkout can be reached even when they lie below a folder that only root may enter.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS


def become_nobody() -> None:
    """For good. Raises `OSError` where root may not mount or change its user."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    _mount("--make-rprivate", "/")
    _open_up([Path(path).resolve() for path in (sys.base_prefix, sys.prefix, ROOT)])
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _open_up(paths: list[Path]) -> None:
    """Lay an open folder, which holds the paths alone, over each one that others may not enter."""
    hidden = {path: closed for path in paths if (closed := _closed(path))}
    kept = {path: Path(tempfile.mkdtemp()) for path in hidden}
    for path, place in kept.items():
        _mount("--rbind", str(path), str(place))
    for closed in set(hidden.values()):
        _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(closed))
    for path, place in kept.items():
        path.mkdir(parents=True, exist_ok=True)
        _mount("--move", str(place), str(path))
        place.rmdir()


def _closed(path: Path) -> Path | None:
    above = [*reversed(path.parents), path]
    return next((folder for folder in above if not folder.stat().st_mode & 0o001), None)


def _mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise OSError(error.stderr.decode()) from error


if __name__ == "__main__":
    if os.getuid() == 0:
        become_nobody()
    os.execv(sys.argv[1], sys.argv[1:])
