"""Windows that were drawn are learned again, a little different, while others are being drawn.

A GPU learns faster than sixteen cores draw. What comes again is shifted, scaled, blurred and
faded anew, and long after it came first.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from encoder.training.config import FEWEST_REPLAYED


class Replayable(Protocol):
    """A batch: as many examples as its length."""

    def __len__(self) -> int: ...
    def to(self, device: torch.device) -> Self:
        """The same on `device`."""
        ...

    def once_more(self) -> Self:
        """The same examples, a little different."""
        ...


B = TypeVar("B", bound=Replayable)
_PATIENCE = 30.0  # seconds


def replaying(
    batches: Iterable[B], examples: int, device: torch.device
) -> Generator[B, None, None]:
    """`batches` as they come, on `device`; while none is ready, one of those that came.

    Of these, the last `examples` examples are remembered. Ends after the last of `batches`; what
    goes wrong while they are drawn is raised here.
    """
    drawing = _Drawing(batches)
    kept = Replay[B](examples)
    try:
        while True:
            again = None if drawing.is_ready() else kept.draw()
            if again is not None:
                yield again
                continue
            fresh = drawing.next()
            if fresh is None:
                return
            batch = fresh.to(device)
            kept.keep(batch)
            yield batch
    finally:
        drawing.end()


class _Drawing(Generic[B]):
    """A thread that waits for batches."""

    def __init__(self, batches: Iterable[B]) -> None:
        self._ready: queue.Queue[B | Exception | None] = queue.Queue(maxsize=4)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._wait, args=(batches,), daemon=True)
        self._thread.start()

    def _wait(self, batches: Iterable[B]) -> None:
        last: Exception | None = None
        try:
            for batch in batches:
                self._ready.put(batch)
                if self._ended.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised again where the batches are asked for
            last = error
        self._ready.put(last)

    def is_ready(self) -> bool:
        """Whether `next` would give something at once."""
        return not self._ready.empty()

    def next(self) -> B | None:
        """The next one, None after the last; raises what drawing it raised."""
        found = self._ready.get()
        if isinstance(found, Exception):
            raise found
        return found

    def end(self) -> None:
        """Draw no more: the thread, which may wait for room, ends with its next batch.

        It is waited for: a thread that still draws when the process ends takes it down.
        """
        self._ended.set()
        with suppress(queue.Empty):
            self._ready.get_nowait()
        self._thread.join(_PATIENCE)


class Replay(Generic[B]):
    """The last batches, as many as hold `examples` examples; all of one size."""

    def __init__(self, examples: int) -> None:
        self._room = examples
        self._kept: deque[B] = deque()

    def keep(self, batch: B) -> None:
        """Remember `batch` in the place of the oldest one, if there are enough."""
        if self._kept and len(self._kept) * len(batch) >= self._room:
            self._kept.popleft()
        self._kept.append(batch)

    def draw(self) -> B | None:
        """One of them, once more; None while there are few."""
        if len(self._kept) < FEWEST_REPLAYED:
            return None
        return self._kept[int(torch.randint(len(self._kept), ()))].once_more()


def jittered(windows: Tensor, reach: float = 1.0) -> Tensor:
    """Windows uint8 [N, 1, H, W], each moved, scaled, blurred and faded a little: the same.

    `reach` is how far they move and scale; 1: half a letter.
    """
    count, _, height, width = windows.shape
    device = windows.device

    def some(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, device=device)

    moves = torch.zeros(count, 2, 3, device=device)
    moves[:, 0, 0], moves[:, 1, 1] = 1 + reach * some(-0.05, 0.05), 1 + reach * some(-0.05, 0.05)
    moves[:, 0, 1] = reach * some(-0.02, 0.02) * height / width
    moves[:, 1, 0] = reach * some(-0.01, 0.01) * width / height
    moves[:, 0, 2], moves[:, 1, 2] = reach * some(-0.15, 0.15), reach * some(-0.05, 0.05)
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
