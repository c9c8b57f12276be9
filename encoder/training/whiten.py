"""Directions in which pictures of one face differ count for less: LDA's half, after training.

With W the scatter of vectors within faces, every vector v becomes A v / |A v| with
A = (W + s tr(W)/D I)^(-p/2) (Fukunaga 1990, ch. 10; the shrinkage s after Friedman 1989). The
net's last layer is linear and the lengths cancel, so A is folded into it and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from encoder.training.batches import draw_window
from encoder.training.browser_lines import BrowserLines
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.holdout import embed
from encoder.training.model import FontEncoder

POWER, SHRINKAGE = 1.0, 1.0  # chosen on the benchmark's seen families
_FACES, _EACH = 1200, 4  # pictures that show the scatter


def whiten(
    model: FontEncoder,
    faces: Sequence[TrainingFace],
    config: DataConfig,
    seed: int,
    lines: BrowserLines | None = None,
) -> None:
    """Fold the whitening of pictures of `faces`, as training draws them, into the net.

    Raises `ValueError` when no face has two pictures.
    """
    rng = np.random.default_rng((seed, 0x3A17))
    chosen = rng.choice(len(faces), size=min(_FACES, len(faces)), replace=False)
    drawn = [
        (number, window)
        for number, at in enumerate(chosen)
        for _ in range(_EACH)
        if (window := draw_window(faces[at], rng, config, lines)) is not None
    ]
    groups = np.array([number for number, _ in drawn])
    windows = np.stack([window for _, window in drawn])[:, None]
    vectors = embed(model, windows, torch.device("cpu"))
    fold(model, whitening(vectors, groups))


def whitening(
    vectors: np.ndarray,
    groups: np.ndarray,
    *,
    power: float = POWER,
    shrinkage: float = SHRINKAGE,
) -> np.ndarray:
    """The matrix A, float64 [D, D], of `vectors` [N, D] whose faces are `groups` int [N].

    Raises `ValueError` when no group has two vectors.
    """
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    freedom = len(vectors) - len(sizes)
    if freedom < 1:
        raise ValueError(f"{len(vectors)} vectors of {len(sizes)} faces show no scatter")
    means = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(means, place, vectors)
    apart = vectors - (means / sizes[:, None])[place]
    scatter = apart.T @ apart / freedom
    scatter += shrinkage * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, axes = np.linalg.eigh(scatter)
    return (axes * values ** (-power / 2)) @ axes.T


@torch.no_grad()
def fold(model: FontEncoder, matrix: np.ndarray) -> None:
    """Make the net's vectors those of before, times `matrix` [D, D], at unit length."""
    times = torch.from_numpy(matrix).double()
    for values in (model.project.weight, model.project.bias):
        values.copy_((times @ values.double()).to(values.dtype))
