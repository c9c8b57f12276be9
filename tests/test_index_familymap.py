"""The map: neighbours stay neighbours, newcomers stand beside their kin."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest

from db.session import open_database
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.familymap import SIDE, flatten
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder


def test_clusters_stay_together() -> None:
    """Four tight clusters in 32 dimensions: on the map every nearest neighbour is of its own."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((4, 32))
    kinds = np.repeat(np.arange(4), 10)
    vectors = centres[kinds] + 0.05 * rng.standard_normal((40, 32))
    points = flatten(vectors.astype(np.float32))
    assert points.shape == (40, 2) and points.min() == 0 and points.max() == 1
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + 9 * np.eye(40)
    assert (kinds[gaps.argmin(axis=1)] == kinds).all()
    np.testing.assert_array_equal(points, flatten(vectors.astype(np.float32)))


@pytest.mark.parametrize("count", [1, 2])
def test_a_small_catalogue_has_a_map(count: int) -> None:
    """One or two families have no neighbourhood: side by side, inside the map."""
    points = flatten(np.eye(2, 8, dtype=np.float32)[:count])
    assert points.tolist() == [[0.0, 0.5], [1.0, 0.5]][:count]


def test_written_places_come_back(settings: Settings) -> None:
    """Every family is written once, small, and stands there when the catalogue is opened again."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        path = settings.prebuilt / "map.json"
        assert catalog.write_map(path) == 4
        written = json.loads(path.read_text())
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        found = {p.family.id: [p.x, p.y] for p in catalog.map_places()}
    assert found == written
    assert set(found) == {"abril-fatface", "cantarell", "courier-prime", "lora"}


def test_a_newcomer_stands_beside_its_nearest_kin(settings: Settings) -> None:
    """The family without a place is near the family whose mean vector is the most like its own."""
    settings.prebuilt.mkdir()
    corners = {"abril-fatface": [0, 0], "cantarell": [SIDE, 0], "courier-prime": [0, SIDE]}
    (settings.prebuilt / "map.json").write_text(json.dumps(corners))
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        places = {p.family.id: p for p in catalog.map_places()}
    with closing(open_database(settings.database_url)) as database, database.begin() as rows:
        dim = rows.state.get().dim  # type: ignore[union-attr]
        means = {
            i: rows.samples.vectors(dim, face_id=f"{i}-400-normal")
            .vectors.astype(np.float32)
            .mean(axis=0)
            for i in places
        }
    units = {i: mean / np.linalg.norm(mean) for i, mean in means.items()}
    nearest = max(corners, key=lambda i: float(units[i] @ units["lora"]))
    gap = np.hypot(*np.subtract(corners[nearest], [places["lora"].x, places["lora"].y]))
    assert gap < SIDE / 100
    assert [places["cantarell"].x, places["cantarell"].y] == [SIDE, 0]


def test_without_a_shipped_map_there_is_one_all_the_same(catalog: FontCatalog) -> None:
    """Two principal axes spread the families over the whole map."""
    places = catalog.map_places()
    assert len({(p.x, p.y) for p in places}) == 4
    for values in ([p.x for p in places], [p.y for p in places]):
        assert (min(values), max(values)) == (0, SIDE)
    assert {p.face_id for p in places} >= {"lora-400-normal", "cantarell-400-normal"}


def test_the_shipped_map_is_small_and_whole() -> None:
    """Every family of the shipped catalogue has a place, in less than 100 kB."""
    path = Settings().prebuilt / "map.json"
    places = json.loads(path.read_text())
    assert path.stat().st_size < 100_000
    assert len(places) > 1700 and "inter" in places
    assert all(0 <= v <= SIDE for place in places.values() for v in place)


def test_the_map_follows_the_catalogue(catalog: FontCatalog) -> None:
    """A family that is removed leaves the map."""
    catalog.remove_family("lora")
    assert "lora" not in {p.family.id for p in catalog.map_places()}
