"""How long an answer takes, from the socket to the JSON, beside what the encoder alone needs."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from encoder import machine
from encoder.embed import Embedder
from encoder.prepare import HEIGHT, WIDTH
from index.benchmark import process
from index.benchmark.serving import serving
from index.errors import UnavailableError
from index.settings import Settings

Json = dict[str, Any]
CLIENTS = (1, 8)
_SAMPLES = Path(__file__).resolve().parents[2] / "api" / "static" / "samples"
# As `make run` starts it, without what would answer in the place of a search or beside it, and so
# that none of eight waits: pages would wait longer than the service lets them.
_PLAIN = {
    "FONTKIN_REMEMBERED_ANSWERS": "0",
    "FONTKIN_FETCH_FONTS": "0",
    "FONTKIN_SEARCHES": "8",
}


def pictures() -> dict[str, bytes]:
    """A one-line crop, a phone photograph of 10 megapixels, a full web page at two pixels a point.

    Made of the page's own samples; a file each.
    """
    screen, sign = (Image.open(_SAMPLES / f"{name}.webp").convert("RGB") for name in _NAMES)
    page = Image.new("RGB", (1920, 3600))
    for row in range(3):
        page.paste(screen.resize((1920, 1200), Image.Resampling.LANCZOS), (0, 1200 * row))
    photo = sign.resize((4096, 2560), Image.Resampling.BICUBIC)
    return {
        "one line": _file(screen.crop((150, 245, 770, 325)), "PNG"),
        "phone photograph": _file(photo, "JPEG", quality=88),
        "web page": _file(page, "PNG"),
    }


def run_speed(
    settings: Settings, requests: int, on_progress: Callable[[str, int, int], None]
) -> Json:
    """The record: every picture asked `requests` times by one client and by eight.

    The service runs in a process of its own, with nothing remembered. The floor is the time that
    the encoder alone takes for as many windows as the search gives it, see `_floor`.
    """
    embedder = Embedder.from_files(settings.encoder)
    record: Json = {"machine": machine.describe(), "commit": process.commit()}
    record |= {"requests": requests, "window_ms": _floor(embedder), "pictures": {}}
    with serving(_PLAIN) as port:
        for name, data in pictures().items():
            _ask(port, data, 2, [])
            result: Json = {"bytes": len(data)}
            for clients in CLIENTS:
                on_progress(f"{name}, {clients} at once", 0, 1)
                result[str(clients)] = _measured(port, data, clients, requests)
                on_progress(f"{name}, {clients} at once", 1, 1)
            record["pictures"][name] = result
    return record


def table(record: Json) -> str:
    """Markdown: p50 and p99 by picture and clients, and the steps of one client's searches."""
    window = record["window_ms"]
    lines = [
        "| picture | one: p50 ms | p99 | eight: p50 ms | p99 | a second | steps of one, ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, result in record["pictures"].items():
        one, many = result["1"], result["8"]
        steps = ", ".join(f"{step} {ms:.0f}" for step, ms in one["steps_ms"].items())
        lines.append(
            f"| {name} | {one['p50_ms']} | {one['p99_ms']} | {many['p50_ms']} | "
            f"{many['p99_ms']} | {many['per_second']} | {steps} |"
        )
    return "\n".join([*lines, "", f"The encoder alone: {window} ms a window (p50, one thread)."])


def _floor(embedder: Embedder) -> float:
    """Milliseconds a window, in batches of four on one thread."""
    windows = np.random.default_rng(0).random((4, 1, HEIGHT, WIDTH), np.float32)
    seconds = []
    for _ in range(40):
        started = time.perf_counter()
        embedder.embed_windows(windows)
        seconds.append(time.perf_counter() - started)
    return round(float(np.median(seconds[5:])) * 1000 / len(windows), 2)


def _measured(port: int, data: bytes, clients: int, requests: int) -> Json:
    times: list[tuple[float, Json]] = []
    share = -(-requests // clients)
    threads = [
        threading.Thread(target=_ask, args=(port, data, share, times)) for _ in range(clients)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if len(times) != share * clients:
        raise UnavailableError(f"the service answered {len(times)} of {share * clients} requests")
    low, high = np.percentile([each[0] * 1000 for each in times], [50, 99])
    names = times[0][1]["steps_ms"]
    return {
        "p50_ms": round(low),
        "p99_ms": round(high),
        "per_second": round(len(times) / seconds, 2),
        "steps_ms": {
            name: round(float(np.median([each[1]["steps_ms"].get(name, 0) for each in times])), 1)
            for name in names
        },
    }


def _ask(port: int, data: bytes, count: int, times: list[tuple[float, Json]]) -> None:
    """`count` searches over one connection that is kept open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    for _ in range(count):
        started = time.perf_counter()
        connection.request("POST", "/v1/search", data, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise UnavailableError(f"the service answered {answer.status}: {body.get('detail')}")
        times.append((time.perf_counter() - started, body))
    connection.close()


def _file(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


_NAMES = ("screen", "sign")
