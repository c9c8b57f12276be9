"""The pages' own files: kept for good under their version, all named in the head, few and small."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api import assets
from encoder.browser import available
from tests.api_fake import FakeCatalog, make_client
from tests.page_fixtures import opened

PAGES = ("/", "/browse", "/families/roboto-slab", "/map", "/fonts", "/docs", "/problems")
MODULE = re.compile(r'(?:src|href)="(/static/[^"]+\.js)"')
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)"')


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def client(catalog: FakeCatalog, tmp_path: Path) -> FlaskClient:
    return make_client(catalog, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own with the same files."""
    copied = tmp_path / "static"
    shutil.copytree(assets.FOLDER, copied)
    return copied


def test_another_file_is_another_address(folder: Path) -> None:
    """What a file says and what it is called both count; where the folder lies does not."""
    whole = assets.address(folder)
    assert whole == assets.address(assets.FOLDER)
    style = folder / "js" / "dom.js"
    style.write_text(style.read_text() + " ")
    changed = assets.address(folder)
    style.rename(folder / "js" / "node.js")
    assert len({whole, changed, assets.address(folder)}) == 3


def test_a_version_is_asked_for_once(client: FlaskClient) -> None:
    """Under its version a file never changes; what is not there is not kept."""
    (style,) = STYLE.findall(client.get("/problems").text)
    answer = client.get(style)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    missing = client.get(style.replace("style.css", "nothing.css"))
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")


def test_other_addresses_are_asked_for_again(client: FlaskClient) -> None:
    """Without a version, and with that of another release, comes the file as it is now."""
    whole = client.get("/static/style.css")
    assert whole.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/style.css", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    older = client.get("/static/v-0123456789ab/style.css")
    assert (older.data, older.headers["Cache-Control"]) == (whole.data, "no-cache")
    assert client.get("/static/v-0123456789ab/../app.py").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_little_stands_before_the_first_paint(client: FlaskClient, path: str) -> None:
    """The page and at most two styles, below 20 kB together as they travel; fonts come later."""
    packed = {"Accept-Encoding": "br"}
    html = client.get(path).text
    styles = STYLE.findall(html)
    assert len(styles) <= 2
    assert 'as="font"' not in html
    assert "<script>" not in html and "<style" not in html
    sizes = [len(client.get(each, headers=packed).data) for each in (path, *styles)]
    assert sum(sizes) < 20_000


@pytest.mark.skipif(not available(), reason="no Chromium here")
def test_the_letters_come_with_the_second_page(
    catalog: FakeCatalog, browser: object, address: str
) -> None:
    """A first page is done before they are asked for; those after it are set in them."""
    for page in opened(browser, address):  # type: ignore[arg-type]
        family = "getComputedStyle(document.body).fontFamily"
        assert page.evaluate(family).startswith("system-ui")
        page.wait_for_function("localStorage.getItem('fontkin-letters')")
        after_load = page.evaluate(
            """() => { const [page] = performance.getEntriesByType("navigation");
            return performance.getEntriesByType("resource").filter(f => f.name.endsWith("woff2"))
              .map(f => f.startTime >= page.loadEventStart); }"""
        )
        assert after_load == [True] * 3
        page.goto("/map")
        assert page.evaluate(family).startswith('"Instrument Sans"')


@pytest.mark.parametrize("path", PAGES)
def test_nothing_waits_for_the_letters_script(client: FlaskClient, path: str) -> None:
    """The page is read on while it comes, and painted once, when it is there."""
    html = client.get(path).text
    (script,) = re.findall(r'<script[^>]*letters\.js">', html)
    assert 'async blocking="render"' in script


def test_what_is_seen_first_is_asked_for_first(client: FlaskClient) -> None:
    """On a family's page the specimens in sight come before its scripts, the largest when seen."""
    html = client.get("/families/roboto-slab").text
    assert 0 < html.index("preview.png?text=") < html.index("js/family.js")
    lazy = re.findall(r'<img loading="lazy" src="[^"]*size=(\d+)"', html)
    assert lazy == ["80"]


@pytest.mark.skipif(not available(), reason="no Chromium here")
def test_the_head_names_every_module(catalog: FakeCatalog, browser: object, address: str) -> None:
    """What the browser fetches as scripts is what the page's head names: no module waits for
    another one to be read, and none comes for nothing.
    """
    for page in opened(browser, address):  # type: ignore[arg-type]
        for path in PAGES[:-1]:
            fetched: set[str] = set()
            page.on("request", lambda r, seen=fetched: seen.add(r.url.removeprefix(address)))
            answer = page.goto(path, wait_until="networkidle")
            assert answer is not None
            assert {url for url in fetched if url.endswith(".js")} == set(
                MODULE.findall(answer.text())
            )
