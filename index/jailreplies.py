"""What the confined child answers, checked before it is believed.

Whoever takes the child over may say what he likes, so nothing here trusts a type or a size.
Each function raises `KeyError`, `TypeError`, `ValueError` or `OverflowError` for nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from encoder.fontfile import FaceRef, FontFace
from encoder.fontletters import FIRST, LAST
from encoder.fontnames import MAX_TEXT, clean, web_address
from encoder.glyphs import SIGNATURE_SHAPE, Signature
from encoder.scripts import SCRIPTS


def faces(header: Mapping[str, Any], path: Path, sha256: str) -> tuple[FontFace, ...]:
    """The faces of the file at `path`, whose hash is known here; at least one."""
    found = tuple(_face(path, sha256, values) for values in header["faces"])
    if not found:
        raise ValueError("no face, and no reason why")
    return found


def pixels(header: Mapping[str, Any], body: bytes) -> np.ndarray:
    """uint8 of the stated shape [a, b, c], writable."""
    shape = [int(side) for side in header["shape"]]
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"a picture of shape {shape}")
    return np.frombuffer(bytearray(body), np.uint8).reshape(shape)


def signature(header: Mapping[str, Any], body: bytes) -> Signature:
    """What `encoder.glyphs.signature` made."""
    pictures, drawn = pixels(header, body), np.array(header["drawn"], bool)
    if pictures.shape != SIGNATURE_SHAPE or drawn.shape != SIGNATURE_SHAPE[:1]:
        raise ValueError(f"a signature of {pictures.shape}")
    return Signature(pictures, drawn)


def _face(path: Path, sha256: str, values: Mapping[str, Any]) -> FontFace:
    def text(key: str) -> str | None:
        return None if values[key] is None else clean(str(values[key]), MAX_TEXT)

    axes = tuple((str(tag)[:4], float(value)) for tag, value in values["variation"])
    return FontFace(
        ref=FaceRef(path, int(values["index"]), axes),
        family_name=text("family_name") or "Unnamed",
        style_name=text("style_name") or "Regular",
        weight=min(max(int(values["weight"]), 1), 1000),
        italic=bool(values["italic"]),
        width=min(max(int(values["width"]), 1), 1000),
        coverage=frozenset(c for c in str(values["coverage"]) if FIRST <= ord(c) <= LAST),
        scripts=frozenset(values["scripts"]) & frozenset(SCRIPTS),
        license=text("license"),
        license_url=web_address(text("license_url")),
        designer=text("designer"),
        version=text("version"),
        sha256=sha256,
    )
