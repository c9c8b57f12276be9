"""Kin judged by the letters' geometry."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef, read_faces
from encoder.glyphs import Signature, signature
from index.benchmark import kin
from index.catalog import FontCatalog
from tests.catalog_fixtures import *  # noqa: F403


def test_ndcg_by_hand() -> None:
    """Worth 1, 0.5 and 0 in the best order, in another, and when nothing is worth anything."""
    worth = {"a": 1.0, "b": 0.5, "c": 0.0}
    best = 1 + 0.5 / math.log2(3)
    assert kin.ndcg(["a", "b", "c"], worth) == pytest.approx(1.0)
    assert kin.ndcg(["b", "a"], worth) == pytest.approx((0.5 + 1 / math.log2(3)) / best)
    assert kin.ndcg(["c", "x", "a"], worth) == pytest.approx((1 / math.log2(4)) / best)
    assert kin.ndcg(["a"], worth, k=1) == 1.0
    assert kin.ndcg(["a"], {"a": 0.0}) == 0.0 and kin.ndcg([], worth) == 0.0


def test_gains_fall_with_the_distance(serif_path: Path) -> None:
    """The same letters are worth 1; shifted ones less, the farthest nothing."""
    (face,) = read_faces(serif_path)
    drawn = {
        f"shift-{shift}": signature(FaceRef(serif_path), face.coverage, shift=shift)
        for shift in (0, 1, 3, 6)
    }
    letters: dict[str, Signature] = {name: s for name, s in drawn.items() if s is not None}
    letters["copy"] = replace(letters["shift-0"])
    worth = kin.gains("shift-0", letters)
    assert "shift-0" not in worth and worth["copy"] == 1.0
    assert 1 > worth["shift-1"] > worth["shift-3"] > worth["shift-6"] == 0.0


def test_the_catalogue_ranks_and_is_judged(
    catalog: FontCatalog, fonts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A perfect ranker has 1, its inverse less, the catalogue something in between."""
    ids = [family.id for family in catalog.families().items]
    letters = kin.signatures(ids, fonts_dir, on_progress=lambda done: None)
    assert set(letters) == {"abril-fatface", "cantarell", "courier-prime", "lora"}

    def perfect(name: str) -> list[str]:
        worth = kin.gains(name, letters)
        return sorted(worth, key=lambda other: -worth[other])

    rankers = {
        "perfect": perfect,
        "inverse": lambda name: perfect(name)[::-1],
        "the catalogue": kin.of_catalog(catalog),
    }
    found = kin.compare(rankers, [*ids, "nobody"], letters, on_progress=lambda done: None)
    assert found["perfect"] == 1.0 > found["inverse"]
    assert found["inverse"] <= found["the catalogue"] <= 1.0
    monkeypatch.setattr(kin, "EXAMPLES", ("lora", "nobody"))
    (row,) = kin.examples(catalog, ids)
    assert row[0] == ("lora", 400) and {name for name, _ in row[1:]} == set(ids) - {"lora"}
    assert np.asarray(kin.draw([row], fonts_dir)).min() < 50
