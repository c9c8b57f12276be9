"""What a server gets: nginx in front of a service, the files that are copied, units that load."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from scripts import serve
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PATH = f"{os.environ['PATH']}:/usr/sbin"
Reply = tuple[int, http.client.HTTPMessage, bytes]


class Upstream(BaseHTTPRequestHandler):
    """Answers like the service: what it was asked, in a kilobyte of JSON."""

    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()
    forwarded: str | None = None

    def do_GET(self) -> None:
        """Counts the path, remembers who asked."""
        Upstream.asked[self.path] += 1
        Upstream.forwarded = self.headers["X-Forwarded-For"]
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        body = b'{"padding": "%s"}' % (b"x" * 2000)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real nginx with our files, in front of `Upstream`."""
    program = shutil.which("nginx", path=PATH)
    if not program:
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever, daemon=True).start()
    zones = (DEPLOY / "nginx" / "zones.conf").read_text()
    zones = zones.replace("/var/lib/nginx/fontkin", f"{folder}/cache")
    zones = zones.replace("127.0.0.1:8000", f"127.0.0.1:{upstream.server_port}")
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {folder}/pid;"
        f"error_log {folder}/error.log; events {{}} http {{ access_log off; {temporary}\n{zones}\n"
        f"server {{ listen 127.0.0.1:{port}; include {DEPLOY}/nginx/fontkin.conf; }} }}"
    )
    subprocess.run([program, "-tq", "-c", str(config)], check=True, stderr=subprocess.DEVNULL)
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)
    upstream.shutdown()
    upstream.server_close()


def call(port: int, path: str, body: bytes | None = None, **headers: str) -> Reply:
    """One call through nginx."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.request("POST" if body is not None else "GET", path, body, headers)
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()


def test_static_files_are_asked_for_once(nginx: int) -> None:
    """The second answer comes from nginx's cache, whole; another address is asked for anew."""
    states = [call(nginx, f"/static/{n}")[1]["X-Cache"] for n in ("a.css", "a.css", "b.css")]
    assert states == ["MISS", "HIT", "MISS"]
    assert Upstream.asked["/static/a.css"] == 1
    for _ in range(2):
        call(nginx, "/v1/families")
    assert Upstream.asked["/v1/families"] == 2


def test_bodies_have_a_limit(nginx: int) -> None:
    """A font of 32 MB goes through, more is refused before the service hears of it."""
    assert call(nginx, "/v1/fonts", bytes(32 * 2**20))[0] == 200
    asked = Upstream.asked["/v1/fonts"]
    assert call(nginx, "/v1/fonts", bytes(34 * 2**20))[0] == 413
    assert Upstream.asked["/v1/fonts"] == asked


def test_answers_are_compressed_and_name_the_client(nginx: int) -> None:
    """JSON is gzipped for who takes it; what the client claims to be is not believed."""
    headers = {"Accept-Encoding": "gzip", "X-Forwarded-For": "203.0.113.9"}
    _, given, body = call(nginx, "/v1/families", **headers)
    assert given["Content-Encoding"] == "gzip" and len(body) < 200
    assert b"padding" in gzip.decompress(body)
    assert Upstream.forwarded == "127.0.0.1"
    assert "nginx/" not in given["Server"]


def test_one_client_cannot_take_all(nginx: int) -> None:
    """Beyond a few at once, searches are refused with 429; other pages are not."""
    with ThreadPoolExecutor(18) as pool:
        codes = Counter(pool.map(lambda _: call(nginx, "/v1/search", b"x")[0], range(18)))
    assert codes[429] >= 3 and codes[200] >= 10 and sum(codes.values()) == 18
    assert call(nginx, "/v1/families")[0] == 200


def copied_by_image() -> list[str]:
    """The sources that the Dockerfile copies into its last stage."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return [s for s in re.findall(r"^COPY (\S+) \S+$", last, re.MULTILINE) if "--from" not in s]


def copied_to_server() -> list[str]:
    """The sources that deploy/lib.sh copies."""
    found = re.search(r"^parts=\((.*)\)$", (DEPLOY / "lib.sh").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


@pytest.mark.parametrize("parts", [copied_by_image(), copied_to_server()], ids=["image", "server"])
def test_what_is_copied_is_enough(parts: list[str], tmp_path: Path) -> None:
    """With nothing but the copied files, the service, its commands and the smoke test import."""
    for part in parts:
        source, target = ROOT / part, tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            large = shutil.ignore_patterns("*.onnx", "*.db", "__pycache__")
            shutil.copytree(source, target, ignore=large)
        else:
            shutil.copy(source, target)
    code = "import api.app, scripts.serve, scripts.search, scripts.probes as p; print(p.PICTURE)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert found == str(tmp_path / "deploy" / "smoke.png") and Path(found).exists()


def test_the_image_gets_nothing_else() -> None:
    """.dockerignore lets through exactly what is copied."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert let_through == {*copied_by_image(), "requirements-serve.lock"}


def test_compose_and_server_agree() -> None:
    """Both run the service with the same memory, behind the same nginx rules."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    service = compose["services"]["fontkin"]
    unit = (DEPLOY / "systemd" / "fontkin.service").read_text()
    assert f"MemoryMax={service['mem_limit'].upper()}" in unit
    assert service["environment"]["FONTKIN_TRUSTED_PROXIES"] == 1
    assert "FONTKIN_TRUSTED_PROXIES=1" in unit
    mounts = [volume.split(":")[0] for volume in compose["services"]["nginx"]["volumes"]]
    assert all((ROOT / mount).is_file() for mount in mounts)


@pytest.mark.parametrize("name", ["zones.conf", "compose.conf"])
def test_nginx_gives_up_idle_connections_first(name: str) -> None:
    """A picture sent just as the service closes the connection would be answered with 502.

    nginx sends a POST once; without a word of ours it keeps connections for 60 seconds.
    """
    upstream = (DEPLOY / "nginx" / name).read_text().partition("upstream fontkin_service {")[2]
    found = re.search(r"\bkeepalive_timeout (\d+)s;", upstream.partition("}")[0])
    command = serve.gunicorn_command(serve.parse_arguments([]))
    kept = int(command[command.index("--keep-alive") + 1])
    assert found and int(found[1]) <= kept - 10


def test_setup_refuses_what_it_cannot_do() -> None:
    """Unknown options are 2 and point to --help, which shows what there is."""
    script = str(DEPLOY / "setup.sh")
    wrong = subprocess.run([script, "--dominate"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "--help" in wrong.stderr
    shown = subprocess.run([script, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and "--domain" in shown.stdout


def test_units_load(tmp_path: Path) -> None:
    """systemd reads the units without a complaint of their settings."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd is not installed")
    root = tmp_path / "root"
    units = root / "etc/systemd/system"
    shutil.copytree(DEPLOY / "systemd", units)
    # What the units name must be there, as on a server.
    current = "opt/fontkin/current"
    for name in (
        f"{current}/.venv/bin/python",
        f"{current}/deploy/backup.sh",
        "etc/fontkin/fontkin.env",
    ):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    for target in ("sysinit", "basic", "multi-user", "timers", "shutdown", "network"):
        (units / f"{target}.target").write_text("[Unit]\nDescription=x\n")
    names = [f"/etc/systemd/system/{path.name}" for path in (DEPLOY / "systemd").iterdir()]
    done = subprocess.run(
        [program, "verify", "--man=no", f"--root={root}", *names], capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if "fontkin" in line]
    assert done.returncode == 0 and ours == [], done.stderr
