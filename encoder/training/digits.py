"""Pictures that are no text, to check that a net and a loss can learn at all.

1,797 handwritten digits that scikit-learn ships (Alpaydin and Kaynak 1998), enlarged to
32 x 32 pixels like CIFAR-10's pictures and moved about on a larger sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from encoder.training.batches import Batch
from encoder.training.config import DataConfig
from encoder.training.holdout import Holdout

SIDE = 64  # pixels of the sheet: two rows for the head
_PICTURE = 32
_MOVED = 4  # pixels to any side
_TEST = 5  # every fifth picture is held out
_REFERENCES = 40  # pictures a digit that a held-out one is compared with


class DigitBatches(IterableDataset):
    """An endless stream of batches; as many pictures of each digit as a font's batch holds."""

    def __init__(self, config: DataConfig, seed: int, start: int = 0) -> None:
        self.config, self.seed, self.start = config, seed, start
        pictures, labels = _pictures()
        train = np.arange(len(labels)) % _TEST != 0
        self._pictures, self._labels = pictures[train], labels[train]

    def __iter__(self) -> Iterator[Batch]:
        number = self.start
        while True:
            yield self.draw(number)
            number += 1

    def draw(self, number: int) -> Batch:
        """Batch `number`, the same for the same seed."""
        rng = np.random.default_rng((self.seed, number))
        size = self.config.families_per_batch * self.config.samples_per_family
        chosen = rng.integers(len(self._labels), size=size)
        windows = np.stack([_placed(self._pictures[i], rng) for i in chosen])
        labels = torch.from_numpy(self._labels[chosen])
        return Batch(torch.from_numpy(windows)[:, None], labels, labels)


def digit_holdout() -> Holdout:
    """The held-out fifth as queries, some of the others as references."""
    pictures, labels = _pictures()
    test = np.arange(len(labels)) % _TEST == 0
    rng = np.random.default_rng(0)
    drawn = np.stack([_placed(picture, rng) for picture in pictures])[:, None]
    kept = np.concatenate(
        [np.flatnonzero(~test & (labels == digit))[:_REFERENCES] for digit in range(10)]
    )
    return Holdout(drawn[test], labels[test], drawn[kept], labels[kept])


@cache
def _pictures() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    found = load_digits()
    pictures = [
        255 - cv2.resize((p * 15.9).astype(np.uint8), (_PICTURE, _PICTURE)) for p in found.images
    ]
    return np.stack(pictures), found.target.astype(np.int64)


def _placed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y, x = (SIDE - _PICTURE) // 2 + rng.integers(-_MOVED, _MOVED + 1, size=2)
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    sheet[y : y + _PICTURE, x : x + _PICTURE] = picture
    return sheet
