"""Bad requests by number (docs/bad-inputs.md): over the real catalogue, and in earnest together.

What one kind of request alone does wrong stands with its own tests; the table in the docs says
where.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from index.bootstrap import open_catalog
from tests import bad_fonts as bad
from tests.api_fake import AUTHORIZED, LARGE_FORMS, check_problem, picture
from tests.api_fixtures import Service
from tests.fake_embedder import FakeEmbedder

pytestmark = LARGE_FORMS


FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
BODIES: dict[str, tuple[str, bytes, str, int, str]] = {
    "74-no-body": ("/v1/search", b"", "image/png", 400, "empty"),
    "74-no-parts": ("/v1/search", b"--x--\r\n", FORM, 400, "missing-picture"),
    "74-no-boundary": ("/v1/search", PART, "multipart/form-data", 400, "missing-picture"),
    "74-unclosed": ("/v1/search", PART + b"junk", FORM, 400, "missing-picture"),
    "74-no-body-fonts": ("/v1/fonts", b"", "font/ttf", 400, "missing-file"),
    "76-json": ("/v1/search", b'{"k": NaN}', "application/json", 415, "unsupported-format"),
    "76-not-utf-8": ("/v1/search", b'{"\xff": 1}', "application/json", 415, "unsupported-format"),
    "76-bom": ("/v1/search", b"\xef\xbb\xbf{}", "application/json", 415, "unsupported-format"),
    "76-deep": ("/v1/search", b"[" * 100_000, "application/json", 415, "unsupported-format"),
    "76-long": ("/v1/search", b'"' + b"x" * 10**7, "application/json", 415, "unsupported-format"),
    "76-fonts": ("/v1/fonts", b"[" * 100_000, "application/json", 400, "missing-file"),
}


@pytest.mark.parametrize("case", BODIES)
def test_body(service: Service, case: str) -> None:
    """Bodies that are none, and JSON where none is read: a problem, at once."""
    path, body, kind, status, slug = BODIES[case]
    started = time.monotonic()
    answer = service.client.post(path, data=body, content_type=kind, headers=AUTHORIZED)
    check_problem(answer, status, slug)
    assert time.monotonic() - started < 5 and len(answer.data) < 2000


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "\u00fc", "e30=", "W10", "bnVsbA", "x" * 10_000, "WyJ6enoiXQ", "' OR 1=1 --"],
)
def test_78_cursor(service: Service, cursor: str) -> None:
    """A cursor that no page gave is refused, and not echoed at length."""
    answer = service.client.get("/v1/families", query_string={"cursor": cursor})
    check_problem(answer, 400, "invalid-parameter", "cursor")
    assert len(answer.data) < 1000


def test_78_a_cursor_of_another_version(service: Service, sans_path: Path) -> None:
    """A cursor that was given out before the catalogue changed goes on where it left off."""
    form = {"file": (io.BytesIO(bad.plain(sans_path, name="Deco")), "a.ttf")}
    service.client.post("/v1/fonts?public=true", data=form, headers=AUTHORIZED)
    ask = {"limit": 4}  # Abril Fatface, Cantarell, Courier Prime, Deco
    first = service.client.get("/v1/families", query_string=ask).get_json()
    assert first["items"][-1]["name"] == "Deco"
    assert service.client.delete("/v1/families/deco", headers=AUTHORIZED).status_code == 204
    ask["cursor"] = first["next_cursor"]
    rest = service.client.get("/v1/families", query_string=ask).get_json()
    assert [family["name"] for family in rest["items"]] == ["Lora"]
    assert (rest["next_cursor"], rest["total"]) == (None, 4)


def test_78_a_page_past_the_end(service: Service) -> None:
    """The cursor of a page stays good: after the last family comes an empty page's end."""
    first = service.client.get("/v1/families?limit=3").get_json()
    last = service.client.get(
        "/v1/families", query_string={"limit": 3, "cursor": first["next_cursor"]}
    )
    assert (len(last.get_json()["items"]), last.get_json()["next_cursor"]) == (1, None)


PATHS: dict[str, tuple[str, str, int]] = {
    "81-dots": ("get", "/static/%2e%2e/%2e%2e/etc/passwd", 404),
    "81-dots-plain": ("get", "/static/../../../etc/passwd", 404),
    "81-nul": ("get", "/v1/families/%00", 404),
    "81-crlf": ("get", "/v1/families/a%0d%0aSet-Cookie:%20x=1", 404),
    "81-long": ("get", "/v1/families/" + "x" * 10_000, 400),
    "81-long-path": ("get", "/" + "x/" * 5000, 404),
    "81-wrong-method": ("put", "/v1/search", 405),
    "81-trace": ("trace", "/v1/search", 405),
    "81-not-utf-8": ("get", "/v1/families/%ff%fe", 404),
}


@pytest.mark.parametrize("case", PATHS)
def test_path(service: Service, case: str) -> None:
    """Nothing outside is read, nothing is echoed into a header, no error is ours."""
    method, path, status = PATHS[case]
    answer = getattr(service.client, method)(path)
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/problem+json"
    assert "Set-Cookie" not in answer.headers and b"root:" not in answer.data
    assert len(answer.data) < 2000


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/admin"},
    ],
)
def test_81_spoofed_headers(service: Service, headers: dict[str, str]) -> None:
    """Addresses in answers are relative: a forged host is nowhere in them."""
    for path in ("/v1/families/lora", "/", "/openapi.json", "/nowhere"):
        answer = service.client.get(path, headers=headers)
        assert b"evil.example" not in answer.data
        assert "evil.example" not in str(answer.headers)


def test_81_conditions(service: Service) -> None:
    """HEAD, OPTIONS, Range, If-None-Match and Accept are answered as HTTP says."""
    client, path = service.client, "/v1/faces/lora-400-normal/preview.png?text=Hello"
    whole = client.get(path)
    assert (client.head(path).status_code, client.head(path).data) == (200, b"")
    assert client.options("/v1/search").headers["Allow"].count("POST") == 1
    assert client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    for header in ("bytes=0-9", "bytes=9-0", "bytes=999999999-", "junk"):
        assert client.get(path, headers={"Range": header}).status_code in (200, 206, 416)
    accepted = client.get("/v1/families/lora", headers={"Accept": "text/html;q=0.1"})
    assert accepted.mimetype == "application/json"


def test_81_the_id_of_a_deleted_font(service: Service, sans_path: Path) -> None:
    """After its removal a family is a 404 everywhere, its face too, and is not found."""
    form = {"file": (io.BytesIO(bad.plain(sans_path, name="Short Lived")), "a.ttf")}
    answer = service.client.post("/v1/fonts", data=form, headers=AUTHORIZED)
    (added,) = answer.get_json()["added"]
    family, face = added["family"]["id"], added["faces"][0]["id"]
    path = f"/v1/families/{family}"
    assert service.client.get(path, headers=AUTHORIZED).status_code == 200
    assert service.client.delete(path, headers=AUTHORIZED).status_code == 204
    check_problem(service.client.get(path, headers=AUTHORIZED), 404, "unknown-family")
    check_problem(service.client.get(f"{path}/similar", headers=AUTHORIZED), 404, "unknown-family")
    preview = service.client.get(f"/v1/faces/{face}/preview.png", headers=AUTHORIZED)
    check_problem(preview, 404, "unknown-face")
    check_problem(service.client.delete(path, headers=AUTHORIZED), 404, "unknown-family")


@pytest.mark.slow
def test_82_clients_that_add_and_delete_the_same_font(service: Service, sans_path: Path) -> None:
    """Fifty clients, and a rebuild among them: honest answers only, and a whole catalogue.

    Ten threads make five turns each: every turn adds the same font, searches and deletes it.
    """
    font = bad.plain(sans_path, name="Contested")
    seen: list[int] = []

    def visit() -> None:
        client = service.app.test_client()
        for _ in range(5):
            seen.append(_add(client, font).status_code)
            answer = client.post("/v1/search", data=picture(), headers=AUTHORIZED)
            assert answer.status_code == 200, answer.data
            answer = client.delete("/v1/families/contested", headers=AUTHORIZED)
            seen.append(answer.status_code)

    with ThreadPoolExecutor(10) as pool:
        visits = [pool.submit(visit) for _ in range(10)]
        service.catalog.rebuild_from_vectors()
        for done in visits:
            done.result()
    # Added, deleted; there already, gone already; too many changes at once to get a word in.
    assert set(seen) <= {201, 204, 404, 409, 503} and {201, 204} <= set(seen)
    service.client.delete("/v1/families/contested", headers=AUTHORIZED)
    service.catalog.ping()
    assert _add(service.client, font).status_code == 201
    assert service.client.delete("/v1/families/contested", headers=AUTHORIZED).status_code == 204
    names = {f.id for f in service.catalog.families(limit=200).items}
    assert names == {"abril-fatface", "cantarell", "courier-prime", "lora"}
    assert list((service.settings.data / "own").iterdir()) == []


def _add(client: FlaskClient, font: bytes) -> Any:
    form = {"file": (io.BytesIO(font), "contested.ttf")}
    return client.post("/v1/fonts", data=form, headers=AUTHORIZED)


_ADDER = """
import sys
from pathlib import Path
from index.bootstrap import open_catalog
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder
data = Path(sys.argv[1])
catalog = open_catalog(Settings(data=data, prebuilt=data / "none"), embedder=FakeEmbedder())
print("ready", flush=True)
catalog.add_fonts([Path(sys.argv[2])])
print("added", flush=True)
"""


@pytest.mark.slow
def test_82_killed_while_adding(service: Service, sans_path: Path, tmp_path: Path) -> None:
    """Kill -9 at several moments of an addition: all of the font is there, or nothing.

    A child of the jail does not outlive its parent.
    """
    font = tmp_path / "font.ttf"
    font.write_bytes(bad.plain(sans_path, name="Killed"))
    data = service.settings.data
    for delay in (0.05, 0.4, 0.9, 1.4):
        process = subprocess.Popen(
            [sys.executable, "-c", _ADDER, os.fspath(data), os.fspath(font)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        acknowledged = process.stdout.read() == b"added\n"
        process.stdout.close()
        process.wait()
        with closing(open_catalog(service.settings, embedder=FakeEmbedder())) as catalog:
            catalog.ping()
            there = "killed" in {f.id for f in catalog.families(limit=200).items}
            assert there or not acknowledged
            if there:
                assert catalog.preview("killed-400-normal", "abc").mimetype == "image/png"
                catalog.remove_family("killed")
            assert list((data / "own").iterdir()) == []
    assert not _jails(data)


def _jails(data: Path) -> list[str]:
    """Command lines of children that were given a folder of this data; none after a while."""
    deadline = time.monotonic() + 10
    while True:
        lines = [_command_line(path) for path in Path("/proc").glob("[0-9]*")]
        found = [line for line in lines if "index.jailed" in line and os.fspath(data) in line]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


DOCS = Path(__file__).parent.parent / "docs" / "bad-inputs.md"


@pytest.mark.slow
def test_every_number_has_a_test() -> None:
    """`-k NN-` finds something for each of the 82, and the docs name no test that is not there."""
    pages = sorted(set(re.findall(r"`(test_\w+\.py)", DOCS.read_text())))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-o", "addopts=-q"]
    done = subprocess.run(
        [*command, *(f"tests/{page}" for page in pages)],
        cwd=DOCS.parent.parent,
        capture_output=True,
        text=True,
    )
    names = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    found = {number for name in names for number in re.findall(r"\btest_(\d\d)_|\[(\d\d)-", name)}
    assert {int(a or b) for a, b in found} == set(range(1, 83))
    for named in re.findall(r"`(?:test_\w+\.py)?::(test_\w+)(\*?)`", DOCS.read_text()):
        assert any(name.startswith(named[0]) for name in names), named
