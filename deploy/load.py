"""1,000 searches and 50 added fonts against a running service: times, and the memory of all.

Run on the server itself, for it reads every process's share of memory. Needs the serving packages.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import string
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates
from PIL import Image, ImageDraw, ImageFont


class Memory(threading.Thread):
    """The most that all processes together held: shared pages count once (PSS)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.peak_service, self.going = 0, 0, True

    def run(self) -> None:
        while self.going:
            shares = {pid: _share(pid) for pid in os.listdir("/proc") if pid.isdecimal()}
            mine = str(os.getpid())
            self.peak = max(self.peak, sum(v for pid, v in shares.items() if pid != mine))
            served = [v for pid, v in shares.items() if _is_service(pid)]
            self.peak_service = max(self.peak_service, sum(served))
            time.sleep(0.25)


def _share(pid: str) -> int:
    """Bytes; 0 for a process that has ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _is_service(pid: str) -> bool:
    try:
        return "api.app" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def picture(fonts: list[Path], chance: random.Random) -> bytes:
    """A line of 5 to 12 letters in one of the fonts, 24 to 72 pixels to the em, as PNG."""
    text = "".join(chance.choices(string.ascii_letters, k=chance.randint(5, 12)))
    font = ImageFont.truetype(chance.choice(fonts), chance.randint(24, 72))
    x0, y0, x1, y1 = font.getbbox(text)
    image = Image.new("L", (int(x1 - x0) + 60, int(y1 - y0) + 40), chance.randint(200, 255))
    ImageDraw.Draw(image).text((30 - x0, 20 - y0), text, fill=chance.randint(0, 60), font=font)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def new_font(source: Path, number: int) -> bytes:
    """A family that nobody has: the source slanted by its number, under a name of its own."""
    font = TTFont(source)
    font.flavor = None
    for name in font.getGlyphOrder():
        glyph = font["glyf"][name]
        if glyph.numberOfContours > 0:
            slanted = [(round(x + y * number / 150), y) for x, y in glyph.coordinates]
            glyph.coordinates = GlyphCoordinates(slanted)
            glyph.recalcBounds(font["glyf"])
    for record in font["name"].names:
        if record.nameID in (1, 4, 6, 16):
            font["name"].setName(f"Load Test {number:02}", record.nameID, 3, 1, 0x409)
    with tempfile.TemporaryFile() as file:
        font.save(file)
        file.seek(0)
        return file.read()


def timed(url: str, data: bytes, headers: dict[str, str]) -> float:
    """Milliseconds of a POST; raises for an answer that is none."""
    start = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=120) as answer:
        answer.read()
    return 1000 * (time.perf_counter() - start)


def percentiles(times: list[float]) -> dict[str, float]:
    """p50, p99 and the slowest, in milliseconds."""
    ordered = sorted(times)
    at = {"p50": 0.50, "p99": 0.99, "max": 1.0}
    last = len(ordered) - 1
    return {name: round(ordered[round(share * last)], 1) for name, share in at.items()}


def main() -> None:
    """Print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fonts", type=Path, help="a folder of .woff2 files, such as tests/fonts")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--add", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300, help="of each of both (300)")
    args = parser.parse_args()
    files, chance = sorted(args.fonts.rglob("*.woff2")), random.Random(7)
    token = {"Authorization": f"Bearer {os.environ['FONTKIN_API_TOKEN']}"}
    memory = Memory()
    memory.start()
    timed(f"{args.url}/v1/search", picture(files, chance), {})  # the first loads the reader
    end, found = time.monotonic() + args.seconds, list[float]()
    while len(found) < args.searches and time.monotonic() < end:
        found.append(timed(f"{args.url}/v1/search?k=5", picture(files, chance), {}))
    searching = {"searches": len(found), **percentiles(found), "peak_mb": memory.peak >> 20}
    end, added = time.monotonic() + args.seconds, list[float]()
    for number in range(1, args.add + 1):
        if time.monotonic() > end:
            break
        body, kind = _form(f"load-{number}.ttf", new_font(files[number % len(files)], number))
        added.append(timed(f"{args.url}/v1/fonts", body, {**token, "Content-Type": kind}))
    memory.going = False
    adding = {"fonts": len(added), **percentiles(added)}
    peaks = {"all_mb": memory.peak >> 20, "service_mb": memory.peak_service >> 20}
    print(json.dumps({"searching": searching, "adding": adding, "peak": peaks}))


def _form(name: str, data: bytes) -> tuple[bytes, str]:
    edge = "fontkin-load"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return b"%b%b\r\n--%b--\r\n" % (
        head.encode(),
        data,
        edge.encode(),
    ), f"multipart/form-data; boundary={edge}"


if __name__ == "__main__":
    main()
