"""The smoke test against services that are not well; the well one is in test_e2e."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scripts import smoke
from scripts.service import ProbeError, Service
from scripts.waiting import wait_until_ready

ROOT = Path(__file__).resolve().parent.parent


class Imposter(BaseHTTPRequestHandler):
    """Says that it is ready and well, and finds Inter in every picture."""

    tokens: list[tuple[str, str | None]] = []

    def do_GET(self) -> None:
        """JSON for everything; `/elsewhere` leads to another host."""
        Imposter.tokens.append((self.path, self.headers["Authorization"]))
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/there")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        found = {"family": {"id": "inter", "name": "Inter"}}
        answer = {"status": "ok", "verdict": "match", "matches": [found], "items": [], "title": "x"}
        body = json.dumps(answer).encode()
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def imposter() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Imposter)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_wrong_answer_is_seen(imposter: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A service that answers, but wrongly, fails by name; what it does right is still right."""
    args = smoke.parser().parse_args([imposter, "--json"])
    assert smoke.smoke(args) == 1
    report = json.loads(capsys.readouterr().out)
    states = {check["check"]: check["ok"] for check in report["checks"]}
    assert states == {
        **{"health": True, "page": False, "families": False},
        **{"search": False, "problem": False, "closed": False},
    }
    says = next(check["says"] for check in report["checks"] if check["check"] == "search")
    assert "abril-fatface" in says and "inter" in says


def test_nobody_there_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """It says at once for what it waits, and after the wait with what it gives up."""
    args = smoke.parser().parse_args(["http://127.0.0.1:9", "--wait", "0.1", "--json"])
    assert smoke.smoke(args) == 1
    said = capsys.readouterr()
    assert said.err == "smoke: waits up to 0.1 s for http://127.0.0.1:9 to be ready\n"
    (check,) = json.loads(said.out)["checks"]
    assert check["says"].startswith(
        "not ready after 0.1 s: http://127.0.0.1:9 refuses the connection"
    )


def test_a_long_wait_is_told() -> None:
    """Every so many seconds a line says how long it has waited, and why it goes on."""
    lines: list[str] = []
    with pytest.raises(ProbeError, match="not ready after 1.8 s"):
        wait_until_ready(Service("http://127.0.0.1:9", 5), 1.8, lines.append, every=0.6)
    assert lines[0] == "waits up to 1.8 s for http://127.0.0.1:9 to be ready"
    again = re.compile(r"not ready after [12] of 1.8 s: http://127.0.0.1:9 refuses the connection")
    assert len(lines) in (2, 3) and all(map(again.match, lines[1:]))


def test_who_does_not_answer_is_told_from_who_refuses() -> None:
    """A port that listens and never says anything: each try ends with the next line."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ProbeError, match="timed out"):
            wait_until_ready(Service(address, 60), 0.5, lambda line: None, every=0.2)


def test_it_needs_no_package() -> None:
    """A Python without packages runs it; an address that is none is 2."""
    command = [sys.executable, "-I", "-S", "-c"]
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['smoke', 'ftp://x'];"
        "runpy.run_module('scripts.smoke', run_name='__main__')"
    )
    done = subprocess.run([*command, code], capture_output=True, text=True)
    assert done.returncode == 2 and "https://" in done.stderr


def test_the_token_stays_with_the_service(imposter: str) -> None:
    """It goes along with each call, not to where an answer leads, nor where nobody's is asked."""
    Imposter.tokens.clear()
    service = Service(imposter, 5, "my-token")
    service.call("/elsewhere")
    service.without_token().call("/anybody")
    sent = [("/elsewhere", "Bearer my-token"), ("/there", None), ("/anybody", None)]
    assert Imposter.tokens == sent
