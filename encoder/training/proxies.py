"""Where the proxies of a warm start begin: at the mean vectors of their own faces.

Random proxies would first pull a trained net apart and then take a tenth of the run to find
the places that the net already knows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from encoder.prepare import HEIGHT, WIDTH
from encoder.training.batches import draw_window
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.holdout import embed

_PICTURES = 2  # a face
_FACES_AT_ONCE = 512  # bounds the memory of drawn windows


def face_means(
    model: torch.nn.Module,
    faces: Sequence[TrainingFace],
    config: DataConfig,
    seed: int,
    device: torch.device,
) -> torch.Tensor:
    """The mean vector of a few drawn pictures of every face: float32 [len(faces), D].

    A face of which nothing could be drawn gets the vector of blank paper. Rows are not unit
    length; the loss normalises its proxies.
    """
    rng = np.random.default_rng((seed, 0x9012))
    means = []
    for start in range(0, len(faces), _FACES_AT_ONCE):
        part = faces[start : start + _FACES_AT_ONCE]
        drawn = [draw_window(face, rng, config) for face in part for _ in range(_PICTURES)]
        blank = np.full((HEIGHT, WIDTH), 255, np.uint8)
        windows = np.stack([blank if w is None else w for w in drawn])[:, None]
        vectors = embed(model, windows, device)
        means.append(vectors.reshape(len(part), _PICTURES, -1).mean(axis=1))
    return torch.from_numpy(np.concatenate(means))
