"""The catalogue's lines of every face, drawn once, as what a run's pictures are compared with.

A search compares a picture with these very lines (`encoder.reference`), so training may, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context

import cv2
import numpy as np
import torch
from torch.nn import functional

from encoder.distort import ink_box
from encoder.prepare import HEIGHT, WIDTH, cut_windows, mask_strip
from encoder.reference import reference_lines
from encoder.training.config import MOST_NEIGHBOURS
from encoder.training.faces import TrainingFace
from encoder.training.model import FontEncoder
from encoder.training.precision import mixed
from encoder.training.variants import varied
from encoder.typeset import TypesetError, ink_mask, open_font

_KINDS = ("upper", "lower", "title", "digits")
_SHOWN = ("upper", "lower", "title", None)  # the kinds that stand for a face; None: any
_FACES_AT_ONCE = 16
_WINDOWS_AT_ONCE = 1024


@dataclass(frozen=True)
class References:
    """`windows` uint8 [N, 1, H, W] (255 = paper), a face's in a row, a kind's in a row of these.

    `starts`, `sizes` int64 [faces, kinds]: where those of each of `_KINDS` begin, how many.
    """

    windows: torch.Tensor
    starts: torch.Tensor
    sizes: torch.Tensor

    def pick(self, faces: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """A window of each kind in `_SHOWN` for each of `faces` int64 [F]: uint8 [F, K, 1, H, W].

        A face without windows of a kind gives any of its others.
        """
        total = self.sizes[faces].sum(dim=1)
        chosen = []
        for kind in _SHOWN:
            size, start = total, self.starts[faces, 0]
            if kind is not None:
                own = self.sizes[faces, _KINDS.index(kind)]
                size = torch.where(own > 0, own, size)
                start = torch.where(own > 0, self.starts[faces, _KINDS.index(kind)], start)
            place = torch.rand(len(faces), generator=generator, device=faces.device) * size
            chosen.append(start + place.long().clamp(max=size - 1))
        return self.windows[torch.stack(chosen, dim=1)]

    @torch.no_grad()
    def means(self, model: FontEncoder) -> torch.Tensor:
        """The mean vector of each face's windows: float32 [faces, D], of any length."""
        model.eval()
        sizes = self.sizes.sum(dim=1)
        face = torch.arange(len(sizes), device=sizes.device).repeat_interleave(sizes)
        sums = torch.zeros(len(sizes), model.project.out_features, device=sizes.device)
        for start in range(0, len(face), _WINDOWS_AT_ONCE):
            part = slice(start, start + _WINDOWS_AT_ONCE)
            windows = self.windows[part].float() / 255
            with mixed(sizes.device):
                vectors = model(windows.contiguous(memory_format=torch.channels_last))
            sums.index_add_(0, face[part], vectors.float())
        model.train()
        return sums / sizes[:, None]


def neighbours(means: torch.Tensor, faces: Sequence[TrainingFace]) -> np.ndarray:
    """The faces of other groups whose `means` [faces, D] are nearest: int64 [faces, n].

    `faces` are drawn ones, then all of them in each variant (`with_variants`): these have those
    made from their neighbours. n is less than MOST_NEIGHBOURS where a face has fewer others.
    """
    drawn = sum(face.variant == 0 for face in faces)
    groups = torch.tensor([face.group for face in faces[:drawn]], device=means.device)
    unit = functional.normalize(means[:drawn])
    count = min(MOST_NEIGHBOURS, drawn - int(groups.unique(return_counts=True)[1].max()))
    found = []
    for start in range(0, drawn, 512):  # bounds the memory
        part = slice(start, start + 512)
        alike = unit[part] @ unit.T
        alike.masked_fill_(groups[part, None] == groups[None], -torch.inf)
        found.append(alike.topk(count, dim=1).indices.cpu())
    nearest = torch.cat(found).numpy()
    return np.concatenate([nearest + at for at in range(0, len(faces), drawn)])


def draw_references(
    faces: Sequence[TrainingFace],
    device: torch.device,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> References:
    """Draw them on all cores, and keep them on `device`. A face without any gets blank paper."""
    parts = [faces[at : at + _FACES_AT_ONCE] for at in range(0, len(faces), _FACES_AT_ONCE)]
    windows: list[torch.Tensor] = []
    sizes: list[np.ndarray] = []
    with get_context("spawn").Pool() as pool:
        for drawn, counts in pool.imap(_draw, parts):
            windows.append(torch.from_numpy(drawn).to(device))
            sizes.append(counts)
            on_progress(min(len(windows) * _FACES_AT_ONCE, len(faces)), len(faces))
    by_kind = torch.from_numpy(np.concatenate(sizes))
    starts = by_kind.flatten().cumsum(0).reshape(by_kind.shape) - by_kind
    return References(torch.cat(windows), starts.to(device), by_kind.to(device))


def _draw(faces: Sequence[TrainingFace]) -> tuple[np.ndarray, np.ndarray]:
    """Windows uint8 [n, 1, H, W] of the faces' lines, and how many of each kind [faces, kinds]."""
    cv2.setNumThreads(1)
    drawn: list[np.ndarray] = []
    sizes = np.zeros((len(faces), len(_KINDS)), np.int64)
    for row, face in enumerate(faces):
        for line in sorted(reference_lines(face.coverage), key=lambda i: _KINDS.index(i.kind)):
            windows = _windows(face, line.text, line.size)
            sizes[row, _KINDS.index(line.kind)] += len(windows)
            drawn.append(windows)
        if not sizes[row].any():
            sizes[row, 0] = 1
            drawn.append(np.full((1, 1, HEIGHT, WIDTH), 255, np.uint8))
    return np.concatenate(drawn), sizes


def _windows(face: TrainingFace, text: str, size: int) -> np.ndarray:
    """The windows uint8 [n, 1, H, W] of a line, n = 0 if it has no ink or cannot be drawn.

    `prepare` finds the same lines (within a few grey levels), but is slower and has no variants.
    """
    try:
        ink = varied(ink_mask(open_font(face.ref, size), text, pad=2), face.variant)
        box = ink_box(ink)
    except TypesetError:
        return np.empty((0, 1, HEIGHT, WIDTH), np.uint8)
    strip = mask_strip(ink[box.y0 : box.y1, box.x0 : box.x1], box.height)
    return (cut_windows(strip) * 255).astype(np.uint8)
