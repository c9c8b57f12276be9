"""What a run learns from and what it is watched on: fonts, or small pictures as a check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import IterableDataset

from encoder.training.batches import DrawnBatches
from encoder.training.browser_lines import draw_missing, folder_beside
from encoder.training.config import ConfigError, RunConfig
from encoder.training.digits import DigitBatches, digit_holdout
from encoder.training.faces import TrainingFace, load_faces, training_split
from encoder.training.holdout import Holdout, draw_holdout
from encoder.training.variants import with_variants

OnPrepare = Callable[[str, int, int], None]
# From the number of the first batch, and each face's neighbours int [faces, n] if they come along.
Stream = Callable[[int, np.ndarray | None], IterableDataset]


@dataclass(frozen=True)
class Task:
    """`face_group` int64 [faces] is each face's group; `batches` makes the stream of `Batch`.

    `seen` are the faces behind it and `held` those of the held-out families; both are empty for
    pictures that are no fonts. `holdout` is what the run is watched on.
    """

    face_group: torch.Tensor
    batches: Stream
    holdout: Holdout | None
    seen: tuple[TrainingFace, ...] = ()
    held: tuple[TrainingFace, ...] = ()

    def families(self) -> list[str]:
        """The ids that training sees, sorted."""
        return sorted({face.family for face in self.seen})


def make_task(config: RunConfig, on_prepare: OnPrepare) -> Task:
    """Read (and, for the browser's lines, draw) what `config.data` asks for.

    Raises `ConfigError` when there is no font, and `BrowserMissingError`.
    """
    if config.data.source == "digits":
        return _digits(config)
    return _fonts(config, on_prepare)


def _digits(config: RunConfig) -> Task:
    def batches(start: int, near: np.ndarray | None) -> IterableDataset:
        return DigitBatches(config.data, config.seed, start)

    return Task(torch.arange(10), batches, digit_holdout())


def _fonts(config: RunConfig, on_prepare: OnPrepare) -> Task:
    data, fonts = config.data, Path(config.data.fonts)
    faces = load_faces(fonts, on_progress=partial(on_prepare, "reading fonts"))
    if not faces:
        raise ConfigError(f"data.fonts = {data.fonts!r} holds no font: run make fonts first")
    seen, held = training_split(faces)
    seen, spared = _spared(_limited(seen, data.families), data.validation_families)
    if data.browser_share or config.measure:
        drawing = partial(on_prepare, "drawing in the browser")
        draw_missing(faces if config.measure else seen, folder_beside(fonts), on_progress=drawing)
    asked = spared or held
    holdout = draw_holdout(asked, asked, data, config.seed) if asked else None
    if data.variants:
        seen = with_variants(seen)
    return Task(
        torch.tensor([f.group for f in seen]),
        partial(DrawnBatches, seen, data, config.seed),
        holdout,
        tuple(seen),
        tuple(held),
    )


def _limited(faces: Sequence[TrainingFace], families: int | None) -> list[TrainingFace]:
    """The faces of the first so many families in the order of their hashes: a fair few."""
    kept = set(_in_order(faces)[:families])
    return [f for f in faces if f.family in kept]


def _spared(
    faces: Sequence[TrainingFace], count: int
) -> tuple[list[TrainingFace], list[TrainingFace]]:
    """(rest, the last `count` families with their twins): settings may be chosen by the latter."""
    chosen = set(_in_order(faces)[-count:]) if count else set()
    groups = {f.group for f in faces if f.family in chosen}
    return [f for f in faces if f.group not in groups], [f for f in faces if f.group in groups]


def _in_order(faces: Sequence[TrainingFace]) -> list[str]:
    return sorted({f.family for f in faces}, key=hash_order)


def hash_order(family_id: str) -> str:
    """A fixed shuffle of ids: alphabetical order would put foundries together."""
    return hashlib.sha1(f"order {family_id}".encode()).hexdigest()
