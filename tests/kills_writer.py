"""The process of `tests.kills` that changes a catalogue until the kernel ends it."""

from __future__ import annotations

import ctypes
import hashlib
import random
import signal
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.session import Database
from encoder.fontfile import FaceRef
from encoder.reference import ReferenceLine
from index import writer as writing
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.drawing import Here
from index.filters import Filters
from index.live import LiveView
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder, FakeReference
from tests.test_index_catalog import picture_of

FONTS = Path(__file__).with_name("fonts")
# The start; the start on an older schema; between changes; fonts drawn here; fonts read and drawn
# in the jail; from the first line of the rows' transaction until an own file is laid, or else its
# commit; with an own file laid until the commit of its row; saving the index; clearing away own
# files.
STAGES = ("opening", "migrating", "idle", "drawing", "jail", "rows", "laid", "index", "files")
# The changes that pass through a stage; "" where nothing is under way.
CHANGES: dict[str, tuple[str, ...]] = {
    "opening": ("",),
    "migrating": ("",),
    "idle": ("",),
    "drawing": ("add", "fonts"),
    "jail": ("add",),
    "rows": ("add", "remove", "fonts"),
    "laid": ("add",),
    "index": ("add", "remove", "vectors", "fonts"),
    "files": ("add", "remove"),
}

# Filled before the first fork, so that a writer that will live for a moment need not draw.
DRAWN: dict[object, np.ndarray] = {}
EMBEDDED: dict[bytes, FakeReference] = {}


class Remembering(FakeEmbedder):
    """The tests' embedder, which embeds a picture once."""

    def embed_line(self, picture: np.ndarray) -> FakeReference:
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


def settings_of(data: Path) -> Settings:
    """Of a data folder without a shipped catalogue."""
    return Settings(data=data, prebuilt=data / "none", lock_seconds=20)


def opened(data: Path) -> FontCatalog:
    """Its catalogue."""
    return open_catalog(settings_of(data), embedder=Remembering())


def search_once(catalog: FontCatalog, picture: np.ndarray) -> str:
    """The first family of Google's for a picture."""
    found = catalog.search(picture, proof=False, filters=Filters(source=("google",)))
    return found.matches[0].family.id


@dataclass(frozen=True)
class Plan:
    """When a writer dies: in a stage of a change, after a `share` of what the stage takes.

    `skip` times the stage is passed before.
    """

    stage: str
    change: str
    skip: int
    share: float
    seed: int


class Watch:
    """Where the writer is. What it notes lies in memory that outlives it."""

    def __init__(self, plan: Plan, at: Any, seconds: Any) -> None:
        """`at`: one number, the stage; `seconds`: what each stage takes, running means."""
        self.plan, self.at, self.seconds = plan, at, seconds
        self.left, self.since = plan.skip, time.monotonic()
        self.change = ""  # that is under way

    def enter(self, stage: str) -> None:
        """The writer's own thread is in that stage from now on."""
        if threading.current_thread() is not threading.main_thread():
            return
        before, now = self.at[0], time.monotonic()
        # A stage that outran its kill takes less than was thought.
        outran = self.left < 0 and STAGES[before] == self.plan.stage
        self.seconds[before] += (now - self.since - self.seconds[before]) / (2 if outran else 8)
        self.at[0], self.since = STAGES.index(stage), now
        if (stage, self.change) == (self.plan.stage, self.plan.change):
            if self.left == 0:
                kill_in(self.plan.share * self.seconds[self.at[0]])
            self.left -= 1

    def follow(self) -> None:
        """Note the stages inside of a change; the work itself stays as it is."""

        def noting(call: Any, stage: str | None, afterwards: str | None = None) -> Any:
            def noted(*args: Any, **kwargs: Any) -> Any:
                if stage:
                    self.enter(stage)
                done = call(*args, **kwargs)
                if afterwards:
                    self.enter(afterwards)
                return done

            return noted

        keep, settle = writing.OwnFiles.keep, writing.OwnFiles.settle
        LiveView._save = noting(LiveView._save, "index")  # type: ignore[method-assign]
        Database.write = noting(Database.write, "rows")  # type: ignore[method-assign]
        writing.OwnFiles.keep = noting(keep, None, "laid")  # type: ignore[method-assign]
        writing.OwnFiles.settle = noting(settle, "files", "idle")  # type: ignore[method-assign]


def kill_in(seconds: float) -> None:
    """Have the kernel send SIGKILL to this process then, in the midst of whatever it does.

    A second process would be too late for stages of a millisecond, and a thread of Python's
    would wait until the others let it run.
    """
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = struct.pack("qii48x", 0, signal.SIGKILL, 0)  # struct sigevent with SIGEV_SIGNAL
    nanoseconds = max(1, round(1e9 * seconds))
    when = struct.pack("4q", 0, 0, *divmod(nanoseconds, 10**9))  # struct itimerspec
    if libc.timer_create(time.CLOCK_MONOTONIC, event, ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create")
    if libc.timer_settime(timer, 0, when, None):
        raise OSError(ctypes.get_errno(), "timer_settime")


def write_until_killed(
    data: Path, fonts: dict[str, Path], plan: Plan, pipe: Any, at: Any, seconds: Any
) -> None:
    """Add, remove and rebuild at random; say before each what begins, and when it is done."""
    watch = Watch(plan, at, seconds)
    watch.enter("migrating" if plan.stage == "migrating" else "opening")
    catalog = opened(data)
    watch.follow()
    jailed = plan.stage == "jail"
    if not jailed:
        writing.Jail = InProcess  # type: ignore[attr-defined, assignment, misc]
    rng, stop = random.Random(plan.seed), threading.Event()
    threading.Thread(target=search_until, args=(catalog, stop), daemon=True).start()
    often = {"add": 6, "remove": 4, "vectors": 1, "fonts": 1}
    if plan.change:
        often[plan.change] += 6
    while True:
        watch.change = ""
        watch.enter("idle")
        there = {family.id for family in catalog.families(limit=200).items} & set(fonts)
        action = rng.choices(list(often), list(often.values()))[0]
        absent = sorted(set(fonts) - there)
        if action == "remove" and not there or action == "add" and not absent:
            continue
        target = rng.choice(absent if action == "add" else sorted(there) or [""])
        pipe.send((action, target, False))
        watch.change = action
        if action == "add":
            watch.enter("jail" if jailed else "drawing")
            catalog.add_fonts([fonts[target]])
        elif action == "remove":
            catalog.remove_family(target)
        elif action == "vectors":
            catalog.rebuild_from_vectors()
        else:
            watch.enter("drawing")
            catalog.rebuild_from_fonts(jobs=1, chromium=False)
        pipe.send((action, target, True))


def search_until(catalog: FontCatalog, stop: Any) -> None:
    """Search without a pause worth the name."""
    picture = picture_of(FONTS / "lora" / "lora-latin-400-normal.woff2")
    while not stop.wait(0.02):
        search_once(catalog, picture)


def search_beside(data: Path, stop: Any, failures: Any) -> None:
    """A second worker, which lives through all kills: every search must answer, Lora first."""
    picture = picture_of(FONTS / "lora" / "lora-latin-400-normal.woff2")
    catalog = opened(data)
    while not stop.wait(0.05):
        try:
            if (first := search_once(catalog, picture)) != "lora":
                failures.put(f"beside: {first} before lora")
        except Exception as error:
            failures.put(f"beside: {type(error).__name__}: {error}")
    catalog.close()
