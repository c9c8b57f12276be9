"""End to end: the shipped encoder and catalogue behind a real server, asked by Chromium's pictures.

The queries are drawn by another rasteriser than the one that trained the encoder.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates
from PIL import Image

from encoder.browser import Chromium
from scripts import smoke
from tests.ports import free_port

pytestmark = pytest.mark.slow
TOKEN = "end-to-end-token-0123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `python -m scripts.serve` over a fresh data folder."""
    with _serving(tmp_path_factory.mktemp("e2e")) as address:
        yield address


@contextmanager
def _serving(data: Path, **settings: str) -> Iterator[str]:
    port = free_port()
    given = {"FONTKIN_DATA": str(data), "FONTKIN_API_TOKEN": TOKEN, **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.serve", "--port", str(port)],
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def wavy(sans_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font that nobody has seen: Cantarell with its outlines bent into waves."""
    font = TTFont(sans_path)
    font.flavor = None
    for name in font.getGlyphOrder():
        glyph = font["glyf"][name]
        if glyph.numberOfContours > 0:
            bent = [_bent(x, y) for x, y in glyph.coordinates]
            glyph.coordinates = GlyphCoordinates(bent)
            glyph.recalcBounds(font["glyf"])
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            font["name"].setName("Wavy Nobody", record.nameID, 3, 1, 0x409)
    path = tmp_path_factory.mktemp("own") / "wavy.ttf"
    font.save(path)
    return path


def _bent(x: int, y: int) -> tuple[int, int]:
    return round(x + 70 * math.sin(y / 90)), round(y + 40 * math.sin(x / 60))


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.2)
    raise TimeoutError(f"{address} did not become ready in a minute")


def _drawn(path: Path, text: str) -> bytes:
    with Chromium() as chromium:
        (picture,) = chromium.draw_lines(path, [text], 64)
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    return data.getvalue()


def _call(
    request: urllib.request.Request | str, token: str | None = None
) -> tuple[int, dict[str, object]]:
    if isinstance(request, str):
        request = urllib.request.Request(request)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else {}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def _search(server: str, picture: bytes, token: str | None = None) -> list[set[str]]:
    """The ids of each row, its twins among them."""
    request = urllib.request.Request(
        f"{server}/v1/search?k=5", picture, {"Content-Type": "image/png"}
    )
    status, answer = _call(request, token)
    assert status == 200
    return [{m["family"]["id"], *(t["id"] for t in m["twins"])} for m in answer["matches"]]  # type: ignore


def _upload(server: str, path: Path, token: str) -> tuple[int, dict[str, object]]:
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="w.ttf"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    content = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return _call(urllib.request.Request(f"{server}/v1/fonts", body, content), token)


@pytest.mark.parametrize(
    ("family", "text"),
    [("lora", "Hamburgefons"), ("abril-fatface", "Quiet Jazz"), ("courier-prime", "Typewriter")],
)
def test_a_word_drawn_by_the_browser_is_found(
    server: str, fonts_dir: Path, family: str, text: str
) -> None:
    """Three clean words: the right family is among the five rows."""
    rows = _search(server, _drawn(fonts_dir / family / f"{family}-latin-400-normal.woff2", text))
    assert len(rows) == 5
    assert family in set().union(*rows)


def test_a_font_never_seen_is_found_once_added(server: str, wavy: Path) -> None:
    """Not in the answer before, first after adding it without retraining, gone when removed."""
    picture = _drawn(wavy, "Unusual Wave")
    assert "wavy-nobody" not in set().union(*_search(server, picture))
    status, added = _upload(server, wavy, TOKEN)
    assert status == 201, added
    assert "wavy-nobody" in _search(server, picture, TOKEN)[0]
    assert "wavy-nobody" not in set().union(*_search(server, picture))  # it is nobody else's
    assert _call(f"{server}/v1/families/wavy-nobody")[0] == 404
    assert _upload(server, wavy, TOKEN)[0] == 409
    publish = urllib.request.Request(
        f"{server}/v1/families/wavy-nobody",
        b'{"public": true}',
        {"Content-Type": "application/json"},
        method="PATCH",
    )
    assert _call(publish, TOKEN)[0] == 200
    assert "wavy-nobody" in _search(server, picture)[0]
    assert _call(f"{server}/v1/families/wavy-nobody")[0] == 200
    remove = urllib.request.Request(f"{server}/v1/families/wavy-nobody", method="DELETE")
    assert _call(remove, TOKEN)[0] in (200, 204)
    assert "wavy-nobody" not in set().union(*_search(server, picture))


def test_without_the_token_nothing_is_added(server: str, wavy: Path) -> None:
    """A wrong token is refused before the file is looked at."""
    assert _upload(server, wavy, "wrong-token-0123456789")[0] == 401


def test_the_server_never_loads_torch(server: str) -> None:
    """Serving imports nothing of the training packages, by the modules of a fresh process."""
    code = (
        "import sys, api.app, index.bootstrap, encoder.embed;"
        "print([m for m in ('torch', 'timm', 'matplotlib', 'wandb') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert found.strip() == "[]"


def test_the_smoke_test_is_content(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a deployment asks of a live server holds here."""
    assert smoke.smoke(smoke.parser().parse_args([server])) == 0
    assert "abril-fatface" in capsys.readouterr().out


def test_the_smoke_test_opens_a_closed_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the token all holds; without it 401 is said of all that needs one."""
    with _serving(tmp_path, FONTKIN_ANONYMOUS="0") as address:
        args = smoke.parser().parse_args([address, "--json"])
        codes, reports = [], []
        for token in (TOKEN, ""):
            monkeypatch.setenv("FONTKIN_TOKEN", token)
            codes.append(smoke.smoke(args))
            reports.append(json.loads(capsys.readouterr().out))
    assert codes == [0, 1]
    says = {check["check"]: check["says"] for check in reports[1]["checks"] if not check["ok"]}
    assert set(says) == {"families", "search", "problem"}
    assert all("is 401" in text and "Authorization" in text for text in says.values())
