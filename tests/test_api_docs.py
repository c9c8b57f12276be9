"""The docs page: what it says of each call is so, its lines run, its forms send."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from api.apidoc import Call, calls, curl, python
from api.docs import code
from encoder.browser import available
from tests.api_fake import TOKEN, FakeCatalog, make_client, picture

VALUES = {
    "listFamilies": {"q": "slab & co", "limit": "7", "source": "google"},
    "search": {"k": "3", "proof": "false", "text": 'Ha\'m "b" $HOME'},
    "getFamily": {"id": "roboto-slab"},
    "similarFamilies": {"id": "roboto-slab", "k": "2"},
    "previewFace": {"id": "space-mono-400", "text": "é ü"},
    "changeFamily": {"id": "space-mono", "name": "It's new"},
    "removeFamily": {"id": "space-mono"},
}


@pytest.fixture
def catalog() -> FakeCatalog:
    made = FakeCatalog()
    made.members["space-mono"] = replace(made.members["space-mono"], source="own")
    return made


@pytest.fixture
def described(catalog: FakeCatalog, tmp_path: Path) -> list[Call]:
    return calls(make_client(catalog, tmp_path).get("/openapi.json").json)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with the files that the lines send."""
    (tmp_path / "picture.png").write_bytes(picture())
    (tmp_path / "MyFont.ttf").write_bytes(b"font Mine")
    return tmp_path


def run(command: list[str], here: Path) -> str:
    environment = {**os.environ, "FONTKIN_API_TOKEN": TOKEN}
    done = subprocess.run(
        command, cwd=here, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_run(
    described: list[Call], catalog: FakeCatalog, address: str, here: Path
) -> None:
    """For a shell and for Python: every call is answered well, and gets the values as typed."""
    for call in [c for c in described if c.id in ("search", "listFamilies", "changeFamily")]:
        values = VALUES[call.id]
        for line in (
            ["sh", "-c", curl(call, address, values).replace("curl", "curl -sS --fail", 1)],
            [sys.executable, "-c", python(call, address, values)],
        ):
            if line[0] == "sh" and not shutil.which("curl"):
                continue
            catalog.calls = {}
            run(line, here)
            if call.id == "search":
                assert (catalog.calls["k"], catalog.calls["proof"]) == (3, False)
                assert catalog.calls["text"] == VALUES["search"]["text"]
            if call.id == "listFamilies":
                assert catalog.calls["limit"] == 7
                assert catalog.calls["filters"].source == {"google"}
            if call.id == "changeFamily":
                assert catalog.members["space-mono"].name == "It's new"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_every_call_has_lines_that_run(
    described: list[Call], catalog: FakeCatalog, address: str, here: Path
) -> None:
    """No call of the description is without lines; what they write lies there."""
    order = {"addFonts": 1, "removeFamily": 2}
    for call in sorted(described, key=lambda c: order.get(c.id, 0)):
        values = VALUES.get(call.id, {})
        line = curl(call, address, values).replace("curl", "curl -sS --fail", 1)
        run(["sh", "-c", line], here)
    assert (here / "preview.png").read_bytes().startswith(b"\x89PNG")
    assert "font-mine" in catalog.members and "space-mono" not in catalog.members


def test_what_a_call_is(described: list[Call]) -> None:
    """Parameters with their kind, range, choices and default, the body, and the token."""
    by_id = {call.id: call for call in described}
    assert by_id["addFonts"].token and not by_id["search"].token
    assert (by_id["addFonts"].upload, by_id["addFonts"].several) == ("file", True)
    change = by_id["changeFamily"]
    assert (change.body_kind, change.upload, change.least) == ("json", "", 1)
    assert [(p.name, p.where, p.kind, p.needed) for p in change.parameters] == [
        ("id", "path", "string", True),
        ("name", "body", "string", False),
        ("public", "body", "boolean", False),
    ]
    assert by_id["previewFace"].picture
    found = {p.name: p for p in by_id["search"].parameters}
    k = found["k"]
    assert (k.kind, k.low, k.high, k.default) == ("integer", 1, 50, "5")
    assert found["source"].options == ("google", "own")
    assert (found["proof"].options, found["proof"].default) == (("true", "false"), "true")
    assert "<br" not in by_id["listFamilies"].description


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ({"public": "true"}, {"public": True}),
        ({"public": "false", "name": "Ä 'b'"}, {"name": "Ä 'b'", "public": False}),
        ({"name": "true", "public": ""}, {"name": "true"}),
        ({"public": "maybe", "name": "A"}, {"name": "A"}),
        ({}, {"name": "New Name"}),
    ],
)
def test_the_lines_send_what_is_filled_in(
    described: list[Call], typed: dict[str, str], sent: dict[str, object]
) -> None:
    """The JSON in both lines: values of their own kind, and none for an empty field.

    An empty form cannot be sent: its lines show an example."""
    (change,) = (call for call in described if call.id == "changeFamily")
    shell = shlex.split(curl(change, "http://a", typed))
    assert json.loads(shell[shell.index("-d") + 1]) == sent
    (line,) = re.findall(r"    json=(.+),\n", python(change, "http://a", typed))
    assert ast.literal_eval(line) == sent


def test_code_in_a_description() -> None:
    """Backticks are code, everything else is only text."""
    assert code("`a<b` and <i>") == "<code>a&lt;b</code> and &lt;i&gt;"
    assert code("an odd ` one") == "an odd <code> one</code>"


def test_the_address_fills_a_form(catalog: FakeCatalog, tmp_path: Path) -> None:
    """What the address says stands in the form and in the lines of that call alone."""
    client = make_client(catalog, tmp_path)
    html = client.get("/docs?call=listFamilies&q=%22play%22").text
    assert html.count('value="&#34;play&#34;"') == 1
    assert "families?q=%22play%22" in html
    assert "Token, for the calls that change something" in html
    closed = make_client(catalog, tmp_path, anonymous=False).get("/docs").text
    assert "Token, for every call" in closed
    assert html.count('class="call below"') == len(calls(client.get("/openapi.json").json))


if available():
    from playwright.sync_api import Page, expect

    def test_a_form_is_sent(page: Page, catalog: FakeCatalog) -> None:
        """The lines follow the form; sending shows status and answer, all from this server."""
        outside: list[str] = []
        page.on("request", lambda r: outside.append(r.url) if "127.0.0.1" not in r.url else None)
        page.goto("/docs")
        call = page.locator("#listFamilies")
        call.locator("[name=q]").fill("slab")
        expect(call.locator(".code code").first).to_contain_text("families?q=slab")
        expect(page).to_have_url(re.compile("call=listFamilies&q=slab#listFamilies$"))
        call.get_by_role("button", name="Send").click()
        status = call.get_by_role("status")
        expect(status).to_contain_text("200 OK")
        expect(status).not_to_contain_text("Roboto")  # nobody has a long answer read out
        expect(call.locator(".reply code")).to_contain_text('"name": "Roboto Slab"')
        assert outside == []

    def test_files_tokens_and_pictures(page: Page, catalog: FakeCatalog) -> None:
        """A picture is searched, a wrong token is told in the server's words, a preview shown."""
        page.goto("/docs")
        search = page.locator("#search")
        file = {"name": "a.png", "mimeType": "image/png", "buffer": picture()}
        search.locator("[name=image]").set_input_files([file])  # type: ignore[list-item]
        search.get_by_role("button", name="Send").click()
        expect(search.locator(".reply code")).to_contain_text("Playfair Display")
        removal = page.locator("#removeFamily")
        removal.locator("[name=id]").fill("space-mono")
        removal.get_by_role("button", name="Send").click()
        removal.get_by_role("button", name="Really delete").click()
        expect(removal.locator(".reply")).to_contain_text("401")
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Tab")
        removal.get_by_role("button", name="Send").click()
        removal.get_by_role("button", name="Really delete").click()
        expect(removal.locator(".reply")).to_contain_text("204")
        assert "space-mono" not in catalog.members
        preview = page.locator("#previewFace")
        preview.locator("[name=id]").fill("roboto-slab-400")
        preview.get_by_role("button", name="Send").click()
        shown = preview.locator(".reply img")
        assert shown.evaluate("i => i.decode().then(() => i.naturalWidth)") == 600

    def test_every_value_of_a_body_is_offered(page: Page, catalog: FakeCatalog) -> None:
        """A switch alone is sent alone, as the lines show it; a form without any value is not."""
        bodies: list[str | None] = []
        page.on("request", lambda r: bodies.append(r.post_data) if r.method == "PATCH" else None)
        page.goto("/docs")
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Enter")
        change = page.locator("#changeFamily")
        change.get_by_label("id needed").fill("space-mono")
        name = change.get_by_label("name", exact=True)
        change.get_by_role("button", name="Send").click()
        assert name.evaluate("e => e.validationMessage") == "Fill in 1 of these: name, public"
        expect(name).to_be_focused()
        change.get_by_label("public").select_option("true")
        lines = change.locator(".code code")
        expect(lines.first).to_contain_text("""-d '{"public": true}'""")
        expect(lines.last).to_contain_text("json={'public': True},")
        change.get_by_role("button", name="Send").click()
        expect(change.get_by_role("status")).to_contain_text("200 OK")
        assert bodies == ['{"public":true}'] and catalog.members["space-mono"].public
        name.fill("Its Name")
        change.get_by_label("public").select_option("false")
        change.get_by_role("button", name="Send").click()
        expect(change.locator(".reply code")).to_contain_text('"name": "Its Name"')
        assert bodies[1] == '{"name":"Its Name","public":false}'

    def test_a_token_is_kept_with_a_word(page: Page) -> None:
        """Enter keeps what the field holds, or forgets it, and a status says which."""
        page.goto("/docs")
        said = page.locator("#token-form").get_by_role("status")
        expect(said).to_be_empty()
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Enter")
        expect(said).to_have_text("The token is kept.")
        page.reload()
        expect(page.locator("#token")).to_have_value(TOKEN)
        expect(said).to_be_empty()
        page.locator("#token").press("Enter")  # the field has not changed
        expect(said).to_have_text("The token is kept.")
        page.locator("#token").fill(" ")
        page.locator("#token").press("Enter")
        expect(said).to_have_text("No token is kept.")
        page.reload()
        expect(page.locator("#token")).to_have_value("")

    def test_deleting_asks_first(page: Page, catalog: FakeCatalog) -> None:
        """Once asked it names what goes; leaving takes it back; the same button again sends."""
        sent: list[str] = []
        page.on("request", lambda r: sent.append(r.url) if r.method == "DELETE" else None)
        page.goto("/docs")
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Enter")
        removal = page.locator("#removeFamily")
        name = removal.locator("[name=id]")
        name.fill("space-mono")
        name.press("Enter")
        asks = removal.get_by_role("button", name="Really delete /v1/families/space-mono?")
        expect(asks).to_be_focused()  # so that it is read out
        expect(asks).to_have_text("Really delete?")
        name.focus()
        expect(asks).to_have_count(0)
        removal.get_by_role("button", name="Send").click()
        assert sent == [] and "space-mono" in catalog.members
        asks.press("Enter")
        expect(removal.locator(".reply")).to_contain_text("204")
        expect(removal.get_by_role("button", name="Send")).to_be_visible()
        assert len(sent) == 1 and "space-mono" not in catalog.members

    def test_a_wrong_value_is_shown(page: Page) -> None:
        """A folded field that keeps a form from being sent is unfolded, and has the keyboard."""
        page.goto("/docs")
        call = page.locator("#similarFamilies")
        fold = call.locator("summary")
        fold.press("Enter")
        call.locator("[name=k]").fill("99")
        fold.press("Enter")
        expect(call.locator("[name=k]")).to_be_hidden()
        call.get_by_role("button", name="Send").press("Enter")
        expect(call.locator("[name=k]")).to_be_focused()
