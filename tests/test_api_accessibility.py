"""Every page under axe-core, light and dark, wide and narrow: labels, contrast, landmarks, names
and sizes of controls.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from encoder.browser import available
from index.settings import Settings
from tests.api_fake import FakeCatalog, picture
from tests.catalog_fixtures import TOKEN
from tests.page_fixtures import opened, serving

if not available() or not shutil.which("npm"):
    pytest.skip("no Chromium or no npm here", allow_module_level=True)

from playwright.sync_api import Browser, Page, expect

AXE = "axe-core@4.11.0"
KEPT = Path(__file__).parent.parent / "build" / "axe"
PATHS = (
    "/browse?q=roboto&text=Hello",
    "/browse?q=zzz",
    "/browse?q=roboto&category=display",
    "/families/roboto-slab",
    "/map?family=roboto-slab",
    "/docs",
    "/problems",
    "/nothing-here",
)


@pytest.fixture
def catalog() -> FakeCatalog:
    made = FakeCatalog()
    made.members["space-mono"] = replace(made.members["space-mono"], source="own")
    return made


@pytest.fixture(scope="module")
def axe() -> str:
    """The script, from npm at the first time."""
    script = KEPT / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        options = ["--silent", "--no-audit", "--no-fund", "--prefix", str(KEPT)]
        subprocess.run(["npm", "install", *options, AXE], check=True, timeout=120)
    return script.read_text()


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, each with the first element that it is about."""
    page.evaluate(axe)  # the page's own policy forbids a script element
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
    )["violations"]
    return [json.dumps([v["id"], v["help"], v["nodes"][0]["html"][:200]]) for v in found]


def looked_at(scheme: str, width: int) -> dict[str, object]:
    """How a window looks; colours half-way through a transition are no page's."""
    size = {"width": width, "height": 844}
    return {"color_scheme": scheme, "reduced_motion": "reduce", "viewport": size}


LOOKS = pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])


@pytest.mark.slow
@LOOKS
def test_no_page_has_a_violation(
    browser: Browser, address: str, axe: str, scheme: str, width: int
) -> None:
    """Nothing on any page, as it opens and as it is used."""
    found = {}
    for page in opened(browser, address, **looked_at(scheme, width)):
        found["/"] = violations(page, axe)
        file = {"name": "shot.png", "mimeType": "image/png", "buffer": picture()}
        page.set_input_files("#file", [file])  # type: ignore[list-item]
        expect(page.locator("#matches .match:not(.waiting)")).to_have_count(4)
        found["an answer"] = violations(page, axe)
        for path in PATHS:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            found[path] = violations(page, axe)
        page.goto("/docs")
        page.locator("#listFamilies").get_by_role("button", name="Send").click()
        expect(page.locator("#listFamilies").get_by_role("status")).to_contain_text("200")
        found["a call"] = violations(page, axe)
        page.goto("/fonts")
        found["/fonts"] = violations(page, axe)
        page.get_by_label("Token of this server").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#token-form")).to_be_hidden()
        expect(page.locator("#own .match")).to_have_count(1)
        fonts = [{"name": "a.ttf", "mimeType": "font/ttf", "buffer": b"no font"}]
        page.set_input_files("#file", fonts)  # type: ignore[arg-type]
        expect(page.locator(".upload")).to_contain_text("refused")
        found["own fonts"] = violations(page, axe)
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.slow
@LOOKS
def test_no_page_of_a_closed_server_has_a_violation(
    browser: Browser, catalog: FakeCatalog, tmp_path: Path, axe: str, scheme: str, width: int
) -> None:
    """Nothing on the pages that ask for the token, before and after a wrong one."""
    settings = Settings(data=tmp_path, prebuilt=tmp_path, api_token=TOKEN, anonymous=False)
    found = {}
    with serving(settings, catalog) as address:
        for page in opened(browser, address, **looked_at(scheme, width)):
            for path in ("/browse", "/map"):
                page.goto(path)
                field = page.get_by_label("Token of this server")
                expect(field).to_be_focused()
                found[path] = violations(page, axe)
                field.fill("wrong-token-of-somebody")
                field.press("Enter")
                expect(page.locator("#token-error")).to_be_visible()
                found[f"{path}, refused"] = violations(page, axe)
    assert {where: what for where, what in found.items() if what} == {}
