"""The start page in a real Chromium: pictures in, rows out; the catalogue answers by rule."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from encoder.boxes import Box
from encoder.browser import available
from tests.api_fake import TOKEN, FakeCatalog, picture
from tests.fonts_page import with_token
from tests.page_fixtures import opened
from tests.search_page import choose, families, put, wait_for

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Browser, Page, Route, expect


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def test_choose_a_picture(page: Page) -> None:
    """The picture shows at once, and the families come ranked with all that is known."""
    choose(page)
    expect(page.locator("#shown")).to_be_visible()
    wait_for(page, 4)
    assert families(page) == ["Playfair Display", "Abril Fatface", "Roboto Slab", "Space Mono"]
    first = page.locator(".match").first
    expect(first).to_contain_text("the same letters")
    expect(first).to_contain_text("Regular 400")
    expect(first).to_contain_text("Serif")
    expect(first).to_contain_text("The same drawing: Playfair")
    links = {link.inner_text(): link.get_attribute("href") for link in first.locator("a").all()}
    assert links == {
        "Playfair Display": "/families/playfair-display",
        "Playfair": "/families/playfair",
        "Download": "https://api.fontsource.org/v1/download/playfair-display",
        "example.org": "https://example.org/playfair-display",
    }
    drawn = first.locator(".drawn img")
    assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") == 300
    expect(page.get_by_role("heading", name="This is Playfair Display")).to_be_visible()


def test_every_page_says_a_licence_in_the_same_words(page: Page, catalog: FakeCatalog) -> None:
    """Rows of an answer, the list, kin and own fonts, the family's page, and the filters."""
    said = {
        "playfair-display": ("OFL-1.1", "Free, also commercially: OFL"),
        "abril-fatface": ("GPL", "Free, but read its terms before you embed it: GPL"),
        "roboto-slab": ("LPPL-1.3c", "LPPL-1.3c"),
        "space-mono": ("unknown", "Licence unknown: check before you use it"),
    }
    for slug, (code, _) in said.items():
        catalog.members[slug] = replace(
            catalog.members[slug], license=code, source="own" if code == "unknown" else "google"
        )
    page.reload()
    choose(page)
    wait_for(page, 4)
    read = """rows => Object.fromEntries(rows.map(row => [
        row.dataset.family ?? row.querySelector("a").pathname.split("/")[2],
        row.querySelector(".licence").innerText]))"""
    rows = page.locator(".match:has(.licence)")
    offered = page.locator("[name=license] option")
    expected = {slug: text for slug, (_, text) in said.items()}
    assert rows.evaluate_all(read) == expected
    filters = ["Any licence", *list(expected.values())[:3]]
    assert offered.all_inner_texts() == filters
    page.goto("/browse")
    assert rows.evaluate_all(read) == expected
    assert offered.all_inner_texts() == filters
    for slug in ("playfair-display", "space-mono"):
        page.goto(f"/families/{slug}")
        expect(page.locator(".heading .licence")).to_have_text(expected[slug])
        assert {slug: expected[slug], **rows.evaluate_all(read)} == expected
        assert offered.all_inner_texts() == filters
    with_token(page)
    expect(rows).to_have_count(1)
    assert rows.evaluate_all(read) == {"space-mono": expected["space-mono"]}


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_drop_and_paste(page: Page, kind: str) -> None:
    """A picture dropped or pasted anywhere is searched."""
    put(page, kind)
    wait_for(page, 4)


def test_sample(page: Page, catalog: FakeCatalog) -> None:
    """A sample picture is one key away; the page is at its top then, the Tab key at its lines."""
    catalog.lines = [(Box(100, 200, 500, 300), "Evening", "playfair-display")]
    page.get_by_role("button", name="A poster").press("Enter")
    wait_for(page, 4)
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Line 1, “Evening”")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("It says")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Playfair Display “Evening”")).to_be_focused()


def test_filters(page: Page, catalog: FakeCatalog) -> None:
    """Categories add up, the licence narrows, and nothing left is said in words."""
    choose(page)
    wait_for(page, 4)
    page.get_by_role("checkbox", name="Serif", exact=True).check()
    wait_for(page, 2)
    page.get_by_role("checkbox", name="Mono", exact=True).check()
    wait_for(page, 3)
    page.get_by_label("Licence").select_option("Apache-2.0")
    wait_for(page, 1)
    assert families(page) == ["Roboto Slab"]
    page.get_by_role("checkbox", name="My fonts only").check()
    expect(page.locator("#verdict")).to_have_text("Nothing passes the filters")
    wait_for(page, 0)


def test_only_families_with_a_script(page: Page, catalog: FakeCatalog) -> None:
    """The page offers the scripts that the catalogue has, and both lists keep to the chosen one."""
    greek = replace(
        catalog.members["roboto-slab"], scripts=frozenset({"latin", "greek-ext", "greek"})
    )
    catalog.members["roboto-slab"] = greek
    page.reload()
    choose(page)
    wait_for(page, 4)
    script = page.get_by_label("Script")
    assert script.locator("option").all_inner_texts() == ["Any script", "Greek"]
    script.select_option("greek")
    wait_for(page, 1)
    assert families(page) == ["Roboto Slab"]
    page.goto("/browse")
    page.get_by_label("Script").select_option("greek")
    expect(page.locator(".families h2")).to_have_text(["Roboto Slab"])


def test_doubt_is_said_in_words(page: Page, catalog: FakeCatalog) -> None:
    """A known font without a certain match, and one that is hardly in the catalogue."""
    catalog.doubts = True
    choose(page)
    expect(page.locator("#verdict")).to_have_text("No certain match")
    catalog.known = 0.2
    choose(page)
    expect(page.locator("#verdict")).to_have_text("Perhaps not in the catalogue")
    expect(page.locator("#aside")).to_contain_text("kin")


def test_letters_are_laid_over_the_picture(page: Page) -> None:
    """A closed panel a match: the slider uncovers, the button lays over, letters are named."""
    choose(page)
    wait_for(page, 4)
    panel = page.locator(".compare").first
    stage = panel.locator(".laid")
    expect(stage).to_be_hidden()
    panel.get_by_text("Compare the letters").click()
    expect(panel).to_contain_text("Look at “b”, “a”.")
    drawing = panel.get_by_alt_text("The same words in Playfair Display")
    assert drawing.evaluate("image => image.complete && image.naturalWidth") == 300
    slider = panel.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    assert drawing.evaluate("e => getComputedStyle(e).clipPath") == "inset(0px 0px 0px 0%)"
    slider.press("End")
    assert drawing.evaluate("e => getComputedStyle(e).clipPath") == "inset(0px 0px 0px 100%)"
    both = panel.get_by_alt_text("Both: red is only in your picture")
    expect(both).to_be_hidden()
    button = panel.get_by_role("button", name="Lay over")
    button.click()
    expect(both).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    slider.press("ArrowLeft")
    expect(both).to_be_hidden()


def test_lines_to_copy(page: Page, catalog: FakeCatalog) -> None:
    """CSS, @import and the npm package of a match; an own font has none."""
    own = replace(catalog.members["space-mono"], source="own", url=None)
    catalog.members["space-mono"] = own
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page)
    wait_for(page, 4)
    expect(page.locator(".match .use")).to_have_count(3)
    first = page.locator(".match").first
    copied = {}
    for what, start in (("CSS", "font-family"), ("@import", "@import"), ("npm", "npm")):
        first.get_by_role("button", name=f"Copy {what}").press("Enter")
        expect(first.get_by_role("status")).to_contain_text(f"Copied {start}")
        copied[what] = page.evaluate("navigator.clipboard.readText()")
    assert copied["CSS"] == 'font-family: "Playfair Display", serif; font-weight: 400;'
    assert "family=Playfair+Display:wght@400&display=swap" in copied["@import"]
    assert copied["npm"] == "npm install @fontsource/playfair-display"


def test_newer_answer_stays(page: Page, catalog: FakeCatalog) -> None:
    """Of two searches the second one's answer stays, though the first comes in last."""
    choose(page)
    wait_for(page, 4)
    slow, answered = catalog.search, threading.Event()

    def search(picture: object, **given: object) -> object:
        answer = slow(picture, **given)  # type: ignore[arg-type]
        if answer.matches and len(answer.matches) == 2:  # serif alone is slow
            time.sleep(0.6)
            answered.set()
        return answer

    catalog.search = search  # type: ignore[method-assign, assignment]
    page.get_by_role("checkbox", name="Serif", exact=True).check()
    page.get_by_role("checkbox", name="Mono", exact=True).check()
    wait_for(page, 3)
    assert answered.wait(5)
    page.wait_for_timeout(200)
    assert len(families(page)) == 3


def test_broken_picture_says_why(page: Page) -> None:
    """What the server refuses is said in its words, and another picture works again."""
    choose(page, b"%PDF-1.7 this is no picture", "shot.png")
    alert = page.locator("#answer-error")
    expect(alert).to_be_visible()
    assert len(alert.inner_text()) > 20
    expect(page.locator("#verdict")).to_have_text("The picture has a format that is not read")
    expect(page.locator("#no-preview")).to_be_visible()
    expect(page.locator("#filters")).to_be_hidden()
    choose(page)
    wait_for(page, 4)
    expect(alert).to_be_hidden()


def test_without_a_server_there_is_another_try(page: Page) -> None:
    """A search that reaches nobody says so, and the button tries again."""
    choose(page)
    wait_for(page, 4)
    page.route("**/v1/search**", lambda route: route.abort())
    page.get_by_role("checkbox", name="Serif", exact=True).check()
    expect(page.locator("#verdict")).to_have_text("No answer from the server")
    expect(page.locator("#answer-error")).to_contain_text("Is it still running?")
    page.unroute("**/v1/search**")
    page.get_by_role("button", name="Try again").press("Enter")
    wait_for(page, 2)
    expect(page.locator("#answer-error")).to_be_hidden()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_a_busy_server_is_asked_again(page: Page) -> None:
    """After the time that its 503 names; only the newest search is, and not for ever."""
    page.clock.install()
    choose(page)
    wait_for(page, 4)
    asked: list[int] = []  # how many categories
    again = page.get_by_role("button", name="Try again")

    def busy(route: Route) -> None:
        asked.append(route.request.url.count("category="))
        if len(asked) == 3:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "3600"}, json={})

    def an_hour_later(count: int) -> None:
        for _ in range(200):  # the page may not have read the last answer yet
            page.clock.fast_forward(3_600_000)
            page.wait_for_timeout(50)
            if len(asked) >= count:
                return

    page.route("**/v1/search**", busy)
    for name in ("Serif", "Mono"):
        with page.expect_response("**/v1/search**"):
            page.get_by_role("checkbox", name=name, exact=True).check()
    an_hour_later(3)
    wait_for(page, 3)
    assert asked == [1, 2, 2]
    page.get_by_role("checkbox", name="Display", exact=True).check()
    an_hour_later(7)
    expect(again).to_be_visible()
    assert asked == [1, 2, 2, 3, 3, 3, 3]


def test_what_is_no_picture_is_said(page: Page) -> None:
    """Pasted text and a dropped link bring no picture; text pasted into a field stays there."""
    paste = """(selector) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "words");
      const init = { bubbles: true, cancelable: true, clipboardData };
      document.querySelector(selector).dispatchEvent(new ClipboardEvent("paste", init));
    }"""
    drop = """() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/uri-list", "https://example.org/a.png");
      const init = { bubbles: true, cancelable: true, dataTransfer };
      document.body.dispatchEvent(new DragEvent("drop", init));
    }"""
    error = page.locator("#intake-error")
    page.evaluate(paste, "#file")
    expect(error).to_be_hidden()
    page.evaluate(paste, "body")
    expect(error).to_contain_text("The clipboard holds no picture")
    page.evaluate(drop)
    expect(error).to_contain_text("That was a link, not a picture")
    put(page, "drop")
    expect(error).to_be_hidden()
    wait_for(page, 4)


def test_a_phone_takes_a_photo(phone: Page) -> None:
    """The camera's button asks the camera, and what it took is searched."""
    camera = phone.locator("#camera")
    assert camera.get_attribute("capture") == "environment"
    assert camera.get_attribute("accept") == "image/*"
    photo = {"name": "image.jpg", "mimeType": "image/jpeg", "buffer": picture(kind="JPEG")}
    camera.set_input_files([photo])  # type: ignore[list-item]
    wait_for(phone, 4)


def test_the_spinner_is_patient(page: Page, catalog: FakeCatalog) -> None:
    """It turns for a search that takes long, from 150 ms on, and stops with the answer."""
    choose(page)
    wait_for(page, 4)
    page.evaluate(
        """() => {
          const progress = document.getElementById("progress"), real = fetch;
          fetch = (to, how) => { window.asked = performance.now(); return real(to, how); };
          window.spun = [];
          new MutationObserver(() => {
            if (!progress.hidden) spun.push(performance.now() - asked);
          }).observe(progress, { attributes: true });
        }"""
    )
    quick = catalog.search

    def slow(*given: object, **more: object) -> object:
        time.sleep(0.6)
        return quick(*given, **more)  # type: ignore[arg-type]

    catalog.search = slow  # type: ignore[method-assign, assignment]
    page.get_by_role("checkbox", name="Serif", exact=True).check()
    expect(page.locator("#progress")).to_be_visible()
    wait_for(page, 2)
    expect(page.locator("#progress")).to_be_hidden()
    (spun,) = page.evaluate("spun")
    assert spun >= 140  # the timer begins a moment before the request


def test_own_words_in_every_candidate(page: Page, catalog: FakeCatalog) -> None:
    """Words typed in one row are drawn in all, as large as before; a correction is searched."""
    catalog.lines = [(Box(10, 20, 250, 60), "Hamburg", "playfair-display")]
    choose(page)
    wait_for(page, 4)
    rows = page.locator(".match")
    expect(rows.first.get_by_alt_text("“Hamburg” in Playfair Display, Regular 400")).to_be_visible()
    expect(rows.first.get_by_alt_text("The same words in your picture")).to_be_visible()
    rows.nth(1).get_by_role("button", name="Draw other words").press("Enter")
    field = rows.nth(1).get_by_label("Words to draw in these fonts")
    expect(field).to_be_focused()
    expect(field).to_have_value("Hamburg")
    asked = catalog.calls
    page.keyboard.type("Quiet")
    for row in rows.all():
        expect(row.get_by_alt_text("“Quiet” in")).to_be_visible()
    assert catalog.calls is asked  # nobody searched
    # 600 pixels with 72 to the em, as large as in a strip of 300 x 64 that is 206 wide.
    # Asked again until it is so: each letter's picture takes the place of the one before.
    first = "document.querySelector('.match').querySelector('img[alt^=\"“Quiet” in\"]')"
    drawn = f"{first}?.getBoundingClientRect().width"
    page.wait_for_function(f"w => Math.abs({drawn} / w - 1) < 0.01", arg=600 * 206.25 / 300)
    page.keyboard.press("Escape")
    expect(rows.first.get_by_alt_text("“Hamburg” in")).to_be_visible()
    expect(field).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.type("Homburg")
    rows.nth(1).get_by_role("button", name="The picture says this").click()
    expect(page.get_by_label("It says")).to_have_value("Homburg")
    assert catalog.calls["text"] == "Homburg"


def test_a_font_without_its_file_shows_its_name(page: Page, catalog: FakeCatalog) -> None:
    """Where the words cannot be drawn, the row says that it shows the name instead."""
    from index.answers import Preview

    plain = catalog.preview
    catalog.lines = [(Box(10, 20, 250, 60), "Hamburg", "playfair-display")]

    def stored(face_id: str, text: str | None, size: int | None) -> Preview:
        from PIL import Image

        out = io.BytesIO()
        Image.open(io.BytesIO(plain(face_id, None).data)).save(out, "WEBP")
        return Preview(out.getvalue(), "image/webp")

    catalog.preview = stored  # type: ignore[method-assign]
    choose(page)
    wait_for(page, 4)
    row = page.locator(".match").first
    row.get_by_role("button", name="Draw other words").press("Enter")
    page.keyboard.type("Quiet")
    expect(row).to_contain_text("the font file is not here to draw your words")


def test_too_large_is_refused_here(page: Page) -> None:
    """A file above 20 MB is refused before it is sent."""
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(21 * 2 ** 20)], "x.png"));
          const init = { bubbles: true, cancelable: true, dataTransfer: data };
          document.body.dispatchEvent(new DragEvent("drop", init));
        }"""
    )
    expect(page.locator("#intake-error")).to_contain_text("it has 21 MB, and at most 20 MB")


def test_phone(phone: Page) -> None:
    """On a phone nothing reaches over the edge; the best row is seen without scrolling."""
    phone.get_by_role("button", name="A poster").tap()
    wait_for(phone, 4)
    best = phone.locator(".pair").first.bounding_box()
    assert best is not None
    assert best["y"] + best["height"] <= 844
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    picture_box, answer = (phone.locator(s).bounding_box() for s in ("#stage", "#answer"))
    assert picture_box is not None
    assert answer is not None
    assert answer["y"] > picture_box["y"] + picture_box["height"]
    for path in ("/fonts", "/browse", "/problems"):
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Browser, address: str, scheme: str) -> None:
    """Every text colour stands out from its paper by WCAG AA (4.5 to 1)."""
    for page in opened(browser, address, color_scheme=scheme):
        choose(page)
        wait_for(page, 4)
        ratios = page.evaluate(CONTRAST)
        assert ratios
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgb(colour).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (rgb(colour)[3] > 0) return colour;
    }
    return "white";
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest(":disabled")) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${element.tagName}.${element.className}`;
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
}"""


def test_every_control_has_a_name(page: Page) -> None:
    """Whatever can be focused has a name that a screen reader can say."""
    choose(page)
    wait_for(page, 4)
    for path in ("", "/fonts", "/browse"):
        if path:
            page.goto(path)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, [tabindex]")]
              .filter((e) => e.checkVisibility() && !e.closest("[aria-hidden=true]"))
              .filter((e) => !(e.getAttribute("aria-label") || e.innerText?.trim()
                || [...(e.labels ?? [])].some((label) => label.textContent.trim())))
              .map((e) => e.outerHTML)"""
        )
        assert nameless == [], path


def test_nothing_shifts_when_the_answer_comes(page: Page) -> None:
    """From the picture to the answer the layout keeps its place."""
    page.evaluate(
        """() => { window.shift = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
          }).observe({ type: "layout-shift", buffered: true }); }"""
    )
    page.get_by_role("button", name="A poster").click()
    wait_for(page, 4)
    page.wait_for_timeout(700)
    assert page.evaluate("shift") < 0.05


def test_words_are_seen_in_the_dark(page: Page) -> None:
    """Dark letters on light, as they come, become light ones on the page's own ground."""
    page.emulate_media(color_scheme="dark")
    choose(page)
    wait_for(page, 4)
    for image in page.locator(".drawn img, .yours .strip").all():
        style = "image => [getComputedStyle(image).mixBlendMode, getComputedStyle(image).filter]"
        assert image.evaluate(style) == ["screen", "invert(1) hue-rotate(180deg)"]


def test_a_picture_chosen_before_the_script_came(page: Page) -> None:
    """On a slow line the form is there first: what is chosen then is searched all the same."""
    held: list[Route] = []
    page.route("**/js/search.js", lambda route: held.append(route))
    with page.expect_request("**/js/search.js"):
        page.goto("/", wait_until="commit")
    choose(page)
    page.wait_for_timeout(50)
    assert families(page) == []
    held[0].continue_()
    wait_for(page, 4)


def test_weight(page: Page) -> None:
    """All that the page needs before fonts and pictures is below 150 kB."""
    sizes = page.evaluate(
        """() => performance.getEntriesByType("resource").filter((e) => /\\.(js|css)$/.test(e.name))
          .map((e) => [e.name, e.decodedBodySize])"""
    )
    assert len(sizes) >= 13
    assert len(page.content().encode()) + sum(size for _, size in sizes) < 150_000


def test_sample_pictures_can_be_read() -> None:
    """The samples of the start page are pictures that the service reads."""
    from PIL import Image

    folder = Path(__file__).parent.parent / "api" / "static" / "samples"
    for file in sorted(folder.iterdir()):
        assert Image.open(io.BytesIO(file.read_bytes())).size == (960, 600)


def test_the_token_finds_private_fonts(page: Page, catalog: FakeCatalog) -> None:
    """It goes with searches and previews; one that opens nothing is forgotten."""
    page.evaluate("token => sessionStorage.setItem('fontkin-token', token)", TOKEN)
    sent = []
    page.on("request", lambda r: sent.append((r.url, r.headers.get("authorization"))))
    catalog.lines = [(Box(10, 20, 250, 60), "Hamburg", "playfair-display")]
    choose(page)
    wait_for(page, 4)
    page.locator(".match").first.get_by_role("button", name="Draw other words").press("Enter")
    page.keyboard.type("Quiet")
    expect(page.locator(".match").first.get_by_alt_text("“Quiet” in")).to_be_visible()
    asked = {url.split("?")[0].rsplit("/", 1)[1]: header for url, header in sent if "/v1/" in url}
    assert asked == dict.fromkeys(("search", "preview.png"), f"Bearer {TOKEN}")
    page.evaluate("sessionStorage.setItem('fontkin-token', 'revoked')")
    page.get_by_role("checkbox", name="Serif", exact=True).check()
    wait_for(page, 2)
    assert page.evaluate("sessionStorage.length") == 0
