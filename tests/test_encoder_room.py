"""What a control group leaves, against groups written out by hand; and who ends when it is met."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoder import confine, room
from encoder.confine import Limits

MB = 2**20
ROOT = Path(__file__).resolve().parent.parent


def group(folder: Path, **values: str | int) -> Path:
    """A control group with these files (`memory_max` is memory.max)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{value}\n")
    return folder


def left(tmp_path: Path, own: str = "0::/system.slice/fontkin.service") -> int | None:
    """As a process of that group sees it."""
    (tmp_path / "own").write_text(f"{own}\n")
    return room.memory_left(tmp_path / "fs", tmp_path / "own")


def test_what_is_left(tmp_path: Path) -> None:
    """The lower limit, less what is used and cannot be dropped; the tightest group above counts."""
    stat = f"anon {500 * MB}\ninactive_file {90 * MB}\nactive_file {10 * MB}\nfile_mapped 7"
    unit = group(
        tmp_path / "fs/system.slice/fontkin.service",
        memory_max=880 * MB, memory_high=820 * MB, memory_current=700 * MB, memory_stat=stat,
    )  # fmt: skip
    group(tmp_path / "fs", memory_stat=stat)  # the root has no limits
    assert left(tmp_path) == 220 * MB
    group(unit, memory_high="max")
    assert left(tmp_path) == 280 * MB
    group(
        unit.parent,
        memory_max=100 * MB, memory_high="max", memory_current=95 * MB, memory_stat="anon 1",
    )  # fmt: skip
    assert left(tmp_path) == 5 * MB
    group(unit.parent, memory_current=200 * MB)
    assert left(tmp_path) == 0


@pytest.mark.parametrize("own", ["4:memory:/x", "0::/", "0::/nowhere", ""])
def test_where_nothing_limits(tmp_path: Path, own: str) -> None:
    """The first version, no limit, no such folder: nothing is left out of a child's limits."""
    group(tmp_path / "fs", memory_max="max", memory_high="max", memory_current=5)
    assert left(tmp_path, own) is None


def test_no_machine_of_another_kind_is_asked(tmp_path: Path) -> None:
    """Without /proc there is no limit either."""
    assert room.memory_left(tmp_path, tmp_path / "none") is None


@pytest.mark.parametrize(
    ("free", "holds", "expected"),
    [(None, 0, 1000), (300, 0, 300), (300, 290, 590), (3, 290, 354), (5000, 0, 1000)],
)
def test_limits_within(
    monkeypatch: pytest.MonkeyPatch, free: int | None, holds: int, expected: int
) -> None:
    """What is held counts as address space too; a little more may always be asked for."""
    monkeypatch.setattr(room, "memory_left", lambda: None if free is None else free * MB)
    limits = Limits(memory=1000 * MB, cpu=20, file_bytes=7)
    found = room.within(limits, holds * MB)
    assert found == Limits(memory=expected * MB, cpu=20, file_bytes=7)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's")
def test_who_is_confined_goes_first() -> None:
    """The kernel is told to end this process before all others; it has a second to say why."""
    limits = Limits(memory=2**30, cpu=20, file_bytes=0)
    files = ["/proc/self/oom_score_adj", "/proc/self/limits"]
    command = confine.command(limits, ["/bin/cat", *files], read=files, write=[])
    score, *lines = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert score == "1000"
    (cpu,) = [line.split()[3:5] for line in lines if line.startswith("Max cpu time")]
    assert cpu == ["20", "21"]


@contextlib.contextmanager
def limited_group(limit: int) -> Iterator[Path]:
    """A real control group that may take `limit` bytes, of either version."""
    first = Path("/sys/fs/cgroup/memory")
    folder = (first if first.is_dir() else first.parent) / f"fontkin-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no control groups can be made here")
    try:
        try:
            (folder / ("memory.limit_in_bytes" if first.is_dir() else "memory.max")).write_text(
                str(limit)
            )
        except OSError:
            pytest.skip("this group has no limit of memory")
        yield folder
    finally:
        for process in (folder / "cgroup.procs").read_text().split():
            os.kill(int(process), signal.SIGKILL)  # left behind by a service that was ended
        time.sleep(0.1)
        folder.rmdir()


SERVICE = """
import os, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from index.jail import BreachError, Jail
font = Path(sys.argv[2])
held = b"x" * (250 * 2**20)  # more than the child has when it meets the limit
with Jail(font.parent, module="tests.hostile_child") as jail:
    assert len(jail.faces(font)) == 1
    try:
        jail.faces(font, "fill")
    except BreachError as error:
        print(error.code)
    print(len(jail.faces(font)), len(held))
"""


def test_one_font_does_not_end_the_service(serif_path: Path, tmp_path: Path) -> None:
    """In a group of 400 MB a child that takes all is ended; the larger service and the next child
    go on.
    """
    font = tmp_path / "font.ttf"
    font.write_bytes(serif_path.read_bytes())
    with limited_group(400 * MB) as folder:
        done = subprocess.run(
            [sys.executable, "-c", SERVICE, str(folder), str(font)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert done.stdout.split() == ["memory-limit", "1", str(250 * MB)], done.stderr
