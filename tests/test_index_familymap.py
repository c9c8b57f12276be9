"""The map: neighbours stay neighbours, and the page works in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from encoder import browser
from index.catalog import FontCatalog
from index.familymap import Place, flatten, page


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


def test_the_page_holds_every_family(catalog: FontCatalog) -> None:
    """Four families with name, category and a specimen, none twice."""
    data = re.search(r"const families = (\[.*\]);\n", catalog.map_page())
    assert data is not None
    families = json.loads(data[1])
    assert {f["id"] for f in families} == {"abril-fatface", "cantarell", "courier-prime", "lora"}
    assert all(0 <= f["x"] <= 1 and 0 <= f["y"] <= 1 and f["webp"] for f in families)


def test_a_name_cannot_end_the_script() -> None:
    """A family's name is text, whatever it looks like."""
    evil = Place("x", "</script><script>alert(1)</script>", "serif", None, 0.1, 0.2, None)
    assert page([evil]).count("</script>") == 1


@pytest.mark.slow
@pytest.mark.skipif(not browser.available(), reason="no Chromium here")
def test_a_family_is_found_on_the_map(catalog: FontCatalog, tmp_path: Path) -> None:
    """Typing its name centres it, shows its specimen and link; Enter needs no mouse."""
    from playwright.sync_api import sync_playwright

    path = tmp_path / "map.html"
    path.write_text(catalog.map_page())
    errors: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=browser.executable(), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = chromium.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(path.as_uri())
        tab.get_by_role("searchbox", name="Find a family").or_(
            tab.get_by_role("combobox", name="Find a family")
        ).fill("lora")
        shown = tab.locator("output")
        assert shown.inner_text() == "Lora · serif"
        assert shown.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)") > 20
        assert shown.locator("a").get_attribute("href") == "https://fonts.google.com/specimen/Lora"
        tab.locator("canvas").press("ArrowRight")
        tab.locator("canvas").press("-")
        chromium.close()
    assert errors == []
