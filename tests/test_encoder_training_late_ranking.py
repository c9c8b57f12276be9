"""Families found by late interaction, against every pair of columns compared one by one."""

from __future__ import annotations

import numpy as np
import torch

from encoder.training.config import ModelConfig
from encoder.training.late_loss import SHOWS
from encoder.training.late_ranking import late_ranking
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.precision import mixed


def _net(windows: np.ndarray) -> tuple[FontEncoder, ColumnHead]:
    """Norms that know `windows` and an attention with preferences, as training leaves them."""
    torch.manual_seed(0)
    config = ModelConfig(backbone="conv1x16", head=16, dim=8)
    model, head = FontEncoder(config), ColumnHead(16, 8)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        model(torch.from_numpy(windows).float() / 255)
        model.attention.weight.mul_(5)
    return model, head


def test_families_are_ranked_by_their_nearest_columns() -> None:
    """The same order as plain loops find; references come in any order, more than one pass."""
    rng = np.random.default_rng(0)
    blots = rng.random((90, 1, 8, 32)) < rng.uniform(0.2, 0.8, (90, 1, 1, 1))
    blots[::2, :, :, 20:] = False  # paper beside short words
    windows = (255 * ~blots.repeat(8, axis=2).repeat(8, axis=3)).astype(np.uint8)
    model, head = _net(windows)
    queries, references = windows[:70], windows[70:]
    groups = np.array([7, 3, 3, 9, 7] * 4)
    ranked = late_ranking(model, head, queries, references, groups, torch.device("cpu"))
    assert model.training

    def seen(some: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        with torch.no_grad(), mixed(torch.device("cpu")):
            features, weights = model.eval().features(torch.from_numpy(some).float() / 255)
        with torch.no_grad():
            vectors, shares = head(features.float())
        return list(zip(vectors.numpy(), shares.numpy(), weights.numpy(), strict=True))

    answers = seen(references)
    assert any((weights <= SHOWS).any() for _, _, weights in answers)
    for query, (vectors, shares, _) in enumerate(seen(queries)):
        scores = {}
        for group in (3, 7, 9):
            known = [
                column
                for (columns, _, weights), g in zip(answers, groups, strict=True)
                for column, weight in zip(columns, weights, strict=True)
                if g == group and weight > SHOWS
            ]
            best = [max(vector @ column for column in known) for vector in vectors]
            scores[group] = float(np.dot(shares, best))
        assert sorted(scores, key=lambda g: -scores[g]) == ranked[query].tolist()
