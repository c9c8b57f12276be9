"""Which faces look most like each other, to the encoder that serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from encoder.embed import Embedder
from encoder.training.faces import TrainingFace
from encoder.training.references import draw_references, neighbours

_AT_ONCE = 1024  # windows


def nearest_faces(
    faces: Sequence[TrainingFace],
    embedder: Embedder,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """The faces of other groups nearest to each, the nearest first: int64 [faces, n].

    By the mean vectors of the catalogue's lines. `on_progress` gets (done, total) faces drawn, then
    windows seen.
    """
    references = draw_references(faces, torch.device("cpu"), on_progress)
    sizes = references.sizes.sum(dim=1)
    face = torch.arange(len(faces)).repeat_interleave(sizes)
    means = torch.zeros(len(faces), embedder.dim)
    for start in range(0, len(face), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        windows = references.windows[part].numpy().astype(np.float32) / 255
        means.index_add_(0, face[part], torch.from_numpy(embedder.embed_windows(windows)))
        on_progress(min(start + _AT_ONCE, len(face)), len(face))
    return neighbours(means / sizes[:, None], faces)
