"""What a catalogue needs of a font file, and who does it: this process, or a confined one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from encoder.fontfile import FaceRef, FontFace, read_faces
from encoder.glyphs import Signature, signature
from encoder.reference import ReferenceLine, draw_reference
from index import previews


class Drawer(Protocol):
    """Reads and draws font files. Every call may raise `FontRefusedError`."""

    def faces(self, path: Path, fallback: str | None = None) -> tuple[FontFace, ...]:
        """See `encoder.fontfile.read_faces`."""
        ...

    def line(self, ref: FaceRef, line: ReferenceLine) -> np.ndarray:
        """See `encoder.reference.draw_reference`."""
        ...

    def specimen(self, ref: FaceRef, name: str, coverage: frozenset[str]) -> bytes:
        """See `index.previews.specimen`."""
        ...

    def signature(self, ref: FaceRef, coverage: frozenset[str]) -> Signature | None:
        """See `encoder.glyphs.signature`."""
        ...


class Here:
    """Draws in this process: for files that we fetched ourselves."""

    def faces(self, path: Path, fallback: str | None = None) -> tuple[FontFace, ...]:
        """See `Drawer`."""
        return read_faces(path, fallback=fallback)

    def line(self, ref: FaceRef, line: ReferenceLine) -> np.ndarray:
        """See `Drawer`."""
        return draw_reference(ref, line)

    def specimen(self, ref: FaceRef, name: str, coverage: frozenset[str]) -> bytes:
        """See `Drawer`."""
        return previews.specimen(ref, name, coverage)

    def signature(self, ref: FaceRef, coverage: frozenset[str]) -> Signature | None:
        """See `Drawer`."""
        return signature(ref, coverage)
