"""Batches of freshly drawn windows: several families, each with several pictures.

Batch number `i` of a seed is the same pictures whatever the number of workers, so a resumed
run goes on exactly where it stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from encoder.distort import Drawn, distort_ink, draw_ink
from encoder.prepare import HEIGHT, WIDTH, cut_windows, line_strip
from encoder.training.browser_lines import BrowserLines, folder_beside
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.replay import jittered
from encoder.training.text import draw_text
from encoder.training.variants import varied
from encoder.typeset import TypesetError

_TRIES = 6


@dataclass(frozen=True, slots=True)
class Batch:
    """windows uint8 [N, 1, H, W] (255 = paper), groups int64 [N], faces int64 [N].

    `again`: they were learned before, a little different.
    """

    windows: torch.Tensor
    groups: torch.Tensor
    faces: torch.Tensor
    again: bool = False

    def to(self, device: torch.device) -> Batch:
        """The same on `device`."""
        return Batch(
            self.windows.to(device), self.groups.to(device), self.faces.to(device), self.again
        )

    def __len__(self) -> int:
        return len(self.faces)

    def once_more(self) -> Batch:
        """The same windows, jittered."""
        return replace(self, windows=jittered(self.windows), again=True)


class Numbered(IterableDataset):
    """An endless stream of what `draw` makes of the numbers from `start` on, on any workers."""

    start: int

    def __iter__(self) -> Iterator[Any]:
        cv2.setNumThreads(1)
        info = get_worker_info()
        number, step = (self.start + info.id, info.num_workers) if info else (self.start, 1)
        while True:
            yield self.draw(number)
            number += step

    def draw(self, number: int) -> Any:
        """Batch `number`."""
        raise NotImplementedError


class DrawnBatches(Numbered):
    """An endless stream of `Batch` from batch number `start` on."""

    def __init__(
        self,
        faces: Sequence[TrainingFace],
        config: DataConfig,
        seed: int,
        start: int = 0,
        near: np.ndarray | None = None,
    ) -> None:
        """`near` int [faces, n]: those that look like each face and are of other groups.

        With it a batch holds single faces, not families: some, and neighbours of each of them.
        """
        self.faces, self.config, self.seed, self.start = faces, config, seed, start
        self.near = near
        self.lines = BrowserLines(folder_beside(Path(config.fonts)))
        by_group: dict[int, list[int]] = defaultdict(list)
        for number, face in enumerate(faces):
            by_group[face.group].append(number)
        self.members = list(by_group.values())
        # Families of many weights get a little more room, far from all of it.
        share = np.array([len(m) for m in self.members]) ** 0.3
        made = np.array([faces[m[0]].variant > 0 for m in self.members])
        if made.any():
            share[made] *= config.variants / share[made].sum()
            share[~made] *= (1 - config.variants) / share[~made].sum()
        self.share = share / share.sum()

    def draw(self, number: int) -> Batch:
        """Batch `number`: distinct groups, or faces with `near`, each in `samples_per_family`
        pictures."""
        if self.config.different_batches is not None:
            number %= self.config.different_batches
        rng = np.random.default_rng((self.seed, number))
        drawn = [
            self._picture(members, rng)
            for members in self._asked(rng)
            for _ in range(self.config.samples_per_family)
        ]
        faces = torch.tensor([face for face, _ in drawn])
        groups = torch.tensor([self.faces[face].group for face, _ in drawn])
        windows = np.stack([window for _, window in drawn])
        return Batch(torch.from_numpy(windows)[:, None], groups, faces)

    def _asked(self, rng: np.random.Generator) -> list[list[int]]:
        """The faces of each family of a batch; single ones where neighbours come along."""
        count = min(self.config.families_per_batch, len(self.members))
        order = rng.choice(len(self.members), size=count, replace=False, p=self.share)
        if self.near is None:
            return [self.members[group] for group in order]
        along = min(self.config.neighbours, self.near.shape[1])
        faces: dict[int, None] = {}  # in their order, each once
        for group in order:
            face = int(rng.choice(self.members[group]))
            others = rng.choice(self.near[face], size=along, replace=False)
            faces |= dict.fromkeys([face, *others.tolist()])
            if len(faces) >= count:
                break
        return [[face] for face in list(faces)[:count]]

    def _picture(self, members: list[int], rng: np.random.Generator) -> tuple[int, np.ndarray]:
        for _ in range(_TRIES):
            number = members[int(rng.integers(len(members)))]
            window = draw_window(self.faces[number], rng, self.config, self.lines)
            if window is not None:
                return number, window
        return number, np.full((HEIGHT, WIDTH), 255, np.uint8)


def draw_window(
    face: TrainingFace,
    rng: np.random.Generator,
    config: DataConfig,
    lines: BrowserLines | None = None,
) -> np.ndarray | None:
    """One window uint8 [H, W] of one face at a random place of its line; None if it failed.

    With `lines`, a share `config.browser_share` of them is the browser's.
    """
    try:
        drawn = _draw(face, rng, config, lines)
        strip = line_strip(drawn.picture, drawn.box)
    except (TypesetError, ValueError):
        return None
    first = int(rng.integers(max(1, strip.shape[1] - WIDTH + 1)))
    window = cut_windows(strip[:, first : first + WIDTH])[0, 0]
    return (window * 255).astype(np.uint8)


def _draw(
    face: TrainingFace, rng: np.random.Generator, config: DataConfig, lines: BrowserLines | None
) -> Drawn:
    steps, found = frozenset(config.steps), None
    if lines is not None and rng.random() < config.browser_share:
        found = lines.pick(face, rng)
    if found is None:
        text = draw_text(rng, face.coverage, varied=config.varied_text)
        ink, size = draw_ink(face.ref, text, rng, steps=steps)
    else:
        ink, size, _ = found
    return distort_ink(varied(ink, face.variant), size, rng, steps=steps)


def batch_loader(batches: IterableDataset, workers: int) -> DataLoader:
    """Draws ahead in worker processes; batches come in their order."""
    return DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=6 if workers else None,
        # Forked, a worker inherits locks of OpenCV's and torch's threads, and hangs.
        multiprocessing_context="spawn" if workers else None,
    )
