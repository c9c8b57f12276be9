"""The smoke test against services that are not well; the well one is in test_e2e."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scripts import smoke
from scripts.service import Service

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
    """After the wait it gives up with what it met."""
    args = smoke.parser().parse_args(["http://127.0.0.1:9", "--wait", "0.1"])
    assert smoke.smoke(args) == 1
    assert "not ready after" in capsys.readouterr().out


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
