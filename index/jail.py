"""Strangers' fonts are read and drawn by a confined child, which dies when it misbehaves.

What comes back is taken for what it claims to be: JSON and pixels of bounded size, checked, and
never unpickled. See `encoder.confine` for the walls around the child.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from encoder.confine import NICE
from encoder.fontfile import FaceRef, FontFace
from encoder.fontguard import FontRefusedError
from encoder.glyphs import Signature
from encoder.reference import ReferenceLine
from encoder.typeset import TypesetError
from index import jailreplies
from index.files import sha256_of

_T = TypeVar("_T")

log = logging.getLogger(__name__)

SECONDS = 90.0  # of the clock a request may take; of the processor's time it has a fourth
MAX_BREACHES = 3  # then the rest of a batch is refused unread
_MAX_HEADER, _MAX_BODY = 8 * 2**20, 256 * 2**20
_ROOT = Path(__file__).resolve().parent.parent
_WALLS = ("limits", "network", "files", "calls")
_REASONS = {
    "time-limit": "Reading or drawing it takes too long",
    "memory-limit": "Reading or drawing it takes too much memory",
    "crashed": "Reading or drawing it crashed the program",
}


class BreachError(FontRefusedError):
    """A font made the child break its limits or die; `path` is the file."""

    def __init__(self, code: str, path: Path) -> None:
        reason = _REASONS[code]
        super().__init__(code, f"{reason}; open it in a font editor and export it again.")
        self.path = path


class Jail:
    """A `Drawer` whose work is done by one confined child, started when it is first needed.

    The child may read `folder` (or a file) and nothing else of ours. Every call may raise
    `FontRefusedError`, among them `BreachError`, after which the next call starts a new child.
    Not to be shared among threads.
    """

    def __init__(self, folder: Path, *, module: str = "index.jailed") -> None:
        self.folder = folder.resolve()
        self._module = module
        self._child: subprocess.Popen[bytes] | None = None
        self._breaches = 0

    def __enter__(self) -> Jail:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def measure(self, path: Path) -> int:
        """How many faces a file states that unpacks to a bounded size and has outlines."""
        header, _ = self._ask(path, {"do": "measure"})
        return self._checked(path, lambda: int(header["faces"]))

    def faces(self, path: Path, fallback: str | None = None) -> tuple[FontFace, ...]:
        """See `Drawer`."""
        header, _ = self._ask(path, {"do": "faces", "fallback": fallback})
        sha256 = sha256_of(path)
        return self._checked(path, lambda: jailreplies.faces(header, path, sha256))

    def line(self, ref: FaceRef, line: ReferenceLine) -> np.ndarray:
        """See `Drawer`."""
        header, body = self._ask(ref.path, {"do": "line", "line": asdict(line), **_place(ref)})
        return self._checked(ref.path, lambda: jailreplies.pixels(header, body))

    def specimen(self, ref: FaceRef, name: str, coverage: frozenset[str]) -> bytes:
        """See `Drawer`."""
        request = {"do": "specimen", "name": name, "coverage": "".join(sorted(coverage))}
        return self._ask(ref.path, {**request, **_place(ref)})[1]

    def signature(self, ref: FaceRef, coverage: frozenset[str]) -> Signature | None:
        """See `Drawer`."""
        request = {"do": "signature", "coverage": "".join(sorted(coverage))}
        header, body = self._ask(ref.path, {**request, **_place(ref)})
        if header.get("shape") is None:
            return None
        return self._checked(ref.path, lambda: jailreplies.signature(header, body))

    def _checked(self, path: Path, read: Callable[[], _T]) -> _T:
        """What an answer says; one that is not what was asked for counts as a breach."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            self._breaches += 1
            self._end()
            raise BreachError("crashed", path) from error

    def _ask(self, path: Path, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The child's answer; it is ended when it does not give a proper one in time."""
        if self._breaches >= MAX_BREACHES:
            raise FontRefusedError(
                "crashed", f"Not read, because {MAX_BREACHES} files before it broke their limits."
            )
        deadline = time.monotonic() + SECONDS
        try:
            child = self._started(deadline)
            line = json.dumps({**request, "path": os.fspath(path.resolve())})
            assert child.stdin is not None
            child.stdin.write(line.encode() + b"\n")
            child.stdin.flush()
            header, body = _answer(child, deadline)
            if "breach" in header:
                raise _DeadError(header["breach"])
        except (_DeadError, OSError) as error:
            self._breaches += 1
            code = self._cause(error)
            log.warning("a font broke its limits (%s): %s", code, path.name)
            raise BreachError(code, path) from error
        if "refused" in header:
            raise FontRefusedError(str(header["refused"]), str(header["message"]))
        if "failed" in header:
            raise TypesetError(str(header["failed"]))
        return header, body

    def _started(self, deadline: float) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module, os.fspath(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.folder if self.folder.is_dir() else self.folder.parent,
                env=_environment(),
                start_new_session=True,
            )
            nice = os.getpriority(os.PRIO_PROCESS, 0) + NICE
            os.setpriority(os.PRIO_PROCESS, self._child.pid, nice)
            held, _ = _answer(self._child, deadline)
            if missing := [wall for wall in _WALLS if wall not in held["held"]]:
                log.warning("font files are drawn without these walls: %s", ", ".join(missing))
        return self._child

    def _cause(self, error: Exception) -> str:
        """End the child and say in a word what it died of."""
        child = self._child
        if isinstance(error, _DeadError) and error.code != "crashed":
            self._end()
            return error.code if error.code in _REASONS else "crashed"
        status = self._end() if child is not None else 0
        # The kernel kills where the memory of all has run out (see `encoder.confine`).
        causes = {-signal.SIGXCPU: "time-limit", -signal.SIGKILL: "memory-limit"}
        return causes.get(status, "crashed")

    def _end(self) -> int:
        """Close the child's input and kill it if it does not follow; its exit status, then 0."""
        child, self._child = self._child, None
        if child is None:
            return 0
        assert child.stdin is not None and child.stdout is not None
        child.stdout.close()
        with contextlib.suppress(OSError):  # it is dead, and something was left to say
            child.stdin.close()
        try:
            return child.wait(1.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return 0


class _DeadError(Exception):
    """The child has ended, is too slow, or talks nonsense."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _environment() -> dict[str, str]:
    """None of the service's own: its tokens are nobody's business."""
    ours = {"PYTHONPATH": os.fspath(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    return ours | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def _answer(child: subprocess.Popen[bytes], deadline: float) -> tuple[dict[str, Any], bytes]:
    head, size = struct.unpack(">II", _read(child, 8, deadline))
    if head > _MAX_HEADER or size > _MAX_BODY:
        raise _DeadError("crashed")
    try:
        header = json.loads(_read(child, head, deadline))
    except ValueError as error:
        raise _DeadError("crashed") from error
    if not isinstance(header, dict):
        raise _DeadError("crashed")
    return header, _read(child, size, deadline)


def _read(child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert child.stdout is not None
    place, parts = child.stdout.fileno(), []
    poll = select.poll()
    poll.register(place, select.POLLIN)
    while size:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(math.ceil(1000 * left)):
            raise _DeadError("time-limit")
        part = os.read(place, min(size, 2**20))
        if not part:
            raise _DeadError("crashed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _place(ref: FaceRef) -> dict[str, Any]:
    return {"index": ref.index, "variation": ref.variation}
