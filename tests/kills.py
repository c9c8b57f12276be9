"""kill -9 a writer in every stage of its work, under searches, and look at what is left each time.

`python -m tests.kills --count 400 --seed 1` exits with 1 and says what was lost, if anything was.
The writer is a real process on real files (`tests.kills_writer`). The stages take turns, so that
each is hit as often as the others, and so do the changes that pass through it; within a stage the
moment is random. Fonts are drawn in the jail where it is the jail's turn, and in the writer else;
the embedder is the tests' own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fontTools.ttLib import TTFont

from index import writer as writing
from index.catalog import FontCatalog
from index.filters import Filters
from index.repair import examine
from tests.kills_writer import (
    CHANGES,
    FONTS,
    STAGES,
    InProcess,
    Plan,
    Remembering,
    opened,
    search_beside,
    settings_of,
    write_until_killed,
)
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of

WIDTHS = (50, 62, 75, 125, 150, 180)
GOOGLE = ("abril-fatface", "cantarell", "courier-prime", "lora")
GUESS = 0.02  # seconds that a stage takes, before one was seen


def make_fonts(folder: Path) -> dict[str, Path]:
    """Own families of different letters, by id: Lora and Courier Prime made wider or narrower."""
    folder.mkdir()
    made = {}
    for family in ("lora", "courier-prime"):
        for width in WIDTHS:
            font = TTFont(FONTS / family / f"{family}-latin-400-normal.woff2")
            font.flavor = None
            for glyph in font["glyf"].glyphs.values():
                glyph.expand(font["glyf"])
                if glyph.numberOfContours > 0:
                    glyph.coordinates.scale((width / 100, 1))
                    glyph.coordinates.toInt()
            for name, (advance, side) in font["hmtx"].metrics.items():
                font["hmtx"].metrics[name] = advance * width // 100, side * width // 100
            for record in font["name"].names:
                if record.nameID in (1, 4, 16):
                    record.string = f"{family} {width}"
            path = folder / f"{family}-{width}.ttf"
            font.save(path)
            made[f"{family}-{width}"] = path
    return made


@dataclass
class Record:
    """What the clients were told, and what is wrong so far."""

    present: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)  # stages of changes
    acknowledged: int = 0

    def hear(self, pipe: Any) -> tuple[str, str] | None:
        """Take in what the writer said before it died; returns what was under way."""
        under_way = None
        try:
            while pipe.poll():
                action, target, done = pipe.recv()
                under_way = None if done else (action, target)
                if done:
                    self.acknowledged += 1
                    if action == "add":
                        self.present.add(target)
                    elif action == "remove":
                        self.present.discard(target)
        except (EOFError, OSError):
            pass
        return under_way


def copy_to_first_schema(data: Path, target: Path) -> None:
    """A copy of a data folder that others have open, its database of the first schema.

    The rows are copied by SQLite: between two files of one database a commit may move from one
    to the other.
    """
    shutil.copytree(data, target, ignore=shutil.ignore_patterns("catalog.db*"))
    with (
        closing(sqlite3.connect(data / "catalog.db")) as source,
        closing(sqlite3.connect(target / "catalog.db")) as copy,
    ):
        source.backup(copy)
    downgrade(settings_of(target).database_url, "0001")


def jails_left(data: Path) -> list[str]:
    """The command lines of the jails below a data folder that are there ten seconds from now."""
    until = time.monotonic() + 10
    while True:
        left = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "index.jailed" in line and str(data) in line:
                left.append(line)
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.05)


def by_stage(hits: Counter[tuple[str, str]]) -> Counter[str]:
    """All changes together."""
    stages: Counter[str] = Counter()
    for (stage, _), count in hits.items():
        stages[stage] += count
    return stages


class Trial:
    """One data folder that is killed and looked at again and again."""

    def __init__(self, data: Path, fonts: dict[str, Path], seed: int) -> None:
        self.data = data
        self.rng = random.Random(seed)
        self.record = Record()
        self.aimed: Counter[str] = Counter()
        self.processes = multiprocessing.get_context("fork")  # a start costs no imports
        self.seconds = self.processes.RawArray("d", [GUESS] * len(STAGES))
        self.queries = [picture_of(p) for p in sorted(FONTS.glob("*/*-latin-400-normal.woff2"))]
        self.pictures = {name: picture_of(path) for name, path in fonts.items()}
        with closing(opened(data)) as catalog:
            catalog.rebuild_from_fonts(jobs=1, chromium=False)
            with patch.object(writing, "Jail", InProcess):
                catalog.add_fonts(list(fonts.values()))
            # What the tests' coarse embedder tells apart when all are there, it finds beside fewer.
            with self.of_the_first_schema() as older:
                self.fonts = {
                    name: path
                    for name, path in fonts.items()
                    if self.finds(catalog, name) and self.finds(older, name)
                }
                answers_of_older = self.fixed(older)
            for name in fonts:
                catalog.remove_family(name)
            self.expected = [self.fixed(catalog)]
        self.expected_of_older = [*self.expected, answers_of_older]  # a rebuild makes columns

    def finds(self, catalog: FontCatalog, name: str) -> bool:
        """Whether the picture of an own family is answered with it."""
        match = catalog.search(self.pictures[name], proof=False).matches[0]
        return name in (match.family.id, *(twin.id for twin in match.twins))

    def fixed(self, catalog: FontCatalog) -> list[Any]:
        """The answers to the fixed queries: families and scores, to the last digit."""
        only = Filters(source=("google",))
        answers = [catalog.search(q, proof=False, filters=only).matches for q in self.queries]
        return [[(m.family.id, m.face.id, m.score) for m in matches] for matches in answers]

    @contextmanager
    def of_the_first_schema(self) -> Iterator[FontCatalog]:
        """A copy that was of the first schema: it has no columns."""
        data = self.data.with_name("older")
        copy_to_first_schema(self.data, data)
        started = time.monotonic()
        with closing(opened(data)) as catalog:
            self.seconds[STAGES.index("migrating")] = time.monotonic() - started
            yield catalog
        shutil.rmtree(data)

    def plan(self) -> Plan:
        """A stage that was hit least, the change in it that was, and a moment."""
        stages = by_stage(self.record.hits)
        # One that is over before it can be hit is aimed at three times as often and no more.
        hits = {s: max(stages[s], self.aimed[s] // 3) for s in STAGES}
        stage = self.rng.choice([stage for stage in STAGES if hits[stage] == min(hits.values())])
        change = min(CHANGES[stage], key=lambda change: self.record.hits[stage, change])
        at_first = ("opening", "migrating", "jail")  # the jail's start takes its time
        skip = 0 if stage in at_first else self.rng.choice((0, 1, 1, 2))
        self.aimed[stage] += 1
        return Plan(stage, change, skip, self.rng.uniform(0, 1.1), self.rng.getrandbits(32))

    def kill(self) -> None:
        """One writer, one kill, one look."""
        before, plan = set(self.record.present), self.plan()
        migrating = plan.stage == "migrating"
        data = self.data
        if migrating:  # in a copy: the worker beside would meet a schema of the past
            data = self.data.with_name("older")
            copy_to_first_schema(self.data, data)
        heard, said = self.processes.Pipe(duplex=False)
        at = self.processes.RawArray("b", 1)
        process = self.processes.Process(
            target=write_until_killed, args=(data, self.fonts, plan, said, at, self.seconds)
        )
        process.start()
        said.close()
        process.join(600)
        if process.exitcode != -signal.SIGKILL:
            self.record.wrong.append(f"the writer ended by itself: {process.exitcode}, {plan}")
            process.kill()
            process.join()
        under_way = self.record.hear(heard)
        self.record.hits[STAGES[at[0]], under_way[0] if under_way else ""] += 1
        if STAGES[at[0]] == plan.stage:  # it may take longer than was thought
            self.seconds[at[0]] *= 1.1
        self.look(data, under_way, self.expected_of_older if migrating else self.expected)
        if migrating:
            self.record.present = before
            shutil.rmtree(data)
        if plan.stage == "jail" and (left := jails_left(data)):
            self.record.wrong.append(f"jails outlive their writer by ten seconds: {left}")

    def look(self, data: Path, under_way: tuple[str, str] | None, answers: list[Any]) -> None:
        """Start again; everything acknowledged is there, what was under way whole or not at all.

        The fixed queries have one of these `answers`.
        """
        wrong = self.record.wrong
        with closing(opened(data)) as catalog:
            ids = {family.id for family in catalog.families(limit=200).items}
            if under_way and under_way[0] in ("add", "remove"):
                self.record.present ^= (self.record.present ^ ids) & {under_way[1]}
            if ids != self.record.present | set(GOOGLE):
                wrong.append(f"families are {sorted(ids)}, acknowledged {self.record.present}")
            for name in sorted(self.record.present & ids):
                if not self.finds(catalog, name):
                    wrong.append(f"{name} is not found")
            if self.fixed(catalog) not in answers:
                wrong.append("the fixed queries have other answers")
        report = examine(settings_of(data), embedder=Remembering())
        wrong += [f"{finding.code}: {finding.what}" for finding in report.findings]


def run(
    count: int, seed: int, minutes: float = 60, say: Callable[[str], object] = lambda line: None
) -> dict[str, Any]:
    """Kill `count` times; what was under way, where the writer was, and what went wrong."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fontkin-kills-") as folder:
        data = Path(folder, "data")
        shutil.copytree(FONTS, data / "fonts")
        trial = Trial(data, make_fonts(Path(folder, "own")), seed)
        stop, failures = trial.processes.Event(), trial.processes.Queue()
        beside = trial.processes.Process(target=search_beside, args=(data, stop, failures))
        beside.start()
        try:
            for number in range(1, count + 1):
                if time.monotonic() - started > 60 * minutes:
                    break
                known = len(trial.record.wrong)
                trial.kill()
                for line in trial.record.wrong[known:]:
                    say(f"kill {number}: {line}")
                if number % 25 == 0:
                    say(f"{number} kills, {len(trial.record.wrong)} wrong")
        finally:
            stop.set()
            beside.join(60)
        wrong = trial.record.wrong
        while not failures.empty():
            wrong.append(failures.get())
    return {
        "kills": trial.record.hits.total(),
        "seed": seed,
        "acknowledged": trial.record.acknowledged,
        "stages": dict(by_stage(trial.record.hits)),
        "changes": {f"{s} {c}": n for (s, c), n in sorted(trial.record.hits.items()) if c},
        "aimed": dict(trial.aimed),
        "stage_ms": {s: round(1e3 * t, 1) for s, t in zip(STAGES, trial.seconds, strict=True)},
        "wrong": wrong[:20],
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="stop after this long")
    given = parser.parse_args()
    result = run(given.count, given.seed, given.minutes, lambda line: sys.stderr.write(line + "\n"))
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
