"""kill -9 a writer at random moments, under searches, and look at what is left each time.

`python -m tests.kills --count 300 --seed 1` exits with 1 and says what was lost, if anything was.
The writer is a real process on real files; fonts are drawn in it and not in the jail, and the
embedder is the tests' own, so that most moments fall into what writes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from fontTools.ttLib import TTFont

from db.session import Database
from encoder.fontfile import FaceRef
from encoder.reference import ReferenceLine
from index import writer as writing
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.drawing import Here
from index.filters import Filters
from index.live import LiveView
from index.repair import examine
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of

FONTS = Path(__file__).with_name("fonts")
WIDTHS = (50, 62, 75, 125, 150, 180)
STAGES = ("opening", "idle", "drawing", "rows", "index", "files")
GOOGLE = ("abril-fatface", "cantarell", "courier-prime", "lora")


# Filled before the first fork, so that a writer that will live for a moment need not draw.
DRAWN: dict[object, np.ndarray] = {}
EMBEDDED: dict[bytes, np.ndarray] = {}


class Remembering(FakeEmbedder):
    """The tests' embedder, which embeds a picture once."""

    def embed_line(self, picture: np.ndarray) -> np.ndarray:
        """See `FakeEmbedder`."""
        key = hashlib.sha256(picture.tobytes()).digest()
        if key not in EMBEDDED:
            EMBEDDED[key] = super().embed_line(picture)
        return EMBEDDED[key]


class InProcess(Here):
    """The jail's drawer without the jail: its start would take most of a writer's time."""

    def __init__(self, folder: Path) -> None:
        """The folder is the jail's."""

    def measure(self, path: Path) -> int:
        """Our fonts are whole."""
        return 1

    def line(self, ref: FaceRef, line: ReferenceLine) -> np.ndarray:
        """Drawn once: files are named by their content."""
        key = (ref.path.name, line)
        if key not in DRAWN:
            DRAWN[key] = super().line(ref, line)
        return DRAWN[key]

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *_: object) -> None: ...


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


def opened(data: Path) -> FontCatalog:
    return open_catalog(settings_of(data), embedder=Remembering())


def settings_of(data: Path) -> Settings:
    return Settings(data=data, prebuilt=data / "none", lock_seconds=20)


def write_until_killed(
    data: Path, fonts: dict[str, Path], seed: int, pipe: Any, stage: Any
) -> None:
    """Add, remove and rebuild at random; say before each what begins, and when it is done."""
    watch(stage)
    stage[0] = STAGES.index("opening")
    catalog = opened(data)
    rng = random.Random(seed)
    stop = threading.Event()
    threading.Thread(target=search_until, args=(catalog, stop), daemon=True).start()
    while True:
        stage[0] = STAGES.index("idle")
        there = {family.id for family in catalog.families(limit=200).items} & set(fonts)
        action = rng.choices(["add", "remove", "vectors", "fonts"], [6, 4, 1, 1])[0]
        absent = sorted(set(fonts) - there)
        if action == "remove" and not there or action == "add" and not absent:
            continue
        target = rng.choice(absent if action == "add" else sorted(there) or [""])
        pipe.send((action, target, False))
        stage[0] = STAGES.index("drawing")
        if action == "add":
            catalog.add_fonts([fonts[target]])
        elif action == "remove":
            catalog.remove_family(target)
        elif action == "vectors":
            catalog.rebuild_from_vectors()
        else:
            catalog.rebuild_from_fonts(jobs=1, chromium=False)
        pipe.send((action, target, True))


def watch(stage: Any) -> None:
    """Note where the writer is, for the statistics; the work itself stays as it is."""
    writing.Jail = InProcess  # type: ignore[attr-defined, assignment, misc]
    save, write, settle = LiveView._save, Database.write, writing.OwnFiles.settle

    def noting(name: str, call: Any) -> Any:
        def noted(*args: Any, **kwargs: Any) -> Any:
            stage[0] = STAGES.index(name)
            return call(*args, **kwargs)

        return noted

    LiveView._save = noting("index", save)  # type: ignore[method-assign]
    Database.write = noting("rows", write)  # type: ignore[method-assign]
    writing.OwnFiles.settle = noting("files", settle)  # type: ignore[method-assign]


def search_until(catalog: FontCatalog, stop: Any) -> None:
    """Search without a pause worth the name."""
    picture = picture_of(FONTS / "lora" / "lora-latin-400-normal.woff2")
    while not stop.wait(0.02):
        catalog.search(picture, proof=False, filters=Filters(source=("google",)))


def search_beside(data: Path, stop: Any, failures: Any) -> None:
    """A second worker, which lives through all kills: every search must answer, Lora first."""
    picture = picture_of(FONTS / "lora" / "lora-latin-400-normal.woff2")
    with closing(opened(data)) as catalog:
        while not stop.wait(0.05):
            try:
                found = catalog.search(picture, proof=False, filters=Filters(source=("google",)))
                if found.matches[0].family.id != "lora":
                    failures.put(f"beside: {found.matches[0].family.id} before lora")
            except Exception as error:
                failures.put(f"beside: {type(error).__name__}: {error}")


@dataclass
class Record:
    """What the clients were told, and what is wrong so far."""

    present: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    actions: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    under_way: tuple[str, str] | None = None

    def hear(self, pipe: Any) -> tuple[str, str] | None:
        """Take in what the writer said before it died; returns what was under way."""
        try:
            while pipe.poll():
                action, target, done = pipe.recv()
                self.under_way = None if done else (action, target)
                if done:
                    self.acknowledged += 1
                    if action == "add":
                        self.present.add(target)
                    elif action == "remove":
                        self.present.discard(target)
        except (EOFError, OSError):
            pass
        return self.under_way


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


class Trial:
    """One data folder that is killed and looked at again and again."""

    def __init__(self, data: Path, fonts: dict[str, Path], seed: int) -> None:
        self.data = data
        self.rng = random.Random(seed)
        self.record = Record()
        self.pace = 0.3  # seconds that an action takes, about
        self.processes = multiprocessing.get_context("fork")  # a start costs no imports
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
        with closing(opened(data)) as catalog:
            yield catalog
        shutil.rmtree(data)

    def kill(self) -> None:
        """One writer, one kill, one look."""
        before = set(self.record.present)
        migrating = self.rng.random() < 0.15
        data = self.data
        if migrating:  # in a copy: the worker beside would meet a schema of the past
            data = self.data.with_name("older")
            copy_to_first_schema(self.data, data)
        self.record.under_way = None
        heard, said = self.processes.Pipe(duplex=False)
        stage = self.processes.RawArray("b", 1)
        seed = self.rng.getrandbits(32)
        process = self.processes.Process(
            target=write_until_killed, args=(data, self.fonts, seed, said, stage)
        )
        process.start()
        said.close()
        self.wait(heard, migrating)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        under_way = self.record.hear(heard)
        self.record.stages["migrating" if migrating else STAGES[stage[0]]] += 1
        self.record.actions[under_way[0] if under_way else "none"] += 1
        self.look(data, under_way, self.expected_of_older if migrating else self.expected)
        if migrating:
            self.record.present = before
            shutil.rmtree(data)

    def wait(self, heard: Any, migrating: bool) -> None:
        """Until none to two actions are done, then any moment of the time that one takes."""
        if not migrating:
            actions = self.record.acknowledged + self.rng.choice((0, 1, 1, 2))
            until = time.monotonic() + 20
            while self.record.acknowledged < actions and time.monotonic() < until:
                started = time.monotonic()
                if heard.poll(1):
                    self.record.hear(heard)
                    self.pace += (time.monotonic() - started - self.pace) / 8
        time.sleep(self.rng.uniform(0, 1.5 * self.pace))

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
                trial.kill()
                if number % 25 == 0:
                    say(f"{number} kills, {len(trial.record.wrong)} wrong")
        finally:
            stop.set()
            beside.join(60)
        wrong = trial.record.wrong
        while not failures.empty():
            wrong.append(failures.get())
    return {
        "kills": sum(trial.record.actions.values()),
        "seed": seed,
        "acknowledged": trial.record.acknowledged,
        "under_way": dict(trial.record.actions),
        "stages": dict(trial.record.stages),
        "wrong": wrong[:20],
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="stop after this long")
    given = parser.parse_args()
    result = run(given.count, given.seed, given.minutes, lambda line: sys.stderr.write(line + "\n"))
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
