"""Windows that were drawn are learned again, a little different, while others are being drawn.

A GPU learns faster than sixteen cores draw. What comes again is shifted, scaled, blurred and
faded anew, and long after it came first.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from encoder.training.batches import Batch

_FEWEST = 32  # batches: sooner, the same ones would come at once


def replaying(batches: Iterable[Batch], windows: int, device: torch.device) -> Iterator[Batch]:
    """`batches` as they come, on `device`; while none is ready, one of those that came.

    Of these, the last `windows` windows are remembered.
    """
    ready: queue.Queue[Batch] = queue.Queue(maxsize=4)

    def wait_for_them() -> None:
        for batch in batches:
            ready.put(batch)

    threading.Thread(target=wait_for_them, daemon=True).start()
    kept = Replay(windows)
    while True:
        again = kept.draw() if ready.empty() else None
        if again is None:
            batch = ready.get().to(device)
            kept.keep(batch)
            yield batch
        else:
            yield again


class Replay:
    """The last batches, up to `windows` windows."""

    def __init__(self, windows: int) -> None:
        self._room = windows
        self._kept: list[Batch] = []
        self._next = 0
        self._size = 0

    def keep(self, batch: Batch) -> None:
        """Remember `batch` in the place of the oldest one, if there are enough."""
        if self._size < self._room:
            self._kept.append(batch)
            self._size += len(batch.faces)
        elif self._kept:
            self._kept[self._next] = batch
            self._next = (self._next + 1) % len(self._kept)

    def draw(self) -> Batch | None:
        """One of them, its windows jittered; None while there are few."""
        if len(self._kept) < _FEWEST:
            return None
        batch = self._kept[int(torch.randint(len(self._kept), ()))]
        return replace(batch, windows=jittered(batch.windows), again=True)


def jittered(windows: Tensor) -> Tensor:
    """Windows uint8 [N, 1, H, W], each moved, scaled, blurred and faded a little: the same."""
    count, _, height, width = windows.shape
    device = windows.device

    def some(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, device=device)

    moves = torch.zeros(count, 2, 3, device=device)
    moves[:, 0, 0], moves[:, 1, 1] = some(0.95, 1.05), some(0.95, 1.05)
    moves[:, 0, 1] = some(-0.02, 0.02) * height / width
    moves[:, 1, 0] = some(-0.01, 0.01) * width / height
    moves[:, 0, 2], moves[:, 1, 2] = some(-0.15, 0.15), some(-0.05, 0.05)
    grid = functional.affine_grid(moves, list(windows.shape), align_corners=False)
    ink = 1 - windows.float() / 255
    ink = functional.grid_sample(ink, grid, padding_mode="zeros", align_corners=False)
    spread = some(-0.3, 0.25).clamp(min=0)[:, None, None, None]  # of a pixel's ink, each way
    for ways in ((1, 0), (0, 1)):
        around = functional.avg_pool2d(
            ink, (1 + 2 * ways[0], 1 + 2 * ways[1]), stride=1, padding=ways, count_include_pad=True
        )
        ink = ink + 3 * spread * (around - ink)
    ink = ink.clamp(0, 1) ** some(0.8, 1.25)[:, None, None, None]
    ink = ink + torch.randn_like(ink) * some(-0.03, 0.05).clamp(min=0)[:, None, None, None]
    return ((1 - ink.clamp(0, 1)) * 255).round().to(torch.uint8)
