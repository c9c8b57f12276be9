"""Whitening: what differs within faces counts for less, and the net learns it for nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from encoder.training.config import ModelConfig
from encoder.training.model import FontEncoder
from encoder.training.whiten import fold, whitening


def _clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """40 faces of 12 vectors in 6 dimensions; the first direction is noise ten times as wide."""
    groups = np.repeat(np.arange(40), 12)
    noise = rng.normal(0, 0.05, (480, 6)) * [10, 1, 1, 1, 1, 1]
    return rng.normal(0, 1, (40, 6))[groups] + noise, groups


def test_the_scatter_becomes_round() -> None:
    """At full power and without shrinkage the scatter within faces is the identity."""
    vectors, groups = _clouds(np.random.default_rng(0))
    found = vectors @ whitening(vectors, groups, power=1.0, shrinkage=0.0)
    apart = np.concatenate([found[groups == g] - found[groups == g].mean(0) for g in range(40)])
    np.testing.assert_allclose(apart.T @ apart / (480 - 40), np.eye(6), atol=1e-9)


def test_power_and_shrinkage_hold_it_back() -> None:
    """Power 0 changes no angle; much shrinkage hardly any; half the power, half the way."""
    vectors, groups = _clouds(np.random.default_rng(1))
    none = whitening(vectors, groups, power=0.0)
    np.testing.assert_allclose(none, np.eye(6), atol=1e-12)
    much = whitening(vectors, groups, power=1.0, shrinkage=1e6)
    np.testing.assert_allclose(much / much[0, 0], np.eye(6), atol=1e-4)
    half, full = (whitening(vectors, groups, power=p) for p in (0.5, 1.0))
    np.testing.assert_allclose(half @ half, full, rtol=1e-9)


def test_one_picture_a_face_shows_nothing() -> None:
    """Without two vectors of any face there is no scatter to whiten."""
    with pytest.raises(ValueError, match="3 vectors of 3 faces"):
        whitening(np.eye(3), np.arange(3))


def test_the_net_carries_the_matrix() -> None:
    """Its vectors afterwards are those of before, multiplied and brought to unit length."""
    torch.manual_seed(0)
    model = FontEncoder(ModelConfig(backbone="resnet10t", head=16, dim=8)).eval()
    windows = torch.rand(3, 1, 64, 256)
    matrix = np.random.default_rng(2).normal(size=(8, 8))
    with torch.no_grad():
        expected = model(windows).numpy() @ matrix.T
        fold(model, matrix)
        found = model(windows).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
