"""Embedder: the shipped network behind ONNX Runtime, from a picture to unit vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from encoder import prepare
from encoder.sessions import Net

INPUT = "windows"
OUTPUTS = ("vectors", "columns", "shares")
_BATCH = 32  # windows a run: bounds the memory of a page full of text
_COUNTS = 0.08  # of an equal share: a column with less is left out; paper beside a word has none
_KEPT = 2  # of a reference line every second column is kept: a query has those between to offer


class MismatchError(RuntimeError):
    """Weights and code (or card) do not belong together; the message names both values."""


class NoInkError(ValueError):
    """There is nothing to embed in a picture."""


@dataclass(frozen=True, slots=True)
class LineVectors:
    """One line of a picture: float32 [n, D] unit vectors of its n >= 1 windows, and its columns.

    `columns` float32 [m, d] are unit vectors of pieces about a letter wide, each half a piece to
    the right of the one before, those without ink left out; `shares` float32 [m] say what each
    counts, and sum to 1; `window_of` int64 [m] is the window of each.
    """

    line: prepare.Line
    vectors: np.ndarray
    columns: np.ndarray
    shares: np.ndarray
    window_of: np.ndarray


@dataclass(frozen=True, slots=True)
class ReferenceVectors:
    """What stands for a drawn line in the catalogue.

    `vector` float32 [D] is the unit mean of its windows, `columns` float32 [m, d] are its columns.
    """

    vector: np.ndarray
    columns: np.ndarray


class Embedder(Net):
    """From windows, lines or pictures to vectors; safe to share between threads."""

    def __init__(self, onnx_path: Path, card: dict[str, Any], *, threads: int = 1) -> None:
        """Use `from_files`, which checks the card against the file."""
        super().__init__(onnx_path, threads)
        self.dim = int(card["dim"])
        self.column_dim = int(card["column_dim"])
        self.sha256 = str(card["onnx_sha256"])
        self.prepare_version = int(card["prepare_version"])

    @classmethod
    def from_files(cls, onnx_path: Path, *, threads: int = 1) -> Embedder:
        """Read `onnx_path` and the card (.json) beside it.

        Raises `FileNotFoundError` when one is missing, and `MismatchError` when they do
        not belong together or the card asks for another `prepare`.
        """
        onnx_path = Path(onnx_path)
        card_path = onnx_path.with_suffix(".json")
        card = _read_card(card_path)
        found = hashlib.sha256(onnx_path.read_bytes()).hexdigest()
        _expect(card_path, "onnx_sha256", card, found)
        _expect(card_path, "prepare_version", card, prepare.VERSION)
        _expect(card_path, "height", card, prepare.HEIGHT)
        _expect(card_path, "width", card, prepare.WIDTH)
        return cls(onnx_path, card, threads=threads)

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """Float32 [N, 1, 64, 256] in 0..1 -> float32 [N, D], unit rows; N = 0 gives [0, D].

        Raises `ValueError` for another shape or dtype.
        """
        expected = (1, prepare.HEIGHT, prepare.WIDTH)
        if windows.shape[1:] != expected or windows.dtype != np.float32:
            found = f"{windows.dtype} {list(windows.shape)}"
            raise ValueError(f"windows are {found}; float32 [N, 1, 64, 256] is needed")
        parts = self._run(OUTPUTS[:1], windows)
        return np.concatenate([np.empty((0, self.dim), np.float32), *(part for (part,) in parts)])

    def embed_lines(self, lines: Sequence[prepare.Line]) -> list[LineVectors]:
        """The vectors of lines that `prepare` found, in their order; [] for none."""
        return [
            LineVectors(line, vectors, *_inked(columns, shares))
            for line, (vectors, columns, shares) in zip(lines, self._of_lines(lines), strict=True)
        ]

    def _of_lines(self, lines: Sequence[prepare.Line]) -> list[tuple[np.ndarray, ...]]:
        """`OUTPUTS` of each line."""
        if not lines:
            return []
        windows = [line.windows for line in lines]
        parts = self._run(OUTPUTS, np.concatenate(windows))
        found = [np.concatenate(part) for part in zip(*parts, strict=True)]
        ends = np.cumsum([len(some) for some in windows])[:-1]
        return list(zip(*(np.split(rows, ends) for rows in found), strict=True))

    def embed_columns(self, windows: np.ndarray) -> list[np.ndarray]:
        """The columns with ink of each window (as above): float32 [m, d], unit rows."""
        return [
            _inked(columns[None], shares[None])[0]
            for part in self._run(OUTPUTS[1:], windows)
            for columns, shares in zip(*part, strict=True)
        ]

    def embed_line(self, picture: np.ndarray) -> ReferenceVectors:
        """What stands for a picture of one line. Raises `NoInkError` when it is blank."""
        found = self._of_lines(prepare.prepare(picture))
        if not found:
            raise NoInkError("the picture shows no ink, so there is nothing to embed")
        mean = np.concatenate([vectors for vectors, _, _ in found]).mean(axis=0)
        vector = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        kept = [_inked(c[:, ::_KEPT], s[:, ::_KEPT])[0] for _, c, s in found]
        return ReferenceVectors(vector, np.concatenate(kept))

    def _run(self, outputs: Sequence[str], windows: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        session = self._opened()
        for start in range(0, len(windows), _BATCH):
            yield tuple(session.run(list(outputs), {INPUT: windows[start : start + _BATCH]}))

    def _new_session(self) -> onnxruntime.InferenceSession:
        made = super()._new_session()
        found = made.get_outputs()[0].shape[-1]
        if found != self.dim:
            raise MismatchError(
                f"{self._path.name} gives vectors of {found}, its card says {self.dim}"
            )
        return made


def _inked(columns: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns [N, C, d] of windows that count, as [m, d]; their shares and windows [m]."""
    inked = shares >= _COUNTS / shares.shape[1] * shares.sum(axis=1, keepdims=True)
    counted = shares[inked]
    return columns[inked], counted / counted.sum(), np.nonzero(inked)[0]


def _read_card(path: Path) -> dict[str, Any]:
    card = json.loads(path.read_text())
    needed = ("dim", "column_dim", "height", "width", "prepare_version", "onnx_sha256")
    if missing := [key for key in needed if key not in card]:
        remedy = "export the encoder again"
        if missing == ["column_dim"]:
            remedy = "its run taught no column head: train with loss.columns=64"
        raise MismatchError(f"{path.name} lacks {', '.join(missing)}; {remedy}")
    return card


def _expect(path: Path, key: str, card: dict[str, Any], found: object) -> None:
    if card[key] != found:
        raise MismatchError(
            f"{path.name} states {key} {card[key]}, but here it is {found}; "
            "export the encoder again, or take the weights that belong to this version"
        )
