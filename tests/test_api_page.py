"""The pages in a real Chromium, against a running server over a catalogue that answers by rule."""

from __future__ import annotations

import io
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from encoder.boxes import Box
from encoder.browser import available
from tests.api_fake import FakeCatalog, picture
from tests.page_fixtures import opened

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def choose(page: Page, data: bytes | None = None, name: str = "shot.png") -> None:
    """Give the page a picture of 300 x 100 pixels as a person who chooses a file."""
    file = {"name": name, "mimeType": "image/png", "buffer": data or picture()}
    page.set_input_files("#file", [file])  # type: ignore[list-item]


def families(page: Page) -> list[str]:
    return page.locator("#matches .match:not(.waiting) h3").all_inner_texts()


def wait_for(page: Page, count: int) -> None:
    expect(page.locator("#matches .match:not(.waiting)")).to_have_count(count)


def put(page: Page, kind: str) -> None:
    """Drop or paste a picture anywhere on the page, as the browser would tell it."""
    page.evaluate(
        """async ([kind, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          const init = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { ...init, clipboardData: data })
            : new DragEvent("drop", { ...init, dataTransfer: data }));
        }""",
        [kind, list(picture())],
    )


def test_choose_a_picture(page: Page) -> None:
    """The picture shows at once, and the families come ranked with all that is known."""
    choose(page)
    expect(page.locator("#shown")).to_be_visible()
    wait_for(page, 4)
    assert families(page) == ["Playfair Display", "Abril Fatface", "Roboto Slab", "Space Mono"]
    first = page.locator(".match").first
    expect(first).to_contain_text("the same letters")
    expect(first).to_contain_text("SIL Open Font License: free, also commercially")
    expect(first).to_contain_text("best: Regular 400")
    expect(first).to_contain_text("The same drawing: Playfair")
    link = first.get_by_role("link", name="Playfair Display")
    assert link.get_attribute("href") == "https://example.org/playfair-display"
    assert first.locator("img.specimen").evaluate(
        "image => image.decode().then(() => image.naturalWidth)"
    )
    expect(page.get_by_role("heading", name="This is Playfair Display")).to_be_visible()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_drop_and_paste(page: Page, kind: str) -> None:
    """A picture dropped or pasted anywhere is searched."""
    put(page, kind)
    wait_for(page, 4)


def test_sample(page: Page) -> None:
    """A sample picture is one click away, and the page is at its top then."""
    page.get_by_role("button", name="A poster").click()
    wait_for(page, 4)
    assert page.evaluate("scrollY") == 0


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


def test_crop_by_mouse(page: Page, catalog: FakeCatalog) -> None:
    """A drag makes a crop in the picture's pixels; its corner and its middle move it."""
    choose(page)
    wait_for(page, 4)
    area = page.locator("#frame").bounding_box()
    assert area is not None

    def at(x: float, y: float) -> tuple[float, float]:
        return area["x"] + area["width"] * x / 300, area["y"] + area["height"] * y / 100

    def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=4)
        page.mouse.up()

    drag(at(30, 20), at(150, 70))
    wait_for_crop(page, catalog, Box(30, 20, 150, 70))
    drag(at(150, 70), at(210, 90))
    wait_for_crop(page, catalog, Box(30, 20, 210, 90))
    drag(at(60, 50), at(90, 55))
    wait_for_crop(page, catalog, Box(60, 25, 240, 95))
    with page.expect_response(lambda r: "/v1/search" in r.url and "crop" not in r.url):
        page.get_by_role("button", name="Whole picture").click()
    assert catalog.calls["crop"] is None


def wait_for_crop(page: Page, catalog: FakeCatalog, expected: Box) -> None:
    """The last search asked for this crop; a slow drag may ask for others on its way."""
    for _ in range(100):
        found = catalog.calls.get("crop")
        if found is not None and near(found, expected):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} was asked for, not {expected}")


def near(one: Box, other: Box) -> bool:
    """The same box but for a pixel of rounding."""
    return all(abs(a - b) <= 1 for a, b in zip(one.as_list(), other.as_list(), strict=True))


def test_crop_by_keyboard(page: Page, catalog: FakeCatalog) -> None:
    """With the keyboard alone a crop is made, moved, resized and removed."""
    choose(page)
    wait_for(page, 4)
    crop = page.locator("#crop")
    page.get_by_role("button", name="Crop", exact=True).press("Enter")
    expect(crop).to_be_focused()
    expect(crop).to_have_attribute(
        "aria-label", "Crop: 240 by 40 pixels, 30 from the left, 30 from the top"
    )
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft", "Alt+ArrowUp"):
        page.keyboard.press(key)
    expect(crop).to_have_attribute(
        "aria-label", "Crop: 237 by 40 pixels, 33 from the left, 32 from the top"
    )
    until(lambda: catalog.calls["crop"] == Box(33, 32, 270, 72))
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    until(lambda: catalog.calls["crop"] == Box(0, 32, 237, 72))
    page.keyboard.press("Escape")
    expect(crop).to_be_hidden()
    until(lambda: catalog.calls["crop"] is None)


def until(true: object, seconds: float = 5) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_it_says_can_be_corrected(page: Page, catalog: FakeCatalog) -> None:
    """The words that were read stand in a field; corrected, they are searched and drawn."""
    choose(page)
    wait_for(page, 4)
    expect(page.get_by_label("It says")).to_be_hidden()  # no line was found
    page.get_by_role("button", name="Crop").click()
    field = page.get_by_label("It says")
    expect(field).to_have_value("Hamburg")
    assert catalog.calls["text"] is None
    expect(page.locator(".match img").first).to_have_attribute("src", re.compile("text=Hamburg$"))
    with page.expect_response(
        lambda response: "text=Homburg" in response.url and "search" in response.url
    ):
        field.fill("Homburg")
    assert catalog.calls["text"] == "Homburg"
    expect(page.locator(".match img").first).to_have_attribute("src", re.compile("text=Homburg$"))
    page.get_by_role("button", name="Whole picture").click()
    expect(field).to_be_hidden()
    assert catalog.calls["text"] is None


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
    panel = page.locator(".use").first
    panel.get_by_text("Use it").click()
    copied = {}
    for what in ("CSS", "@import", "npm"):
        panel.get_by_role("button", name=f"Copy {what}").click()
        expect(panel.get_by_role("button", name=f"Copy {what}")).to_have_text("Copied")
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
    expect(page.locator("#verdict")).to_have_text("That did not work")
    expect(page.locator("#no-preview")).to_be_visible()
    choose(page)
    wait_for(page, 4)
    expect(alert).to_be_hidden()


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
    expect(page.locator("#intake-error")).to_contain_text("21 MB: at most 20 MB")


def test_phone(phone: Page) -> None:
    """On a phone nothing reaches over the edge, and the answer is below the picture."""
    choose(phone)
    wait_for(phone, 4)
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
              .filter((e) => e.checkVisibility())
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


def test_sample_pictures_can_be_read() -> None:
    """The samples of the start page are pictures that the service reads."""
    from PIL import Image

    folder = Path(__file__).parent.parent / "api" / "static" / "samples"
    for file in sorted(folder.iterdir()):
        assert Image.open(io.BytesIO(file.read_bytes())).size == (960, 600)
