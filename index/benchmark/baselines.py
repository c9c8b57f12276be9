"""What has to be beaten: pixels, their principal components, a net that saw no font.

Each baseline turns windows into unit vectors like the encoder does, and all (the encoder
too) are asked over the same reduced set of references, one face a family, by exact search
and the catalogue's own vote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from encoder.prepare import Line, prepare
from index import voting
from index.answers import FaceInfo, FamilyInfo, Match, TwinInfo

_SMALL = (128, 32)  # width, height of the pixel baselines' windows


class WindowEmbedder(Protocol):
    """What a baseline shares with the shipped encoder."""

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """Float32 [N, 1, H, W] in 0..1 -> float32 [N, D] of unit length."""


@dataclass(frozen=True)
class Reference:
    """A family's one face with its windows, uint8 [m, 1, H, W] (0 = ink), a few a family."""

    family: FamilyInfo
    face: FaceInfo
    windows: np.ndarray


class PixelEmbedder:
    """The window itself, smaller and without what all windows share."""

    name = "pixels"

    def __init__(self, windows: np.ndarray) -> None:
        """`windows` float32 [N, 1, H, W], N >= 1: where the mean picture comes from."""
        self._mean = _shrunk(windows).mean(axis=0)

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """Float32 [N, 4096], unit rows; N = 0 -> [0, 4096]."""
        return unit(_shrunk(windows) - self._mean)


class PcaEmbedder:
    """The first `dim` eigenvectors of the covariance of the windows' pixels."""

    name = "PCA of pixels"

    def __init__(self, windows: np.ndarray, dim: int = 256) -> None:
        """`windows` float32 [N, 1, H, W]; no more than N - 1 components exist."""
        pixels = _shrunk(windows)
        self._mean = pixels.mean(axis=0)
        _, _, components = np.linalg.svd(pixels - self._mean, full_matrices=False)
        self._components = components[: min(dim, len(pixels) - 1)]

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """Float32 [N, dim], unit rows; N = 0 -> [0, dim]."""
        return unit((_shrunk(windows) - self._mean) @ self._components.T)


class ReferenceFinder:
    """Exact search over references; a `Finder` of `index.benchmark.measure`."""

    def __init__(
        self,
        embedder: WindowEmbedder,
        references: Sequence[Reference],
        twins: Mapping[str, frozenset[str]],
        *,
        average: bool = False,
        on_progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        """`average` keeps one vector a family (the mean of its lines), else one a line.

        `twins` maps a family's id to its twins' ids.
        """
        self._embedder, self._references = embedder, references
        place = {r.family.id: i for i, r in enumerate(references)}
        self._twins = {
            place[i]: frozenset(place[t] for t in others if t in place)
            for i, others in twins.items()
            if i in place
        }
        vectors, groups = [], []
        for number, reference in enumerate(references):
            found = embedder.embed_windows(as_float(reference.windows))
            found = unit(found.mean(axis=0, keepdims=True)) if average else found
            vectors.append(found)
            groups.append(np.full(len(found), number))
            on_progress(number + 1)
        self._vectors, self._groups = np.concatenate(vectors), np.concatenate(groups)

    def __call__(self, picture: np.ndarray, k: int) -> list[Match]:
        """The k best families for a picture (uint8 [H, W, 3]); [] when no ink is found."""
        return self.rank(prepare(picture), k)

    def rank(self, lines: Sequence[Line], k: int) -> list[Match]:
        """The k best families for a picture's lines, each counting by its box's area."""
        if not lines:
            return []
        tallies = [self._tally(line.windows) for line in lines]
        merged = voting.merge_lines(tallies, [float(line.box.area) for line in lines])
        return [self._match(row) for row in voting.rank(merged, self._twins, k)]

    def kin(self, family_id: str, k: int) -> list[str]:
        """The k families closest to one of the references, twins after their row's; [] for none."""
        place = {r.family.id: i for i, r in enumerate(self._references)}.get(family_id)
        if place is None:
            return []
        tally = self._tally(as_float(self._references[place].windows))
        seen = tally.seen.copy()
        seen[place] = False
        rows = voting.rank(voting.Tally(tally.scores, seen), self._twins, k)
        groups = [group for row in rows for group in (row.group, *row.folded)]
        return [self._references[group].family.id for group in groups if group != place]

    def _tally(self, windows: np.ndarray) -> voting.Tally:
        scores = self._embedder.embed_windows(windows) @ self._vectors.T
        return voting.tally_windows(scores, self._groups, len(self._references))

    def _match(self, row: voting.Row) -> Match:
        found = self._references[row.group]
        others = [self._references[i].family for i in row.folded]
        twins = tuple(TwinInfo(f.id, f.name) for f in others)
        score = float(np.clip(row.score, 0, 1))
        return Match(found.family, found.face, score, score, twins, "")


def as_float(windows: np.ndarray) -> np.ndarray:
    """Windows kept as uint8 -> float32 in 0..1, as encoders take them."""
    return windows.astype(np.float32) / 255


def unit(rows: np.ndarray) -> np.ndarray:
    """Float32 rows of length one; a row of zeros stays what it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)


def _shrunk(windows: np.ndarray) -> np.ndarray:
    """[N, 1, H, W] -> float32 [N, 4096]: averaged pixels, 0 = paper, 1 = ink."""
    width, height = _SMALL
    small = [cv2.resize(w[0], _SMALL, interpolation=cv2.INTER_AREA) for w in windows]
    return 1 - np.array(small, np.float32).reshape(len(windows), width * height)
