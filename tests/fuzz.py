"""Fuzzing: `python -m tests.fuzz TARGET --minutes N`, TARGET one of font, picture, prepare, voting.

Hypothesis makes recipes (plain JSON), each target says what must hold for one. A recipe for which
it does not is made as small as can be and kept below `tests/fuzz-corpus`, where `tests/test_fuzz`
plays it again for ever.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import math
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from encoder import sanitize
from encoder.boxes import Box
from encoder.fontguard import FontRefusedError
from encoder.picture import PictureError, read_picture
from encoder.prepare import HEIGHT, WIDTH, Line, prepare, prepare_level, prepare_quads
from index import jail as jails
from index import voting
from index.intake import receive, take
from index.jail import Jail

CORPUS = Path(__file__).with_name("fuzz-corpus")
FONTS = Path(__file__).with_name("fonts")
TARGETS = ("font", "picture", "prepare", "voting")
SECONDS = 60.0  # of the processor: an example that takes longer is a finding
MAX_BYTES = 5000  # of a recipe
_ROUND = {"font": 30, "picture": 300, "prepare": 30, "voting": 300}  # between looks at the clock
_CONTAINERS = ("ttf", "woff", "woff2")
_KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

Recipe = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """`recipes` makes examples; `check` raises for one that shows a fault."""

    name: str
    recipes: st.SearchStrategy[Recipe]
    check: Callable[[Recipe], None]


@contextmanager
def opened(name: str) -> Iterator[Target]:
    """A target, ready; fonts have a jail of their own meanwhile."""
    if name != "font":
        checks = {"picture": check_picture, "prepare": check_prepare, "voting": check_voting}
        yield Target(name, _RECIPES[name], checks[name])
        return
    with tempfile.TemporaryDirectory() as folder, Jail(Path(folder)) as jail:
        yield Target(name, _RECIPES[name], lambda recipe: check_font(recipe, jail, Path(folder)))


def find(
    target: Target, examples: int, number: int | None = None
) -> tuple[Recipe, Exception] | None:
    """A small recipe that fails among `examples`, or None; always the same without `number`."""
    last: list[Recipe] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=number is None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(target.recipes)
    def attempt(recipe: Recipe) -> None:
        last[:] = [recipe]
        started = _processor_seconds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.check(recipe)
        assert _processor_seconds() - started < SECONDS, "too slow"

    try:
        (attempt if number is None else seed(number)(attempt))()
    except Exception as error:
        return last[0], error
    return None


def _processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# What is fuzzed ----------------------------------------------------------------------------


def check_font(recipe: Recipe, jail: Jail, folder: Path) -> None:
    """A changed font is taken in or refused; it kills no child, which would be a breach."""
    path = folder / "fuzzed"
    path.write_bytes(edited(_font(recipe["base"]), recipe))
    try:
        taken = take(receive(path, folder), jail, "Fuzzed")
    except FontRefusedError as error:
        assert error.code not in ("crashed", "time-limit", "memory-limit"), error
        assert error.message
        return
    assert taken.faces
    taken.path.unlink()


def check_picture(recipe: Recipe) -> None:
    """A changed picture is read as bounded pixels, or refused with a known code."""
    data = edited(_picture(recipe["base"]), recipe)
    try:
        pixels = read_picture(data)
    except PictureError as error:
        assert error.code in {
            "empty", "unsupported-format", "broken", "too-many-pixels", "too-small",
        }  # fmt: skip
        return
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
    assert pixels.size <= 3 * 40_000_000


def check_prepare(recipe: Recipe) -> None:
    """Whatever is drawn, lines lie inside, and their windows are finite, of one shape, in 0..1."""
    picture = _scene(recipe)
    height, width = picture.shape[:2]
    x, y = recipe["crop"]
    crop = Box(x % width, y % height, width, height)
    quads = [np.array(quad, np.float32).reshape(4, 2) for quad in recipe["quads"]]
    for lines in (
        prepare(picture),
        prepare(picture, crop),
        prepare_level(picture),
        prepare_quads(picture, lambda part: quads),
    ):
        for line in lines:
            _check_line(line)


def _check_line(line: Line) -> None:
    windows = line.windows
    assert windows.dtype == np.float32 and windows.shape[1:] == (1, HEIGHT, WIDTH)
    assert len(windows) >= 1 and np.isfinite(windows).all()
    assert windows.min() >= 0 and windows.max() <= 1


def check_voting(recipe: Recipe) -> None:
    """Tallies are what a slow loop counts; a ranking is ordered and names no group twice."""
    rng = np.random.default_rng(recipe["seed"])
    count, levels = recipe["groups"], np.array(recipe["levels"])
    scores = rng.choice(levels, (recipe["windows"], recipe["samples"]))
    groups = rng.integers(0, count, recipe["samples"])
    lines = groups * 3 + rng.integers(0, 3, recipe["samples"])
    best, owners = voting.best_of_lines(scores, lines, groups)
    tally = voting.tally_windows(best, owners, count)
    expected = _slow_tally(scores, lines, groups, count)
    np.testing.assert_allclose(tally.scores, expected, atol=1e-9)
    twins: dict[int, frozenset[int]] = {}
    for one, other in recipe["twins"]:
        one, other = one % count, other % count
        twins[one] = twins.get(one, frozenset()) | {other}
        twins[other] = twins.get(other, frozenset()) | {one}
    rows = voting.rank(tally, twins, recipe["k"])
    shown = [group for row in rows for group in (row.group, *row.folded)]
    assert len(shown) == len(set(shown)) and len(rows) <= recipe["k"]
    assert all(tally.seen[group] for group in shown)
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    assert all(member in twins[row.group] for row in rows for member in row.folded)
    merged = voting.merge_lines([tally, tally], [1.0, 2.0])
    np.testing.assert_allclose(merged.scores, tally.scores, atol=1e-9)


def _slow_tally(
    scores: np.ndarray, lines: np.ndarray, groups: np.ndarray, count: int
) -> list[float]:
    """As the module's docstring says it, one group and window at a time."""
    totals = []
    for group in range(count):
        means = []
        for window in scores:
            of_line: dict[int, float] = {}
            for score, line, owner in zip(window, lines, groups, strict=True):
                if owner == group:
                    of_line[int(line)] = max(of_line.get(int(line), -math.inf), float(score))
            best = sorted(of_line.values(), reverse=True)[: len(voting.SHARES)]
            shares = voting.SHARES[: len(best)]
            if best:
                means.append(sum(s * b for s, b in zip(shares, best, strict=True)) / sum(shares))
        totals.append(sum(means) / len(means) if means else 0.0)
    return totals


# What they are made of ---------------------------------------------------------------------


def edited(data: bytes, recipe: Recipe) -> bytes:
    """The bytes with some overwritten, at places that wrap around, and the end cut off."""
    out = bytearray(data)
    for place, text in recipe["edits"]:
        for i, value in enumerate(bytes.fromhex(text)):
            out[(place + i) % len(out)] = value
    return bytes(out[: len(out) - recipe["cut"] % len(out)])


@cache
def _font(base: str) -> bytes:
    """Cantarell or Lora in one of the containers."""
    family, flavor = base.split(".")
    font = TTFont(next(FONTS.glob(f"{family}/*-400-normal.woff2")), recalcTimestamp=False)
    font.flavor = None if flavor == "ttf" else flavor
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@cache
def _picture(base: str) -> bytes:
    """A small scene in one of the formats, animated or progressive where it can be."""
    image = Image.new("RGB", (48, 32), "white")
    ImageDraw.Draw(image).text((4, 4), "Ag", "black")
    kind, _, form = base.partition(".")
    options: dict[str, Any] = {}
    if form == "frames":
        options = {"save_all": True, "append_images": [Image.new("RGB", (48, 32), "red")] * 2}
    elif form == "exif":
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif}
    elif form == "progressive":
        options = {"progressive": True}
    elif form == "lossless":
        options = {"lossless": True}
    elif form == "palette":
        image = image.quantize(4)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _scene(recipe: Recipe) -> np.ndarray:
    """A picture of strokes and words on a ground, with some noise."""
    width, height = recipe["size"]
    image = Image.new("RGB", (width, height), tuple(recipe["paper"]))
    draw = ImageDraw.Draw(image)
    for x0, y0, x1, y1, thick, ink in recipe["strokes"]:
        draw.line((x0, y0, x1, y1), (ink, ink, ink), thick)
    for x, y, size, text in recipe["words"]:
        draw.text((x, y), text, "black", font_size=size)
    pixels = np.array(image)
    noise = np.random.default_rng(1).integers(0, recipe["noise"] + 1, pixels.shape)
    return np.asarray((pixels + noise) % 256, np.uint8)


_BYTES = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.sampled_from([b"\0\0", b"\xff\xff", b"\x7f\xff", b"\x80\0", b"\xff\xff\xff\xff"]),
).map(bytes.hex)
_PLACES = st.one_of(st.integers(4, 400), st.integers(0, 60_000))
_SIDE = st.integers(-20, 320)


def _files(bases: list[str]) -> st.SearchStrategy[Recipe]:
    return st.fixed_dictionaries(
        {
            "base": st.sampled_from(bases),
            "edits": st.lists(st.tuples(_PLACES, _BYTES).map(list), max_size=12),
            "cut": st.one_of(st.just(0), st.integers(0, 20_000)),
        }
    )


_RECIPES: dict[str, st.SearchStrategy[Recipe]] = {
    "font": _files(
        [
            f"{family}.{kind}"
            for family in ("cantarell", "lora")
            for kind in ("ttf", "woff", "woff2")
        ]
    ),
    "picture": _files(
        [*_KINDS, "PNG.exif", "JPEG.exif", "JPEG.progressive", "WEBP.lossless", "PNG.palette"]
        + [f"{kind}.frames" for kind in ("GIF", "WEBP", "PNG", "TIFF")]
    ),
    "prepare": st.fixed_dictionaries(
        {
            "size": st.tuples(st.integers(1, 300), st.integers(1, 200)).map(list),
            "paper": st.tuples(*[st.integers(0, 255)] * 3).map(list),
            "strokes": st.lists(
                st.tuples(*[_SIDE] * 4, st.integers(1, 30), st.integers(0, 255)).map(list),
                max_size=8,
            ),
            "words": st.lists(
                st.tuples(
                    _SIDE, _SIDE, st.integers(6, 90), st.text("AgHxil.-", min_size=1, max_size=8)
                ).map(list),
                max_size=3,
            ),
            "noise": st.sampled_from([0, 0, 1, 40, 255]),
            "crop": st.tuples(st.integers(0, 300), st.integers(0, 200)).map(list),
            "quads": st.lists(
                st.lists(st.floats(-60, 360, width=32), min_size=8, max_size=8), max_size=3
            ),
        }
    ),
    "voting": st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2**32 - 1),
            "groups": st.integers(1, 8),
            "windows": st.integers(0, 4),
            "samples": st.integers(0, 24),
            "levels": st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=6),
            "twins": st.lists(
                st.tuples(st.integers(0, 9), st.integers(0, 9)).map(list), max_size=6
            ),
            "k": st.integers(1, 10),
        }
    ),
}


# A long run --------------------------------------------------------------------------------


def keep(name: str, recipe: Recipe) -> Path:
    """Write a recipe into the corpus; `ValueError` when it is too large for it."""
    text = json.dumps(recipe, indent=1) + "\n"
    if len(text) > MAX_BYTES:
        raise ValueError(f"a recipe of {len(text)} bytes; at most {MAX_BYTES}")
    path = CORPUS / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    CORPUS.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def main(arguments: list[str] | None = None) -> int:
    """Fuzz for some minutes; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    args = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    jails.SECONDS = sanitize._SECONDS = 86_400.0  # that the machine is busy is no finding
    ends, rounds, findings = time.monotonic() + 60 * args.minutes, 0, 0
    examples = _ROUND[args.target]
    while time.monotonic() < ends and findings < 10:
        with opened(args.target) as target:
            found = find(target, examples, args.seed + rounds)
        rounds += 1
        if found is not None:
            findings += 1
            recipe, error = found
            sys.stdout.write(f"{keep(args.target, recipe)}: {type(error).__name__}: {error}\n")
    tried = f"{rounds * examples:,} examples from seed {args.seed}"
    tried += f" in {_processor_seconds() / 60:.1f} minutes of the processor"
    sys.stdout.write(f"{args.target}: {tried}, {findings} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
