"""The confined process that reads and draws strangers' fonts; `index.jail` starts it.

`python -m index.jailed FOLDER`: one request a line on the standard input, JSON; the answers, see
`answer`, go to the standard output. It ends with its input.
"""

from __future__ import annotations

import json
import math
import os
import resource
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

# Imported now, so that nothing need be looked for later.
import PIL.WebPImagePlugin  # noqa: F401

from encoder.confine import Limits, confine
from encoder.fontfile import FaceRef, FontFace
from encoder.fontguard import (
    MAX_UNPACKED,
    FontRefusedError,
    face_count,
    read_font_bytes,
    require_outlines,
)
from encoder.reference import ReferenceLine
from encoder.room import address_space, within
from index.drawing import Here

CPU_SECONDS = 20  # of one request
LIMITS = Limits(memory=2**30 + MAX_UNPACKED, cpu=600, file_bytes=0)
_CODE = Path(__file__).resolve().parent.parent

Answer = tuple[dict[str, Any], bytes]
Calls = dict[str, Callable[[dict[str, Any]], Answer]]


def main(arguments: list[str], here: Here) -> None:
    """Confine this process to `FOLDER`, then answer until the input ends."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    cv2.setNumThreads(1)
    code = [os.fspath(_CODE / name) for name in ("encoder", "index", "db")]
    held = confine(within(LIMITS, address_space()), read=[*code, *arguments])
    send(out, {"held": held}, b"")
    calls = table(here)
    for line in sys.stdin.buffer:
        _grant_time()
        send(out, *answer(calls, json.loads(line)))


def table(here: Here) -> Calls:
    """The requests that are understood, by name."""
    return {
        "measure": _measure,
        "faces": lambda r: _faces(here, r),
        "line": lambda r: _picture(here.line(_ref(r), ReferenceLine(**r["line"]))),
        "specimen": lambda r: (
            {},
            here.specimen(_ref(r), r["name"], frozenset(r["coverage"])),
        ),
        "signature": lambda r: _signature(here, r),
    }


def answer(calls: Calls, request: dict[str, Any]) -> Answer:
    """What was asked for; else `refused` or `breach` with a code, or `failed` with a reason."""
    try:
        return calls[request["do"]](request)
    except FontRefusedError as error:
        return {"refused": error.code, "message": error.message}, b""
    except MemoryError:
        return {"breach": "memory-limit"}, b""
    except Exception as error:  # a broken font may raise anything
        return {"failed": f"{type(error).__name__}: {error}"[:500]}, b""


def send(out: BinaryIO, header: dict[str, Any], body: bytes) -> None:
    """Two lengths, big-endian, then the header as JSON and the bytes."""
    text = json.dumps(header).encode()
    out.write(struct.pack(">II", len(text), len(body)) + text + body)
    out.flush()


def _grant_time() -> None:
    """Another CPU_SECONDS for this request; the hard limit stays, a second above."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time()) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard - 1), hard))


def _ref(request: dict[str, Any]) -> FaceRef:
    axes = tuple((str(tag), float(value)) for tag, value in request["variation"])
    return FaceRef(Path(request["path"]), request["index"], axes)


def _measure(request: dict[str, Any]) -> Answer:
    """Whether the file unpacks to a bounded size, has outlines, and how many faces it states."""
    data = read_font_bytes(Path(request["path"]))
    count = face_count(data)
    require_outlines(data)
    return {"faces": count}, b""


def _faces(here: Here, request: dict[str, Any]) -> Answer:
    faces = here.faces(Path(request["path"]), request["fallback"])
    return {"faces": [_plain(face) for face in faces]}, b""


def _plain(face: FontFace) -> dict[str, Any]:
    values = asdict(face)
    del values["ref"]
    values["coverage"] = "".join(sorted(face.coverage))
    values["scripts"] = sorted(face.scripts)
    return {**values, "index": face.ref.index, "variation": face.ref.variation}


def _picture(pixels: np.ndarray) -> Answer:
    return {"shape": pixels.shape}, np.ascontiguousarray(pixels, np.uint8).tobytes()


def _signature(here: Here, request: dict[str, Any]) -> Answer:
    found = here.signature(_ref(request), frozenset(request["coverage"]))
    if found is None:
        return {"shape": None}, b""
    header, body = _picture(found.pictures)
    return {**header, "drawn": found.drawn.tolist()}, body


if __name__ == "__main__":
    main(sys.argv[1:], Here())
