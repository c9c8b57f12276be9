"""The load test itself: what fails is told, an honest refusal is none."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from api.observe import JsonFormatter
from scripts import serve
from tests import load_client
from tests.load import load, logged_errors
from tests.load_failures import MOST, Recorder, read_failures, told

PROBLEM = {"type": "/problems#internal-error", "title": "Something went wrong"}


class Failing(BaseHTTPRequestHandler):
    """Answers the first calls badly, each in its own way, and hangs up on the fourth."""

    protocol_version = "HTTP/1.1"
    calls = iter(())
    clients: list[tuple[str, int]] = []

    def do_GET(self) -> None:
        self.clients.append(self.client_address)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        how = next(self.calls, "well")
        if how == "hung up":
            self.close_connection = True
        elif how == "problem":
            self._answer(500, "application/problem+json", json.dumps(PROBLEM))
        elif how == "bare":
            self._answer(503, "text/plain", "no")
        elif how == "honest":
            self._answer(503, "text/plain", "no", {"Retry-After": "5"})
        else:
            self._answer(200, "application/json", "{}")

    do_POST = do_GET  # noqa: N815

    def _answer(
        self, status: int, kind: str, text: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(text)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def failing() -> Iterator[int]:
    """The port of a service with which much is wrong."""
    Failing.calls = iter(("problem", "bare", "honest", "hung up"))
    Failing.clients = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_what_failed_is_told(failing: int, tmp_path: Path) -> None:
    """With status and problem, or the exception, and the time; four people ask once each."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"picture")
    result = load(failing, tmp_path, 3 / 60, 4, os.getpid())
    found = {(each["status"], each["problem"]): each for each in result["failed"]}
    assert set(found) == {(500, PROBLEM["type"]), (503, None), (None, None)}
    assert found[None, None]["error"].startswith("RemoteDisconnected: Remote end closed connection")
    assert found[503, None]["error"].startswith("HTTPError: 503 Server Error")
    assert result["calls"][-1]["failures"] == 3
    lines = told(result["failed"], 3)
    assert len(lines) == 3
    assert any("500, /problems#internal-error (HTTPError: 500" in line for line in lines)
    assert any("no answer (RemoteDisconnected" in line for line in lines)
    assert all(each["began"] in line for each, line in zip(result["failed"], lines, strict=True))


def test_failures_are_bounded(tmp_path: Path) -> None:
    """In number and in length; how many more there were is told; a good call is none."""
    target = tmp_path / "failures"
    recorder, call = Recorder(target), {"request_type": "GET", "name": "/a", "response": None}
    recorder.request(**call, start_time=0.0, exception=None)
    assert read_failures(target) == []
    recorder.user_error(KeyError("added"))
    for number in range(MOST + 7):
        recorder.request(**call, start_time=float(number), exception=ValueError("x" * 1000))
    kept = read_failures(target)
    assert len(kept) == MOST
    assert (kept[0]["call"], kept[0]["error"]) == ("the client", "KeyError: 'added'")
    assert kept[2]["began"] == "1970-01-01T00:00:01.000+00:00" and len(kept[2]["error"]) == 300
    assert told(kept, MOST + 8)[-1] == "failed: 8 more"
    assert len(told(kept, MOST)) == MOST


def test_an_idle_connection_is_opened_anew(failing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the service closes it: then nobody can tell whether a call came through."""
    command = serve.gunicorn_command(serve.parse_arguments([]))
    kept = float(command[command.index("--keep-alive") + 1])
    assert kept - 10 >= load_client.IDLE_SECONDS
    with requests.Session() as session:
        load_client.give_up_idle(session)
        for seconds in (kept, kept, 0.0):
            monkeypatch.setattr(load_client, "IDLE_SECONDS", seconds)
            session.get(f"http://127.0.0.1:{failing}/")
    first, second, third = Failing.clients
    assert first == second != third


def test_what_the_service_logged_of_an_error_is_told(tmp_path: Path) -> None:
    """Written by the service's own formatter, between lines of other kinds."""
    records = [
        logging.LogRecord("fontkin.api", level, "", 0, message, None, None)
        for level, message in ((logging.INFO, "GET /"), (logging.ERROR, "request failed"))
    ]
    path = tmp_path / "service.log"
    path.write_text("".join(JsonFormatter().format(r) + "\n" for r in records) + "no JSON\n")
    (line,) = logged_errors(path)
    assert json.loads(line)["message"] == "request failed"
