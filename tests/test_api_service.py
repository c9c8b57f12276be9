"""What belongs to every answer, and the calls for whoever runs the service."""

from __future__ import annotations

import gc
import json
import logging
import re
import threading
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from api.app import create_app
from api.observe import JsonFormatter
from api.problems import KINDS
from index.errors import BusyError, PartError, UnavailableError
from index.settings import Settings
from tests.api_fake import FakeCatalog, check_problem, make_client, picture


def test_health(client: FlaskClient, fake: FakeCatalog) -> None:
    """The process is well as long as it answers; it is ready when its parts answer too."""
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}
    fake.fails = PartError("index", OSError("disk /dev/sda is full"))
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    check_problem(answer, 503, "not-ready", "the index does not answer")
    assert "sda" not in answer.text and answer.headers["Retry-After"] == "5"


def test_strangers_do_not_learn_what_stands_behind(client: FlaskClient, fake: FakeCatalog) -> None:
    """Neither the address of another server nor a folder of ours is in an answer."""
    for error, slug in (
        (UnavailableError("Milvus at http://10.0.0.7:19530 does not answer"), "not-ready"),
        (BusyError("another writer has held /srv/fontkin/.lock for over 10 s"), "busy"),
    ):
        fake.fails = error
        answer = client.post("/v1/search", data=picture())
        check_problem(answer, 503, slug, "")
        assert "10.0.0.7" not in answer.text and "/srv" not in answer.text
        assert answer.headers["Retry-After"] == "5"


def test_metrics(client: FlaskClient) -> None:
    """Requests by route and status, latency, verdicts and the catalogue's size are counted."""
    client.post("/v1/search", data=picture())
    client.post("/v1/search", data=b"")
    client.get("/v1/families/space-mono")
    client.get("/nix/1")
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    lines = answer.text.splitlines()
    for line in (
        'fontkin_requests_total{method="POST",route="/v1/search",status="200"} 1.0',
        'fontkin_requests_total{method="POST",route="/v1/search",status="400"} 1.0',
        'fontkin_requests_total{method="GET",route="/v1/families/<id>",status="200"} 1.0',
        'fontkin_requests_total{method="GET",route="(none)",status="404"} 1.0',
        'fontkin_request_seconds_count{route="/v1/search"} 2.0',
        'fontkin_verdicts_total{verdict="match"} 1.0',
        'fontkin_problems_total{problem="empty"} 1.0',
        'fontkin_problems_total{problem="not-found"} 1.0',
        'fontkin_search_step_seconds_count{step="vote"} 1.0',
        "fontkin_searches_running 0.0",
        "fontkin_searches_waiting 0.0",
        "fontkin_catalogue_families 4.0",
        "fontkin_catalogue_samples 32.0",
    ):
        assert line in lines


def test_apps_do_not_share_metrics(client: FlaskClient, tmp_path: Path) -> None:
    """Every app counts for itself."""
    client.get("/healthz")
    other = make_client(FakeCatalog(), tmp_path)
    assert 'route="/healthz"' not in other.get("/metrics").text


@pytest.mark.parametrize("path", ["/", "/v1/families", "/nix", "/metrics", "/static/style.css"])
def test_security_headers(client: FlaskClient, path: str) -> None:
    """Every answer forbids scripts from elsewhere, guessing of types, and framing."""
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "unsafe" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_request_id(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A good id of the client is kept, a bad one replaced; it is in the log, the query is not."""
    with caplog.at_level(logging.INFO, "fontkin.api"):
        answer = client.get("/v1/families?q=secret", headers={"X-Request-ID": "my-1.2_3"})
    assert answer.headers["X-Request-ID"] == "my-1.2_3"
    line = json.loads(JsonFormatter().format(caplog.records[-1]))
    ms = line.pop("ms")
    assert 0 <= ms < 10_000 and line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "fontkin.api",
        "message": "request",
        "method": "GET",
        "path": "/v1/families",
        "status": 200,
        "request_id": "my-1.2_3",
    }
    for bad in ("x" * 65, "a b", "<script>"):
        given = client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_no_line_is_forged_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A path with line ends stays on its line."""
    with caplog.at_level(logging.INFO, "fontkin.api"):
        client.get("/v1/families/a%0d%0aGET%20/forged")
    written = JsonFormatter().format(caplog.records[-1])
    assert "\n" not in written
    assert json.loads(written)["path"] == "/v1/families/a\r\nGET /forged"


def test_unknown_address(client: FlaskClient) -> None:
    """A program reads a problem, a person a page."""
    check_problem(client.get("/nix"), 404, "not-found", "/docs")
    page = client.get("/nix", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is nothing at this address" in page.text
    api = client.get("/v1/nix", headers={"Accept": "text/html"})
    check_problem(api, 404, "not-found")


def test_wrong_method(client: FlaskClient) -> None:
    """A wrong method is 405 and says which are right."""
    answer = client.get("/v1/search")
    check_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert client.head("/").status_code == 200
    assert client.options("/v1/search").status_code == 200


def test_openapi(client: FlaskClient) -> None:
    """The description is OpenAPI 3.1 and has every call with its answers."""
    spec = client.get("/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    calls = {(path, method) for path, item in spec["paths"].items() for method in item}
    assert calls == {
        ("/v1/search", "post"),
        ("/v1/search/batch", "post"),
        ("/v1/families", "get"),
        ("/v1/families/{id}", "get"),
        ("/v1/families/{id}", "delete"),
        ("/v1/families/{id}", "patch"),
        ("/v1/token", "get"),
        ("/v1/map", "get"),
        ("/v1/families/{id}/similar", "get"),
        ("/v1/fonts", "post"),
        ("/v1/faces/{id}/preview.png", "get"),
    }
    post = spec["paths"]["/v1/search"]["post"]
    assert set(post["requestBody"]["content"]) == {"multipart/form-data", "image/*"}
    assert set(post["responses"]) == set(
        ["200", "400", "401", "403", "408", "413", "415", "422", "429", "503"]
    )
    assert {p["name"] for p in post["parameters"]} == {
        "k",
        "crop",
        "category",
        "license",
        "source",
        "script",
        "weight",
        "text",
        "proof",
        "differences",
    }
    for path, method in calls:
        for response in spec["paths"][path][method]["responses"].values():
            for content in response.get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                assert not name or name in spec["components"]["schemas"]
    writing = spec["paths"]["/v1/families/{id}"]["delete"]
    assert writing["security"] == [{"token": []}]


def test_docs_work_without_a_network(client: FlaskClient) -> None:
    """The docs page names nothing outside this server, and what it names is there."""
    html = client.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"#][^"]*)"', html)
    assert len(files) > 10
    for file in files:
        assert file.startswith("/")
        assert client.get(file).status_code == 200


@pytest.mark.parametrize("path", ["/", "/fonts", "/browse", "/problems"])
def test_pages_name_only_files_that_are_there(client: FlaskClient, path: str) -> None:
    """Every file of a page comes from this server, as does every module that one imports."""
    html = client.get(path).text
    files = re.findall(r'(?:src|href|data-sample)="(/static[^"]+)"', html)
    assert files
    modules = [file for file in files if file.endswith(".js")]
    for module in modules:
        text = client.get(module).text
        beside = module.rsplit("/", 1)[0]
        files += [f"{beside}/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)]
    assert {client.get(file).status_code for file in files} == {200}
    assert "http" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', html))


def test_problems_page_lists_every_kind(client: FlaskClient) -> None:
    """The `type` of every problem leads to its line on the page."""
    html = client.get("/problems").text
    for slug, kind in KINDS.items():
        assert f'id="{slug}"' in html
        assert escape(kind.title) in html


def test_what_the_start_leaves_is_not_looked_through_again(tmp_path: Path) -> None:
    """Once a service is warm, its garbage collector is spared what it will keep anyway."""
    catalog, warmed, before = FakeCatalog(), threading.Event(), gc.get_freeze_count()
    catalog.warm_up = warmed.set  # type: ignore[attr-defined]
    try:
        create_app(Settings(data=tmp_path), catalog=catalog, warm=True)
        until = time.monotonic() + 20
        while gc.get_freeze_count() == before and time.monotonic() < until:
            time.sleep(0.02)
        assert gc.get_freeze_count() > before + 10_000
        assert warmed.is_set()
    finally:
        gc.unfreeze()
