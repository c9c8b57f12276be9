"""The OpenType Sanitizer before anything else parses a stranger's font, as in browsers.

It reads the file, checks every table and writes a new file from what it understood; tables that
it does not know, and pictures of glyphs, stay behind. WOFF and WOFF2 become plain TTF or OTF.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from pathlib import Path

from encoder.confine import Limits, command
from encoder.fontguard import MAX_UNPACKED, FontRefusedError
from encoder.fontnames import clean
from encoder.room import within

_LIMITS = Limits(memory=2**30, cpu=20, file_bytes=MAX_UNPACKED)
_SECONDS = 90.0  # of the clock, on a busy machine
_MAX_REASON = 200
_TAIL = 2**14
_ROOM = 3  # times a file's size that it may take unpacked
_AGAIN = "Open it in a font editor and export it again."


def sanitize(source: Path, target: Path) -> None:
    """Write the sanitised `source` to `target`, in a folder of our own, by a confined process.

    Raises `FontRefusedError` "unsafe" with the sanitizer's reason, "too-large", "time-limit" or
    "crashed", and `OSError` when the disk is full; `target` then does not exist.
    """
    complaints = target.with_suffix(".txt")
    sanitizer = _sanitizer()
    program = [sanitizer, os.fspath(source.resolve()), os.fspath(target.resolve())]
    home = Path(sanitizer).parent
    folder = os.fspath(target.parent.resolve())
    confined = command(
        within(_LIMITS),
        program,
        read=[os.fspath(home), os.fspath(source.resolve())],
        write=[folder],
    )
    try:
        with complaints.open("wb") as errors:
            code = subprocess.run(
                confined, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                env={}, cwd=folder, timeout=_SECONDS,
            ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        code = -signal.SIGXCPU
    if not code:
        complaints.unlink()
        return
    problem = _refusal(code, complaints)
    full = shutil.disk_usage(folder).free < _ROOM * source.stat().st_size
    for leftover in (complaints, target):
        leftover.unlink(missing_ok=True)
    if full:  # whatever it complained of
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
    raise problem


def _sanitizer() -> str:
    """The program: of the package, which has none for Linux on ARM, or of the system."""
    try:
        import ots
    except ImportError:
        found = shutil.which("ots-sanitize")
        if found is None:
            raise FontRefusedError(
                "no-sanitizer",
                "This server has no OpenType Sanitizer, so it takes no fonts; whoever runs it "
                "installs Debian's package opentype-sanitizer, or ots-sanitize from elsewhere.",
            ) from None
        return os.path.realpath(found)  # only the folder that it really lies in may be read
    return str(ots.OTS_SANITIZE)


def _refusal(code: int, complaints: Path) -> FontRefusedError:
    if code == -signal.SIGXFSZ:
        return FontRefusedError(
            "too-large", f"Unpacked it has more than {MAX_UNPACKED:,} bytes; split the collection."
        )
    if code == -signal.SIGXCPU:
        return FontRefusedError("time-limit", f"Checking it takes too long. {_AGAIN}")
    if code == -signal.SIGKILL:  # by the kernel, when the memory of all runs out
        return FontRefusedError("memory-limit", f"Checking it takes too much memory. {_AGAIN}")
    if code < 0:
        return FontRefusedError(
            "crashed", f"The sanitizer gave up on it (signal {-code}). {_AGAIN}"
        )
    with complaints.open("rb") as file:  # before its errors it may warn of every glyph
        file.seek(-min(_TAIL, complaints.stat().st_size), os.SEEK_END)
        lines = file.read(_TAIL).decode(errors="replace").splitlines()
    reasons = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = clean(reasons[0] if reasons else "no reason given", _MAX_REASON)
    return FontRefusedError(
        "unsafe", f"The OpenType Sanitizer, which browsers use too, refuses it: {reason}. {_AGAIN}"
    )
