"""The pages' own files: kept for good under their version, all named in the head, few and small."""

from __future__ import annotations

import base64
import hashlib
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
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)


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
    script = MODULE.findall(client.get("/browse").text)[0]
    answer = client.get(script)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    missing = client.get(script.replace(".js", ".nothing"))
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")


def test_other_addresses_are_asked_for_again(client: FlaskClient) -> None:
    """Without a version, and with that of another release, comes the file as it is now."""
    whole = client.get("/static/js/dom.js")
    assert whole.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/js/dom.js", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    older = client.get("/static/v-0123456789ab/js/dom.js")
    assert (older.data, older.headers["Cache-Control"]) == (whole.data, "no-cache")
    assert client.get("/static/v-0123456789ab/../app.py").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_little_stands_before_the_first_paint(client: FlaskClient, path: str) -> None:
    """The page alone, below 20 kB as it travels; scripts and fonts come later."""
    html = client.get(path).text
    assert 'rel="stylesheet"' not in html and 'as="font"' not in html
    assert re.findall(r"<script src|<script async", html) == []
    assert re.findall('<[^>]*blocking="render">', html) == [
        '<link rel="expect" href="#main" blocking="render">'
    ]
    assert html.count('id="main"') == 1
    assert len(client.get(path, headers={"Accept-Encoding": "br"}).data) < 20_000


@pytest.mark.parametrize("path", PAGES)
def test_what_stands_in_a_page_is_let_in_by_its_hash(client: FlaskClient, path: str) -> None:
    """As the file says it, with the fonts where they lie; nothing else may stand there."""
    answer = client.get(path)
    directives = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    scripts = [text for text in SCRIPT.findall(answer.text) if text]
    styles = STYLE.findall(answer.text)
    assert len(scripts) == 1 and 1 <= len(styles) <= 2
    assert scripts == [(assets.FOLDER / "js" / "letters.js").read_text()]
    for directive, texts in (("script-src", scripts), ("style-src", styles)):
        for text in texts:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in directives[directive].split()
    assert directives["script-src"].split()[0] == "'self'"
    assert "'self'" not in directives["style-src"]
    assert " style=" not in answer.text
    fonts = re.findall(r"url\((/static/v-[^)]+\.woff2)\)", styles[0])
    assert len(fonts) == 3 and {client.get(font).status_code for font in fonts} == {200}


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
