"""What is too much: calls, searches at a time, bytes and seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api.throttle import Slots
from tests.api_fake import TOKEN, FakeCatalog, check_problem, make_client, picture
from tests.ports import free_port

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_calls_of_one_client(tmp_path: Path) -> None:
    """The fourth call of three a minute is 429 with when to come back; health is never counted."""
    client = make_client(FakeCatalog(), tmp_path, rate="3/minute")
    left = [client.get("/v1/families").headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = client.get("/v1/families")
    check_problem(answer, 429, "too-many-requests", "3 per 1 minute", "address")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Limit"] == "3"
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/families", headers=BEARER).status_code == 200  # another client
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.get("/v1/families", environ_base=elsewhere).status_code == 200


def test_a_customer_has_64_bits_of_ipv6(tmp_path: Path) -> None:
    """Another address of the same network is the same client."""
    client = make_client(FakeCatalog(), tmp_path, rate="1/minute")

    def status(address: str) -> int:
        return client.get("/v1/families", environ_base={"REMOTE_ADDR": address}).status_code

    assert [status(f"2001:db8::{i}") for i in (1, 2)] == [200, 429]
    assert status("2001:db8:0:1::1") == 200


@pytest.mark.parametrize(("proxies", "second"), [(0, 429), (1, 200)])
def test_forwarded_addresses_count_behind_a_proxy_alone(
    tmp_path: Path, proxies: int, second: int
) -> None:
    """X-Forwarded-For is anybody's to write, unless a proxy of ours writes the last one."""
    client = make_client(FakeCatalog(), tmp_path, rate="1/minute", trusted_proxies=proxies)

    def status(forwarded: str) -> int:
        return client.get("/v1/families", headers={"X-Forwarded-For": forwarded}).status_code

    assert [status("203.0.113.1"), status("203.0.113.2")] == [200, second]
    assert status("198.51.100.1, 203.0.113.2") == 429  # the first is the client's own invention


def test_no_limit(tmp_path: Path) -> None:
    """A server may have none."""
    client = make_client(FakeCatalog(), tmp_path, rate="")
    answers = [client.get("/v1/families") for _ in range(5)]
    assert {a.status_code for a in answers} == {200}
    assert "RateLimit-Limit" not in answers[0].headers


def test_guessing_tokens(tmp_path: Path) -> None:
    """After 30 wrong tokens a minute the address is not heard, even with the right one."""
    client = make_client(FakeCatalog(), tmp_path)
    for i in range(30):
        wrong = {"Authorization": f"Bearer guess-{i}"}
        assert client.get("/v1/token", headers=wrong).status_code == 401
    check_problem(client.get("/v1/token", headers=BEARER), 429, "too-many-requests", "wrong")
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.get("/v1/token", headers=BEARER, environ_base=elsewhere).status_code == 200


class Slow(FakeCatalog):
    """Searches until it is told to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.running = 0
        self.most = 0

    def search(self, *args: Any, **kwargs: Any) -> Any:
        """As the fake's, later."""
        self.running += 1
        self.most = max(self.most, self.running)
        self.go.wait(10)
        self.running -= 1
        return super().search(*args, **kwargs)


def test_searches_at_a_time(tmp_path: Path) -> None:
    """Of ten at once two run, four wait and four are refused at once; other calls go on."""
    catalog = Slow()
    app = make_client(catalog, tmp_path, searches=2).application

    def search() -> tuple[int, float, str | None]:
        started = time.monotonic()
        answer = app.test_client().post("/v1/search", data=picture())
        took = time.monotonic() - started
        return answer.status_code, took, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(search) for _ in range(10)]
        while sum(each.done() for each in asked) < 4:
            time.sleep(0.01)
        metrics = app.test_client().get("/metrics").text
        catalog.go.set()
        answers = [each.result() for each in asked]
    refused = [answer for answer in answers if answer[0] == 503]
    assert sorted(status for status, _, _ in answers) == [200] * 6 + [503] * 4
    assert all(took < 3 and after == "5" for _, took, after in refused)
    assert catalog.most == 2
    assert "fontkin_searches_running 2.0" in metrics
    assert "fontkin_searches_waiting 4.0" in metrics


def test_a_search_waits_only_so_long(tmp_path: Path) -> None:
    """Then it is 503 too, and its place is free again."""
    client = make_client(FakeCatalog(), tmp_path)
    slots = Slots(1, wait_seconds=0.05)
    with client.application.app_context(), slots.hold():
        with pytest.raises(Exception, match="overloaded") as caught, slots.hold():
            pass
        assert "0.05 seconds" in caught.value.detail
    with client.application.app_context(), slots.hold():
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Where gunicorn serves with the real worker, which waits 1.5 seconds for a request."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "tests.slow_clients:app()"]
    command += ["-c", "python:tests.slow_clients", "--threads", "2", "--no-control-socket"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "critical"],
        env={**os.environ, "FONTKIN_DATA": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield "127.0.0.1", port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _answer(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.slow
def test_75_slow_and_endless_senders(address: tuple[str, int]) -> None:
    """Two clients that send a byte now and then do not keep the two threads; chunks are counted."""
    head = b"POST /v1/search HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    slow = [socket.create_connection(address, 30) for _ in range(2)]
    slow[0].sendall(head + b"Content-Type: image/png\r\nContent-Length: 1000\r\n\r\n")
    slow[1].sendall(head)  # not even the header is whole
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.2):
            for each in slow:
                try:
                    each.sendall(b"x")
                except OSError:
                    return

    dripping = threading.Thread(target=drip)
    dripping.start()
    time.sleep(0.5)
    with socket.create_connection(address, 30) as quick:
        started = time.monotonic()
        quick.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in _answer(quick)
        assert time.monotonic() - started < 8
    stop.set()
    dripping.join()
    assert b" 408 " in _answer(slow[0]).split(b"\r\n")[0]
    for each in slow:
        each.close()
    with socket.create_connection(address, 30) as endless:
        endless.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
        try:
            for _ in range(30):  # 20 MB is the limit
                endless.sendall(chunk)
        except OSError:
            pass
        assert b" 413 " in _answer(endless).split(b"\r\n")[0]
