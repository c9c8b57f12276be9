"""Two workers of the real service: what they count and refuse, they count and refuse together."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from gunicorn.workers.gthread import ThreadWorker
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.counters import SharedStorage
from api.worker import Worker
from tests.load import ROOT, family_of, free_port, statuses, wait_until_ready

TOKEN = "a-token-of-the-workers-test"


@dataclass
class Service:
    """Where it listens, and the process that started the workers."""

    port: int
    master: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """Once both are there."""
        while len(found := family_of(self.master.pid)[1:]) < 2:
            time.sleep(0.1)
        return found

    def status(self, path: str, token: str | None = None) -> int:
        """Of one call over a connection of its own."""
        headers = {"Connection": "close"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as link:
            link.request("GET", path, headers=headers)
            answer = link.getresponse()
            answer.read()
            return answer.status


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`scripts.serve --workers 2` over the shipped catalogue; thirty calls a day."""
    folder, port = tmp_path_factory.mktemp("workers"), free_port()
    environment = {
        **os.environ,
        "FONTKIN_DATA": str(folder / "data"),
        "FONTKIN_API_TOKEN": TOKEN,
        "FONTKIN_RATE": "30/day",
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "scripts.serve", "--workers", "2", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        master = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until_ready(port, master)
        yield Service(port, master)
    finally:
        master.send_signal(signal.SIGTERM)
        master.wait(60)
    assert [path.name for path in folder.iterdir() if path.name.startswith("fontkin-")] == []


@contextmanager
def halted(worker: int) -> Iterator[None]:
    """The other worker alone answers in the block."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


@pytest.mark.slow
def test_two_workers_count_together(service: Service) -> None:
    """Twenty calls of one and twenty of the other are forty: the last ten of them are refused.

    Either shows the sum, which stays when a worker dies.
    """
    one, other = service.workers()
    with halted(other):
        assert [service.status("/v1/families?limit=1") for _ in range(20)] == [200] * 20
    with halted(one):
        answers = [service.status("/v1/families?limit=1") for _ in range(20)]
        assert answers == [200] * 10 + [429] * 10
        assert service.status("/v1/families?limit=1", TOKEN) == 200  # another client
        assert _counted(service) == {"200": 31, "429": 10}
    with halted(other):
        assert _counted(service) == {"200": 31, "429": 10}
    os.kill(one, signal.SIGKILL)
    while one in (now := service.workers()):
        time.sleep(0.1)
    assert other in now
    with halted(other):  # the one that has just started
        assert _counted(service) == {"200": 31, "429": 10}
        assert service.status("/v1/families?limit=1") == 429


def _counted(service: Service) -> dict[str, float]:
    return statuses(service.port, "/v1/families")


def test_a_shared_counter(tmp_path: Path) -> None:
    """Two files opened on it add up; it ends, and begins anew at 0; it never falls below."""
    one, other = (SharedStorage(tmp_path / "calls.sqlite") for _ in range(2))
    assert [one.incr("a", 60), other.incr("a", 60, 2), one.get("a"), one.get("b")] == [1, 3, 3, 0]
    assert [other.decr("a"), one.decr("a", 9), other.get("a")] == [2, 0, 0]
    one.incr("short", -1, 5)
    assert other.get("short") == 0
    assert other.incr("short", 60) == 1
    one.clear("short")
    assert other.get("short") == 0


@pytest.mark.parametrize("shared", [False, True], ids=("one process", "several"))
def test_no_call_starts_a_thread(
    shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own storage starts one to tidy, which two calls at once start twice."""
    storage = SharedStorage(tmp_path / "calls.sqlite" if shared else None)
    window = SlidingWindowCounterRateLimiter(storage)
    storage.timer.join()

    def refused(*_: object) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert [window.hit(parse("2/minute"), "ann") for _ in range(3)] == [True, True, False]
    assert window.hit(parse("2/minute"), "bob") and not window.test(parse("2/minute"), "ann")
    with pytest.raises(AssertionError, match="thread"):
        SlidingWindowCounterRateLimiter(MemoryStorage())


def test_threads_of_a_worker_take_turns_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the usual time: what searches wait for beside a font that is being added."""
    usual = sys.getswitchinterval()
    monkeypatch.setattr(Worker, "_watch", lambda self: None)
    monkeypatch.setattr(ThreadWorker, "init_process", lambda self: None)
    try:
        object.__new__(Worker).init_process()
        assert sys.getswitchinterval() == pytest.approx(usual / 10, rel=0.01)
    finally:
        sys.setswitchinterval(usual)
