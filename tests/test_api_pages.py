"""Browse, family, own fonts and docs in a real Chromium."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from encoder.browser import available
from index.answers import FamilyPage
from index.settings import Settings
from tests.api_fake import TOKEN, FakeCatalog, own_family
from tests.fonts_page import upload, with_token
from tests.page_fixtures import opened, serving
from tests.search_page import choose, families, wait_for

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Browser, Locator, Page, Route, expect


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def test_add_find_and_remove_a_font(page: Page) -> None:
    """A font added with the token is listed, found by a search, and removed again."""
    with_token(page)
    upload(page, ("mine.ttf", b"font Mine"))
    expect(page.locator(".upload")).to_contain_text("added: font Mine, 1 face")
    expect(page.locator("#own h3")).to_have_text("font Mine")
    page.goto("/")
    choose(page)
    wait_for(page, 5)
    page.get_by_role("checkbox", name="My fonts only").check()
    wait_for(page, 1)
    assert families(page) == ["font Mine"]
    page.goto("/fonts")
    expect(page.locator("#token-form")).to_be_hidden()  # asked once
    page.get_by_role("button", name="Remove font Mine").click()
    page.get_by_role("button", name="Really remove font Mine?").click()
    expect(page.locator("#own-empty")).to_be_visible()


def test_each_file_says_what_became_of_it(page: Page) -> None:
    """Added, there already and refused with the reason, each beside its file."""
    with_token(page)
    upload(page, ("a.ttf", b"font A"), ("b.ttf", b"dup"), ("c.ttf", b"x"))
    rows = page.locator(".upload")
    expect(rows.filter(has_text="a.ttf")).to_contain_text("added: font A")
    expect(rows.filter(has_text="b.ttf")).to_contain_text("in the catalogue already")
    expect(rows.filter(has_text="c.ttf")).to_contain_text("refused: this is no font file")


def test_more_than_a_page_of_own_families(page: Page, catalog: FakeCatalog) -> None:
    """All 201 are listed, with how many they are, and the last one has its buttons."""
    for at in range(201):
        family = own_family(f"Corporate {at:03}")
        catalog.members[family.id] = family
    theirs = replace(own_family("Published By Others"), mine=False)
    catalog.members[theirs.id] = theirs
    with_token(page)
    expect(page.locator("#own .match")).to_have_count(202)
    expect(page.locator("#own-total")).to_have_text("202 families.")
    page.get_by_role("button", name="Remove Corporate 200").click()
    page.get_by_role("button", name="Really remove Corporate 200?").click()
    expect(page.locator("#own-total")).to_have_text("201 families.")
    row = page.locator("#own .match").filter(has_text="Published By Others")
    expect(row.get_by_role("button")).to_have_count(0)


def test_a_file_that_is_too_large_is_not_sent(browser: Browser, tmp_path: Path) -> None:
    """What the server would refuse, or what is empty, says so at once; the next file is added."""
    sent: list[str] = []
    limit = Settings(data=tmp_path, prebuilt=tmp_path, api_token=TOKEN, max_upload_mb=1)
    with serving(limit, FakeCatalog()) as address:
        for page in opened(browser, address, viewport={"width": 1280, "height": 860}):
            with_token(page)
            expect(page.locator("#drop-hint")).to_contain_text("up to 1 MB a file")
            page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
            large = bytes(2**20 + 1)
            upload(page, ("a.ttf", large), ("b.ttf", b""), ("c.ttf", b"font C"))
            rows = page.locator(".upload")
            expect(rows.filter(has_text="c.ttf")).to_contain_text("added: font C")
            expect(rows.filter(has_text="a.ttf")).to_contain_text("not sent: it has 1.1 MB, and at")
            expect(rows.filter(has_text="b.ttf")).to_contain_text("not sent: it is empty")
        assert [each for each in sent if "POST" in each] == [f"POST {address}/v1/fonts"]


def test_a_token_given_at_once_lists_once(page: Page, catalog: FakeCatalog) -> None:
    """While other tabs are still asked for one: the rows are not replaced a second time."""
    catalog.members["corporate"] = replace(own_family("Corporate"), id="corporate")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with_token(page)
    page.get_by_role("button", name="Remove Corporate").click()
    page.wait_for_timeout(400)  # other tabs have 150 ms
    expect(page.get_by_role("button", name="Really remove Corporate?")).to_be_visible()
    assert sum("/v1/token" in url for url in asked) == 1


def test_wrong_token_says_so(page: Page) -> None:
    """A token that opens nothing is told at once, not kept, and asked for again."""
    page.goto("/fonts")
    page.get_by_label("Token of this server").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#token-error")).to_have_text(
        "The token is not one of this server's, or not any more."
    )
    expect(page.locator("#token-form")).to_be_visible()
    assert page.evaluate("sessionStorage.length + Number('fontkin-token' in localStorage)") == 0


def test_a_token_is_kept_as_wished(page: Page) -> None:
    """For the tab, or on this computer; forgotten, it is nowhere."""
    with_token(page)
    assert page.evaluate("[sessionStorage.length, Number('fontkin-token' in localStorage)]") == [
        1,
        0,
    ]
    page.get_by_role("button", name="Forget the token").click()
    assert page.evaluate("[sessionStorage.length, Number('fontkin-token' in localStorage)]") == [
        0,
        0,
    ]
    with_token(page, remember=True)
    assert page.evaluate("[sessionStorage.length, Number('fontkin-token' in localStorage)]") == [
        0,
        1,
    ]
    page.reload()
    expect(page.locator("#who")).to_contain_text("You are here")


def test_rename_publish_and_find_an_own_family(page: Page, catalog: FakeCatalog) -> None:
    """A family takes another name, is published, and is found by a word set in it."""
    with_token(page)
    upload(page, ("mine.ttf", b"font Mine"))
    row = page.locator("#own .match")
    expect(row).to_contain_text("1 face")
    page.get_by_role("button", name="Rename font Mine").click()
    field = page.get_by_label("New name of font Mine")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(page.get_by_role("button", name="Rename font Mine")).to_be_focused()
    page.get_by_role("button", name="Rename font Mine").click()
    field.fill("Corporate")
    field.press("Enter")
    expect(row.locator("h3")).to_have_text("Corporate")
    assert catalog.members["font-mine"].name == "Corporate"
    before = row.locator(".facts").inner_text()
    row.get_by_role("button", name=re.compile("Publish|Make private")).click()
    expect(row.locator(".facts")).not_to_have_text(before)
    row.get_by_role("link", name="Find Corporate").click()
    wait_for(page, 5)  # the first five, of a catalogue with five
    assert catalog.drawn["text"] == "Hamburgefonstiv"
    assert "Corporate" in families(page)
    expect(page.locator("#shown")).to_be_visible()
    choose(page)
    expect(page).to_have_url(re.compile(r"/$"))  # another picture is not that font's


def test_names_of_fonts_are_only_text(page: Page, catalog: FakeCatalog) -> None:
    """A font that calls itself like a script shows as that text."""
    with_token(page)
    upload(page, ("a.ttf", b"font <img src=x onerror=alert(1)>"))
    expect(page.locator("#own h3")).to_have_text("font <img src=x onerror=alert(1)>")
    assert page.locator("#own h3 img").count() == 0


def test_browse(page: Page) -> None:
    """The list follows the name while it is typed, and so does the address."""
    page.goto("/browse")
    expect(page.locator(".families h2")).to_have_count(4)
    page.get_by_label("Name").fill("slab")
    expect(page.locator(".families h2")).to_have_text(["Roboto Slab"])
    expect(page.locator("#count")).to_have_text("1 family")
    expect(page).to_have_url(re.compile(r"/browse\?q=slab$"))
    page.get_by_label("Name").fill("zzz")
    expect(page.locator("#count")).to_have_text("No family has this name.")
    expect(page.locator("#results")).to_contain_text("Search with a picture")
    page.get_by_label("Name").fill("")
    page.get_by_label("Category").select_option("serif")
    expect(page.locator(".families h2")).to_have_text(["Playfair Display", "Roboto Slab"])


def test_filters_that_leave_nothing(page: Page) -> None:
    """It is the filters that are blamed, and one link leads out of them; the name stays."""
    page.goto("/browse?text=Hi")
    page.get_by_role("checkbox", name="My fonts only").press("Space")
    expect(page.locator("#count")).to_have_text("No family passes these filters.")
    page.get_by_label("Name").fill("slab")
    expect(page.locator("#count")).to_have_text(
        "No family has this name among those that pass the filters."
    )
    page.get_by_role("link", name="Look without the filters").press("Enter")
    expect(page.locator(".families h2")).to_have_text(["Roboto Slab"])
    expect(page.get_by_role("checkbox", name="My fonts only")).not_to_be_checked()
    expect(page.get_by_label("Your text")).to_have_value("Hi")


def test_all_of_a_kins_row_opens_it(phone: Page) -> None:
    """A finger need not meet the name."""
    phone.goto("/families/roboto-slab")
    phone.locator("#kin .match").last.locator("img").tap(force=True)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Space Mono")


def test_specimens_in_the_readers_text(page: Page) -> None:
    """What is typed is drawn in every row, stays in the address, and goes along to the family."""
    page.goto("/browse?q=roboto")
    page.get_by_label("Your text").fill("Hello & you")
    first = page.locator("img.specimen").first
    expect(first).to_have_attribute("src", re.compile(r"preview\.png\?text=Hello\+%26\+you$"))
    assert first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    expect(page).to_have_url(re.compile(r"q=roboto&text=Hello\+%26\+you$"))
    page.get_by_role("link", name="Roboto Slab", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Roboto Slab")
    expect(page.get_by_label("Your text")).to_have_value("Hello & you")


def test_paging_does_not_jump(page: Page, catalog: FakeCatalog) -> None:
    """More rows come below the last one; what is above stays where it is."""
    whole = catalog.families

    def families(**given: Any) -> FamilyPage:
        return whole(**{**given, "limit": 1})

    catalog.families = families  # type: ignore[method-assign]
    page.goto("/browse?text=Hi")
    heading = page.locator(".families h2").first
    before = heading.evaluate("e => e.getBoundingClientRect().top + scrollY")
    expect(page.locator(".families h2")).to_have_text(
        ["Playfair Display", "Abril Fatface", "Roboto Slab", "Space Mono"]
    )
    expect(page.locator("#more")).to_have_count(0)
    assert heading.evaluate("e => e.getBoundingClientRect().top + scrollY") == before
    expect(page.locator("img.specimen").last).to_have_attribute("src", re.compile("text=Hi$"))


def test_a_familys_page(page: Page, catalog: FakeCatalog) -> None:
    """A text is tried at several sizes, what lacks is named, lines are copied, kin filtered."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/families/roboto-slab")
    page.get_by_label("Your text").fill("Cab 9ß")
    expect(page.locator("#lacking")).to_have_text("Not in this font: 9 ß")
    sizes = page.locator("#waterfall img")
    expect(sizes).to_have_count(6)
    expect(sizes.last).to_have_attribute(
        "srcset", re.compile(r"text=Cab%209%C3%9F&size=80 1x, .*size=160 2x$")
    )
    page.get_by_role("button", name="Copy npm").click()
    expect(page.get_by_role("button", name="Copy npm")).to_have_text("Copied")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)  # it is announced
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "npm install @fontsource/roboto-slab"
    kin = page.locator("#kin")
    expect(kin.locator("h3")).to_have_count(3)
    said = page.locator("#kin-count[aria-live=polite]")
    expect(said).to_have_text("The 3 families that look most like it, the closest first.")
    page.get_by_label("Weight").select_option("600-700")
    expect(said).to_contain_text("The 3 families that look most like it among those that pass")
    expect(page).to_have_url(re.compile(r"\?text=Cab\+9%C3%9F&weight=600-700#kin-title$"))
    page.wait_for_function("() => !document.querySelector('#kin[aria-busy]')")
    expect(kin.locator("img").last).to_have_attribute("src", re.compile("text=Cab%209%C3%9F$"))
    page.get_by_label("Your text").press("Enter")
    kin.get_by_role("link", name="Space Mono").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Space Mono")
    expect(page.get_by_label("Your text")).to_have_value("Cab 9ß")
    page.goto("/families/nobody")
    expect(page.locator("body")).to_contain_text("no family 'nobody'")
    page.get_by_role("main").get_by_role("link", name="Browse").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is my font in here?")


def test_the_sizes_are_one_stop(phone: Page) -> None:
    """Tab enters all lines at once and leaves them; the arrows move them together, not the page."""
    phone.goto("/families/roboto-slab?text=" + "Hamburgefonstiv%20" * 4)
    fall = phone.get_by_role("group", name="The text in each size")
    phone.locator("#face").focus()
    phone.keyboard.press("Tab")
    expect(fall).to_be_focused()
    images = fall.locator("img")
    for image in (images.first, images.last):
        image.evaluate("i => i.decode()")
    before = [image.evaluate("i => i.getBoundingClientRect().left") for image in images.all()]
    label = fall.get_by_text("80 px")
    stays = label.evaluate("e => e.getBoundingClientRect().left")
    phone.keyboard.press("ArrowRight")
    phone.wait_for_function("() => document.activeElement.scrollLeft > 20")
    after = [image.evaluate("i => i.getBoundingClientRect().left") for image in images.all()]
    assert all(now < then for now, then in zip(after, before, strict=True))
    assert label.evaluate("e => e.getBoundingClientRect().left") == stays
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.keyboard.press("Tab")
    assert not fall.evaluate("e => e.contains(document.activeElement)")


def test_a_text_is_tried_without_scripts(browser: Browser, address: str) -> None:
    """Enter draws it at every size, and the filters of the kin stay as they are."""
    for page in opened(browser, address, java_script_enabled=False):
        page.goto("/families/roboto-slab?category=serif")
        page.get_by_label("Your text").fill("Hi")
        page.get_by_label("Your text").press("Enter")
        expect(page.locator("#waterfall img").last).to_have_attribute(
            "src", re.compile(r"text=Hi&size=80$")
        )
        expect(page.get_by_label("Category")).to_have_value("serif")
        assert "#" not in page.url


def on_map(page: Page, path: str = "/map") -> tuple[float, float, float, float]:
    """The map when it is drawn, and where its canvas is."""
    page.goto(path)
    page.wait_for_selector("#map[data-ready='4']")
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


@pytest.mark.parametrize("size", [(1300, 700), (390, 844)])
def test_the_map_before_its_script(page: Page, size: tuple[int, int]) -> None:
    """The page brings the dots, each where the canvas draws it later, in its category's colour."""
    held: list[Route] = []
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.route("**/v1/map", lambda route: held.append(route))
    page.goto("/map")
    before = page.locator("#dots").evaluate(
        "dots => [...dots.children].flatMap(path => [...path.getAttribute('d')"
        ".matchAll(/M(\\d+) (\\d+)/g)].map(([, x, y]) => { const at = new DOMPoint(x, y)"
        ".matrixTransform(path.getScreenCTM()); const box = map.getBoundingClientRect();"
        "return [at.x - box.x, at.y - box.y, getComputedStyle(path).stroke]; }))"
    )
    assert len(before) == 4
    assert len({colour for *_, colour in before}) == 3
    for route in held:
        route.continue_()
    page.wait_for_selector("#map[data-ready='4']")
    expect(page.locator("#dots")).to_have_count(0)
    for x, y, colour in before:
        assert pixel(page, x, y) == colour


def pixel(page: Page, x: float, y: float) -> str:
    """The canvas's colour at a point, as CSS writes it."""
    return str(
        page.locator("#map").evaluate(
            "(map, [x, y]) => { const [r, g, b] = map.getContext('2d').getImageData("
            "x * devicePixelRatio, y * devicePixelRatio, 1, 1).data;"
            "return `rgb(${r}, ${g}, ${b})`; }",
            [x, y],
        )
    )


def test_the_map_by_mouse(page: Page) -> None:
    """A dot is named under the mouse, the wheel zooms towards it, a click opens its page."""
    x, y, width, height = on_map(page, "/map?family=roboto-slab")
    middle = (x + width / 2, y + height / 2)
    expect(page.locator("#shown")).to_contain_text("Roboto Slab")
    page.mouse.move(middle[0] + 200, middle[1])
    expect(page.locator("#shown")).to_be_empty()
    page.mouse.move(*middle)
    expect(page.locator("#shown")).to_contain_text("Roboto Slab")
    page.mouse.wheel(0, -300)
    page.mouse.move(middle[0] + 1, middle[1])
    expect(page.locator("#shown")).to_contain_text("Roboto Slab")
    page.mouse.down()
    page.mouse.move(middle[0] + 100, middle[1] + 40, steps=4)
    page.mouse.up()
    expect(page.locator("#shown")).to_contain_text("Roboto Slab")  # it came along, and was no click
    page.mouse.click(middle[0] + 100, middle[1] + 40)
    expect(page.get_by_role("heading", level=1)).to_have_text("Roboto Slab")


def test_the_map_by_keyboard(page: Page) -> None:
    """A family is found by its name, even misspelt by the service; Enter opens it."""
    on_map(page)
    page.get_by_label("Find a family").fill("spacem")
    expect(page.locator("#shown")).to_contain_text("Space Mono")
    page.locator("#map").focus()
    page.keyboard.press("0")
    for _ in range(10):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#shown")).to_contain_text("Playfair Display")
    page.get_by_label("Find a family").fill("nobody")
    expect(page.locator("#shown")).to_have_text("Nobody on the map has this name.")
    page.get_by_label("Find a family").fill("abril")
    expect(page.locator("#shown")).to_contain_text("Abril Fatface")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Abril Fatface")


def test_the_map_means_a_family_from_the_start(page: Page) -> None:
    """Reached by Tab, the map names the family in the middle and its category; Enter opens it."""
    on_map(page)
    page.get_by_label("Find a family").press("Tab")
    expect(page.locator("#map")).to_be_focused()
    expect(page.locator("#shown")).to_have_text(
        re.compile("^(Roboto Slab · Serif|Abril Fatface · Display)$")
    )
    meant = page.locator("#shown a").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(meant)


def test_the_map_finds_what_was_typed_last(page: Page) -> None:
    """Enter right after the last letter opens that family, not the one that was found before."""
    on_map(page)
    field = page.get_by_label("Find a family")
    field.fill("space mono")
    expect(page.locator("#shown")).to_contain_text("Space Mono")
    field.evaluate(  # faster than any pause in typing
        "field => { field.value = 'abril';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); field.form.requestSubmit(); }"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Abril Fatface")


def test_in_the_readers_own_colours(browser: Browser, address: str) -> None:
    """Where the system's high contrast sets all colours, dots and choices are still seen."""
    for page in opened(browser, address, forced_colors="active"):
        on_map(page)
        legend = page.locator(".legend li")
        dots = [dot(legend.nth(at)) for at in range(legend.count())]
        assert len(set(dots)) == len(dots) > 1
        drawn = page.locator("#map").evaluate(
            "map => map.getContext('2d').getImageData(0, 0, map.width, map.height)"
            ".data.some((value, at) => at % 4 === 3 && value > 0)"
        )
        assert drawn
        page.goto("/browse")
        chip = page.get_by_role("checkbox", name="My fonts only").locator("xpath=../span")
        before = ground(chip)
        page.get_by_role("checkbox", name="My fonts only").check()
        assert ground(chip) != before


def dot(item: Locator) -> str:
    """The colour before an item of the legend."""
    return str(item.evaluate("item => getComputedStyle(item, '::before').backgroundColor"))


def ground(element: Locator) -> str:
    return str(element.evaluate("element => getComputedStyle(element).backgroundColor"))
