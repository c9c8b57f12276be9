"""A jailed child that a font has taken over: it does whatever the family's label says."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from encoder.fontfile import FaceRef, FontFace
from encoder.reference import ReferenceLine
from index import jailed
from index.drawing import Here


def spin() -> None:
    """Use processor time."""
    while True:
        pass


def shout() -> None:
    """Write rubbish wherever an answer could go."""
    for place in range(3, 12):
        try:
            os.write(place, b"\xff" * 64)
        except OSError:
            continue


DEEDS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "spin": spin,
    "sleep": lambda: time.sleep(60),
    "hog": lambda: bytearray(4 * 2**30),
    "fill": lambda: b"x" * (700 * 2**20),
    "abort": os.abort,
    "shout": shout,
    "fork": os.fork,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "run": lambda: subprocess.run(["/bin/true"]),
    "socket": socket.socket,
    "kill the service": lambda: os.kill(os.getppid(), 9),
    "read secrets": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "read passwords": lambda: Path("/etc/passwd").read_bytes(),
    "list the data": lambda: os.listdir(Path(sys.argv[1]).parent),
    "write beside the font": lambda: Path(sys.argv[1], "x").write_bytes(b"x"),
    "delete the font": lambda: os.unlink(Path(sys.argv[1], "font.ttf")),
}


class Hostile(Here):
    """Draws as it should until it is told to do something else."""

    def faces(self, path: Path, fallback: str | None = None) -> tuple[FontFace, ...]:
        """Do the deed that `fallback` names; "environment" says what it was given."""
        if fallback == "environment":
            raise ValueError(" ".join(sorted(os.environ)))
        if fallback in DEEDS:
            raise ValueError(f"done: {DEEDS[fallback]()}")
        return super().faces(path, fallback)

    def line(self, ref: FaceRef, line: ReferenceLine) -> np.ndarray:
        """A picture that is none."""
        return np.zeros(7, np.uint8)


if __name__ == "__main__":
    jailed.CPU_SECONDS = 1
    jailed.main(sys.argv[1:], Hostile())
