"""kill -9 the real service, a worker and the master by turns, under clients, and ask what is left.

`python -m tests.kills_service --minutes 3` starts `scripts.serve --workers 2` with the real encoder
and the shipped catalogue in a folder of its own. Two clients search without a pause, one adds and
removes fonts. After each kill of a worker there are two again by themselves; after one of the
master the service is started anew, as systemd does. Then every family whose addition was
acknowledged is there and found by a picture, every one whose removal was acknowledged is gone, and
fixed queries have the same answers. Exit code 1 says what was lost, or answered and never may be.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from PIL import Image

from index.repair import examine
from index.settings import Settings
from tests.kills import make_fonts
from tests.kills_writer import FONTS
from tests.load import TOKEN, start, wait_until_ready
from tests.ports import free_port
from tests.test_index_catalog import picture_of

WORKERS = 2
ASKED = 8  # times in a row, so that every worker takes one of the calls
ANSWERS = {  # what each call may be answered; 503 and 429 say that there is no time now
    "POST /v1/search": {200, 429, 503},
    "POST /v1/fonts": {201, 429, 503},
    "DELETE /v1/families": {204, 429, 503},
    "GET /v1/families": {200, 429, 503},
}


def png(path: Path, text: str) -> bytes:
    """The text in that font, as a PNG."""
    out = io.BytesIO()
    Image.fromarray(picture_of(path, text, 48)).save(out, "PNG")
    return out.getvalue()


def form(data: bytes) -> tuple[bytes, dict[str, str]]:
    """A font file as a browser sends it: body and headers."""
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="font.ttf"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    return head + data + b"\r\n--edge--\r\n", kind


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(there: Callable[[], bool], what: str) -> None:
    """Raises `TimeoutError` after three minutes."""
    until = time.monotonic() + 180
    while not there():
        if time.monotonic() > until:
            raise TimeoutError(f"waited 180 s for {what}")
        time.sleep(0.02)


class Trial:
    """A service, its clients, and what they were told."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder, self.port = folder, free_port()
        self.fonts = make_fonts(folder / "own")
        self.pictures = {name: png(path, "Hamburgefonstiv") for name, path in self.fonts.items()}
        self.queries = [png(p, "Kerning") for p in sorted(FONTS.glob("*/*-latin-400-normal.woff2"))]
        self.present: set[str] = set()
        self.under_way: str | None = None  # a family whose change was not answered
        self.turn = threading.Lock()  # of changes, and of looking
        self.changing, self.stopped = threading.Event(), threading.Event()
        self.pace = 1.0  # seconds that a change takes
        self.answers: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.back: list[float] = []
        self.wrong: list[str] = []
        self.acknowledged = 0
        self.service = self.started()
        self.expected = [self.fixed(query) for query in self.queries]

    def started(self) -> Any:
        """The service, once it is ready."""
        made = start(self.port, self.folder, "--workers", str(WORKERS))
        try:
            wait_until_ready(self.port, made)
        except TimeoutError:
            made.kill()
            raise
        return made

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.service.pid}/task/{self.service.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON; status 0 when the connection was lost."""
        name = " ".join([method, "/".join(path.split("?")[0].split("/")[:3])])
        try:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=120)) as link:
                # What was added is its token's alone.
                own = {"Connection": "close", "Authorization": f"Bearer {TOKEN}"}
                link.request(method, path, body, own | (headers or {}))
                answer = link.getresponse()
                status, text = answer.status, answer.read()
        except (OSError, HTTPException):
            self.answers[f"{name} unanswered"] += 1
            return 0, None
        self.answers[f"{name} {status}"] += 1
        if status not in ANSWERS[name]:
            self.wrong.append(f"{method} {path}: {status} {text[:200]!r}")
        return status, json.loads(text) if text else None

    def asked(self, *words: Any) -> tuple[int, Any]:
        """As `call`, again while there is no time or no connection, for two minutes."""
        until = time.monotonic() + 120
        while (found := self.call(*words))[0] in (0, 429, 503) and time.monotonic() < until:
            time.sleep(0.2)
        return found

    def fixed(self, picture: bytes) -> list[Any]:
        """Families, faces and scores of Google's for a picture."""
        _, found = self.asked("POST", "/v1/search?source=google", picture)
        return [(m["family"]["id"], m["face"]["id"], m["score"]) for m in found["matches"]]

    def own(self) -> set[str]:
        """The own families that one of the workers, whichever takes the call, knows."""
        _, found = self.asked("GET", "/v1/families?source=own&limit=200")
        return {family["id"] for family in found["items"]}

    def search(self) -> None:
        """A client with little patience; both stay below the service's rate."""
        while not self.stopped.wait(0.1):
            self.call("POST", "/v1/search", self.queries[0])

    def change(self) -> None:
        """A client that adds and removes; it waits while a change of its own is in doubt."""
        while not self.stopped.wait(0.02):
            with self.turn:
                if self.under_way is None:
                    self.change_once(self.rng.choice(sorted(self.fonts)))

    def change_once(self, name: str) -> None:
        """Add the family, or remove it."""
        began = time.monotonic()
        self.under_way = name
        self.changing.set()
        if name in self.present:
            status, _ = self.call("DELETE", f"/v1/families/{name}")
        else:
            body, headers = form(self.fonts[name].read_bytes())
            status, _ = self.call("POST", "/v1/fonts", body, headers)
        self.changing.clear()
        if status in (201, 204):
            self.acknowledged += 1
            self.present ^= {name}
            self.pace += (time.monotonic() - began - self.pace) / 8
        if status:
            self.under_way = None

    def kill(self, kind: str) -> None:
        """One kill in the midst of a change, one look, and one change that all workers hear of."""
        self.changing.wait(60)
        time.sleep(self.rng.uniform(0, self.pace))
        killed, workers = time.monotonic(), self.workers()
        self.kills[kind] += 1
        if kind == "worker":
            os.kill(dead := self.rng.choice(workers), signal.SIGKILL)
            wait_for(lambda: len(set(self.workers()) - {dead}) == WORKERS, "a new worker")
            wait_until_ready(self.port, self.service)
        else:
            self.service.kill()
            self.service.wait()
            wait_for(lambda: not any(map(is_alive, workers)), "its workers to see it and end")
            self.service = self.started()
        self.back.append(round(time.monotonic() - killed, 1))
        with self.turn:
            self.look()
            before = self.acknowledged
        wait_for(lambda: self.acknowledged > before, "a change after the kill")
        with self.turn:
            self.agree()

    def look(self) -> None:
        """What was acknowledged is so; what was not is one or the other, and stays so."""
        if self.under_way is not None:
            name, self.under_way = self.under_way, None
            time.sleep(2)  # a worker looks ten times a second what others did
            self.present = self.present - {name} | self.own() & {name}
        self.agree()
        for name in sorted(self.present):
            _, found = self.asked("POST", "/v1/search", self.pictures[name])
            rows = [[m["family"]["id"], *(t["id"] for t in m["twins"])] for m in found["matches"]]
            if not any(name in row for row in rows):
                self.wrong.append(f"{name} is not found: {rows}")
        if [self.fixed(query) for query in self.queries] != self.expected:
            self.wrong.append("the fixed queries have other answers")

    def agree(self) -> None:
        """Every worker knows what was acknowledged."""
        for pause in (1, 5, 5, 0):  # a busy one may be late
            if all((own := self.own()) == self.present for _ in range(ASKED)):
                return
            time.sleep(pause)
        self.wrong.append(f"own families are {own}, acknowledged {self.present}")

    def end(self) -> None:
        """Stop it; the doctor finds nothing."""
        self.service.send_signal(signal.SIGTERM)
        self.service.wait(180)
        report = examine(Settings(data=self.folder / "data"))
        self.wrong += [f"{finding.code}: {finding.what}" for finding in report.findings]


def run(minutes: float, seed: int) -> dict[str, Any]:
    """Kill for so long, at least one of each; what was answered and what went wrong."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fontkin-kills-") as folder:
        trial = Trial(Path(folder), seed)
        clients = [threading.Thread(target=t) for t in (trial.search, trial.search, trial.change)]
        for client in clients:
            client.start()
        try:
            while len(trial.kills) < 2 or time.monotonic() - started < 60 * minutes:
                trial.kill(
                    "master" if trial.kills["worker"] > 2 * trial.kills["master"] else "worker"
                )
        finally:
            trial.stopped.set()
            for client in clients:
                client.join()
            trial.end()
    return {
        "kills": dict(trial.kills),
        "seed": seed,
        "acknowledged": trial.acknowledged,
        "answers": dict(sorted(trial.answers.items())),
        "seconds_until_ready": trial.back,
        "wrong": trial.wrong[:20],
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills_service", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = run(given.minutes, given.seed)
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
