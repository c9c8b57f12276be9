"""A real nginx with the files of deploy/nginx, in front of a service that answers by rule."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.ports import free_port

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
PROGRAM = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
DOMAIN = "fonts.example.org"
SLOW_SECONDS = 2.0


class Upstream(BaseHTTPRequestHandler):
    """Answers like the service: what it was asked, in a kilobyte of JSON.

    `/v1/fonts/slow` and `/slow` take a while, `/gone` ends without an answer, `/v1/limited` is the
    service's own 429 and `/v1/busy` a 503 that does not say how long.
    """

    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()
    headers_seen: dict[str, str] = {}

    def do_GET(self) -> None:
        """Counts the path, remembers the headers."""
        Upstream.asked[self.path] += 1
        Upstream.headers_seen = dict(self.headers)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = self.path.partition("?")[0]
        if path == "/gone":
            self.close_connection = True
            return
        time.sleep(SLOW_SECONDS if path.endswith("/slow") else 0.02)
        body = b'{"padding": "%s"}' % (b"x" * 2000)
        self.send_response({"/v1/limited": 429, "/v1/busy": 503}.get(path, 200))
        if path == "/v1/limited":
            self.send_header("Retry-After", "41")
        self.send_header("X-Request-ID", self.headers["X-Request-ID"] or "none")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(BrokenPipeError):  # nginx has not waited
            self.end_headers()
            self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # a page's parts come together


@dataclass(frozen=True)
class Nginx:
    """Where it listens (`tls` is 0 in a container), and the folder of its logs."""

    plain: int
    tls: int
    folder: Path

    def logged(self) -> str:
        """All that was logged, once the last line has come."""
        time.sleep(0.2)
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@contextlib.contextmanager
def as_on_a_server(folder: Path) -> Iterator[Nginx]:
    """Two sites as setup.sh writes them, without a domain and with one; it waits shorter."""
    plain, tls = free_port(), free_port()
    certificate = _certificate(folder)
    sites = _site("", folder) + _site(DOMAIN, certificate)
    sites = sites.replace("listen 80", f"listen 127.0.0.1:{plain}")
    sites = sites.replace("listen 443", f"listen 127.0.0.1:{tls}")
    zones = (DEPLOY / "nginx" / "http.conf").read_text()
    zones += (DEPLOY / "nginx" / "zones.conf").read_text()
    with _upstream() as port, _running(folder, zones + sites, f"127.0.0.1:{port}", plain):
        yield Nginx(plain, tls, folder)


@contextlib.contextmanager
def as_in_a_container(folder: Path) -> Iterator[tuple[Nginx, int]]:
    """compose.conf with its includes; also the port of the numbers for who runs it."""
    plain, numbers = free_port(), free_port()
    config = (DEPLOY / "nginx" / "compose.conf").read_text()
    config = config.replace("listen 80 ", f"listen 127.0.0.1:{plain} ")
    config = config.replace("listen 81;", f"listen 127.0.0.1:{numbers};")
    with _upstream() as port, _running(folder, config, f"127.0.0.1:{port}", plain):
        yield Nginx(plain, 0, folder), numbers


@contextlib.contextmanager
def _upstream() -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), Upstream)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def _site(domain: str, certificate: Path) -> str:
    """What setup.sh writes, without the lines for IPv6."""
    made = subprocess.run(
        ["bash", "-c", '. "$1" && site_config "$2" "$3"', "sh"]
        + [str(DEPLOY / "lib.sh"), domain, str(certificate)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return "\n".join(line.partition(" listen [::]")[0] for line in made.splitlines()) + "\n"


def _certificate(folder: Path) -> Path:
    place = folder / "certificate"
    place.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}"]
        + ["-keyout", str(place / "privkey.pem"), "-out", str(place / "fullchain.pem")],
        check=True,
        capture_output=True,
    )
    return place


@contextlib.contextmanager
def _running(folder: Path, config: str, upstream: str, port: int) -> Iterator[None]:
    assert PROGRAM
    snippet = (DEPLOY / "nginx" / "fontkin.conf").read_text()
    snippet = snippet.replace("read_timeout 120s", "read_timeout 1s")
    snippet = snippet.replace("read_timeout 600s", "read_timeout 5s")
    (folder / "fontkin.conf").write_text(_here(snippet, folder))
    shutil.copy(DEPLOY / "nginx" / "http.conf", folder / "fontkin-http.conf")
    config = config.replace("127.0.0.1:8000", upstream).replace("fontkin:8000", upstream)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {folder}/pid;"
        f"error_log {folder}/error.log; events {{}} http {{ access_log {folder}/other.log;"
        f"{temporary}\n{_here(config, folder)} }}"
    )
    subprocess.run([PROGRAM, "-tq", "-c", str(path)], check=True, stderr=subprocess.DEVNULL)
    process = subprocess.Popen([PROGRAM, "-c", str(path)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield
    process.terminate()
    process.wait(10)


def _here(config: str, folder: Path) -> str:
    """Paths of a server become paths below the folder."""
    for there, here in (
        ("/var/log/nginx/fontkin", f"{folder}"),
        ("/var/log/nginx", f"{folder}"),
        ("/var/lib/nginx/fontkin", f"{folder}/cache"),
        ("/var/cache/nginx/fontkin", f"{folder}/cache"),
        ("snippets/", f"{folder}/"),
    ):
        config = config.replace(there, here)
    return config
