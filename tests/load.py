"""The service under fifty clients on loopback, watched: `python -m tests.load --minutes 5`.

Real service, encoder and shipped catalogue in a folder of its own; Locust asks. Prints latencies,
answers by status, memory, file handles and what failed as JSON, and the failures once more as the
last lines; `--plot FILE` draws memory and files.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image

from tests.kills import FONTS, make_fonts
from tests.load_failures import read_failures, told
from tests.ports import free_port
from tests.test_index_catalog import picture_of

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "load-test-token-0123456789"
WORDS = ("Hamburgefonstiv", "Quick brown fox", "Letters 1234", "Kerning")


def start(port: int, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """The service as `make run` starts it, with `options`, in a data folder that may be empty."""
    environment = {
        **os.environ,
        "FONTKIN_DATA": str(folder / "data"),
        "FONTKIN_API_TOKEN": TOKEN,
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port), *options]
    with (folder / "service.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


def wait_until_ready(port: int, service: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and service.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20):
                return
        except OSError:
            time.sleep(1)
    raise TimeoutError(f"the service did not come up in 180 s (exit code {service.poll()})")


def family_of(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in family_of(int(child)))]


def measure(pid: int) -> tuple[float, int]:
    """Resident megabytes and open files of the worker, which is the largest process."""
    best = (0.0, 0)
    for each in family_of(pid):
        try:
            pages = int(Path(f"/proc/{each}/statm").read_text().split()[1])
            files = len(list(Path(f"/proc/{each}/fd").iterdir()))
        except OSError:  # a jail that has just ended
            continue
        best = max(best, (pages * 4096 / 2**20, files))
    return best


def make_pictures(folder: Path) -> None:
    """Ten words in the small fonts, as PNG."""
    folder.mkdir()
    for number, path in enumerate(sorted(FONTS.glob("*/*-normal.woff2"))):
        for word in WORDS[: 2 + number % 2]:
            Image.fromarray(picture_of(path, word, 48)).save(folder / f"{number}-{word}.png")


def load(port: int, folder: Path, minutes: float, clients: int, service: int) -> dict[str, Any]:
    """Run Locust and look at the service every two seconds."""
    environment = {
        **os.environ,
        "PICTURES": str(folder / "pictures"),
        "OWN_FONTS": str(folder / "own"),
        "FONTKIN_API_TOKEN": TOKEN,
        "FAILURES": str(folder / "failures.jsonl"),
    }
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "tests" / "locustfile.py")]
    command += ["--headless", "--users", str(clients), "--spawn-rate", "5"]
    command += ["--run-time", f"{round(minutes * 60)}s", "--host", f"http://127.0.0.1:{port}"]
    command += ["--csv", str(folder / "load"), "--only-summary", "--stop-timeout", "30"]
    started = time.monotonic()
    with (folder / "locust.log").open("wb") as log:
        asking = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        samples = []
        while asking.poll() is None:
            samples.append((round(time.monotonic() - started, 1), *measure(service)))
            time.sleep(2)
    failed = read_failures(folder / "failures.jsonl")
    return {"samples": samples, "calls": calls(folder), "failed": failed}


def calls(folder: Path) -> list[dict[str, Any]]:
    """Locust's table, a row an address."""
    with (folder / "load_stats.csv").open(newline="") as file:
        return [
            {
                "name": row["Name"],
                "requests": int(row["Request Count"]),
                "failures": int(row["Failure Count"]),
                "p50_ms": float(row["50%"] or 0),
                "p99_ms": float(row["99%"] or 0),
            }
            for row in csv.DictReader(file)
        ]


def statuses(port: int, route: str = "") -> dict[str, float]:
    """The service's own count of answers by status, of one route or of all."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    found: dict[str, float] = {}
    for line in lines:
        if line.startswith("fontkin_requests_total{") and (not route or f'route="{route}"' in line):
            status = line.split('status="')[1].split('"')[0]
            found[status] = found.get(status, 0) + float(line.rsplit(" ", 1)[1])
    return found


def logged_errors(path: Path) -> list[str]:
    """What the service's log says of calls that went wrong, fifty at most."""
    lines = path.read_text(errors="replace").splitlines()
    return [line for line in lines if '"level": "error"' in line][-50:]


def draw(samples: list[tuple[float, float, int]], target: Path) -> None:
    """Memory and file handles over time, two small plots."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    seconds, memory, files = zip(*samples, strict=True)
    figure, (upper, lower) = pyplot.subplots(2, 1, sharex=True, figsize=(6, 3.6), dpi=80)
    upper.plot(seconds, memory, color="#333")
    upper.set(ylabel="memory, MB", ylim=(0, None))
    lower.plot(seconds, files, color="#333")
    lower.set(ylabel="open files", xlabel="seconds", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(target)


def main() -> int:
    """The command line; 1 when an answer was a failure that is not the honest 503."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fontkin-load-") as name:
        folder = Path(name)
        make_pictures(folder / "pictures")
        make_fonts(folder / "own")
        port = free_port()
        service = start(port, folder)
        try:
            wait_until_ready(port, service)
            result = load(port, folder, given.minutes, given.clients, service.pid)
            result["statuses"] = statuses(port)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(60)
        errors = logged_errors(folder / "service.log")
    samples = result.pop("samples")
    if given.plot:
        draw(samples, given.plot)
    tenth = max(1, len(samples) // 10)
    for name, column in (("memory_mb", 1), ("files", 2)):
        parts = samples[tenth : 2 * tenth], samples[-tenth:]
        result[name] = [round(statistics.median(s[column] for s in part), 1) for part in parts]
    result |= {"minutes": given.minutes, "clients": given.clients}
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    count = max(call["failures"] for call in result["calls"])  # the last row is of all
    lines = told(result["failed"], count)
    sys.stderr.write("".join(line + "\n" for line in lines + errors))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
