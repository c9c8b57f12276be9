"""The start of a training on another machine, with a Python and a pip that the tests hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import checkout

__all__ = ["checkout"]
# Makes environments: their pip waits for the file "go", their Python trains until "stop" is there.
PYTHON = f"""#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && cp "$0.pip" "$3/bin/pip" && cp "$0.trains" "$3/bin/python" ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
PIP = """#!/bin/sh
echo "$$ $*" >>"{folder}/pip"
while [ ! -e "{folder}/go" ]; do sleep 0.05; done
touch "${{0%/bin/pip}}/installed"
"""
TRAINS = """#!/bin/sh
ls "${{0%/bin/python}}/installed" && echo "$*" >>"{folder}/trained"
while [ ! -e "{folder}/stop" ]; do sleep 0.05; done
mkdir -p runs/tiny && echo runs/tiny
"""


def until(what: Callable[[], object]) -> None:
    """Wait until it is true, a minute at most."""
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


class Machine:
    """The other machine: a checkout that was synced, and what its Pythons were called with."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder, self.checkout, self.bin = folder, checkout, folder / "bin"
        self.started: list[subprocess.Popen[str]] = []
        self.bin.mkdir()
        self.python("python3.13")
        (checkout / "tiny.toml").write_text('name = "tiny"\n')
        self.let("stop")

    def python(self, name: str, text: str = PYTHON) -> None:
        """Put a program of that name on the machine's PATH."""
        program = self.bin / name
        program.write_text(text)
        program.chmod(0o755)
        for end, script in {".pip": PIP, ".trains": TRAINS}.items():
            beside = self.bin / (name + end)
            beside.write_text(script.format(folder=self.folder))
            beside.chmod(0o755)

    def start(self, python: str = "", job: str = "jobs/1") -> subprocess.Popen[str]:
        """As `train_remote.sh` starts the job there."""
        process = subprocess.Popen(
            ["bash", "scripts/train_there.sh", job, python, "tiny.toml", "seed=2"],
            cwd=self.checkout,
            env={"PATH": f"{self.bin}:/usr/bin:/bin"},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def done(self, process: subprocess.Popen[str]) -> str:
        """What it said; it must have succeeded."""
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
        return said

    def let(self, name: str) -> None:
        """Let pip ("go") end, or the training ("stop")."""
        (self.folder / name).touch()

    def hold(self, name: str) -> None:
        """Let them wait again."""
        (self.folder / name).unlink()

    def lines(self, name: str) -> list[str]:
        """The calls of "pip", or the trainings that had its packages ("trained")."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def ended(self, job: str = "jobs/1") -> bool:
        """Whether the job has its exit code."""
        return (self.checkout / job / "code").exists()

    def environments(self) -> set[str]:
        """Their names."""
        return {path.name for path in (self.checkout / ".venvs").glob("[!.]*")}


@pytest.fixture
def machine(tmp_path: Path, checkout: Path) -> Iterator[Machine]:
    """A machine on which nothing waits when the test is over."""
    made = Machine(tmp_path, checkout)
    yield made
    made.let("go")
    made.let("stop")
    for process in made.started:
        process.communicate(timeout=60)


def test_a_pip_that_was_killed_is_begun_anew(machine: Machine) -> None:
    """Nothing is trained in half an environment, which has a Python already."""
    cut = machine.start()
    until(lambda: machine.lines("pip"))
    os.killpg(cut.pid, signal.SIGKILL)
    cut.communicate()
    assert list(machine.checkout.glob(".venvs/*/bin/python")) and not machine.ended()
    machine.let("go")
    said = machine.done(machine.start())
    until(machine.ended)
    assert "installing the packages of requirements-train.txt" in said
    assert len(machine.lines("pip")) == 2
    assert machine.lines("trained") == ["-m scripts.train tiny.toml seed=2"]
    assert machine.done(machine.start()) == "" and len(machine.lines("pip")) == 2


def test_a_pip_that_outlives_its_connection_is_waited_for(machine: Machine) -> None:
    """The shell is killed and the installation goes on: the next start waits for what it makes."""
    cut = machine.start()
    until(lambda: machine.lines("pip"))
    os.kill(cut.pid, signal.SIGKILL)
    cut.wait()
    second = machine.start()
    time.sleep(0.3)
    assert second.poll() is None and len(machine.lines("pip")) == 1
    machine.let("go")
    assert "waiting for another start" in machine.done(second)
    until(machine.ended)
    assert len(machine.lines("pip")) == 1 and len(machine.lines("trained")) == 1


def test_two_starts_train_once(machine: Machine) -> None:
    """The first one's connection was lost, not its shell: both go on."""
    machine.hold("stop")
    both = [machine.start(), machine.start()]
    until(lambda: machine.lines("pip"))
    machine.let("go")
    for process in both:
        machine.done(process)
    machine.done(machine.start())
    machine.let("stop")
    until(machine.ended)
    assert len(machine.lines("pip")) == 1 and len(machine.lines("trained")) == 1


@pytest.mark.parametrize("changed", ["requirements-train.txt", "requirements-serve.txt"])
def test_changed_requirements_are_installed(machine: Machine, changed: str) -> None:
    """Beside those that a training still uses, and in place of those that none does."""
    machine.let("go")
    machine.hold("stop")
    machine.done(machine.start())
    first = machine.environments()
    path = machine.checkout / changed
    for number in (1, 2):
        path.write_text(f"{path.read_text()}# {number}\n")
        machine.done(machine.start(job="jobs/2"))
        assert len(machine.lines("pip")) == 1 + number
        # The first job holds the first, the second job that of the first change.
        assert first < machine.environments() and len(machine.environments()) == 1 + number
    machine.let("stop")
    until(lambda: machine.ended() and machine.ended("jobs/2"))
    machine.done(machine.start(job="jobs/3"))
    assert len(machine.environments()) == 1 and not first & machine.environments()


def test_the_newest_python_that_can_be_used_is_taken(machine: Machine) -> None:
    """One that is but a name, or lacks venv, is passed over."""
    machine.let("go")
    machine.python("python3.13", "#!/bin/sh\necho 'no such version' >&2; exit 127\n")
    machine.python("python3.12", "#!/bin/sh\nexit 1\n")
    machine.python("python3.11")
    machine.done(machine.start())
    assert [name.rpartition("-")[0] for name in machine.environments()] == ["python3.11"]


def test_an_old_python_is_refused_at_once(machine: Machine) -> None:
    """Ubuntu 22.04 alone has 3.10: exit code 2, with what to install."""
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        machine.python(name, "#!/bin/sh\nexit 1\n")
    process = machine.start()
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2 and "apt-get install python3.11-venv" in said
    assert machine.environments() == set()


def test_a_given_python_must_be_there(machine: Machine) -> None:
    """It is used as it is, or refused by name."""
    process = machine.start("/none/python")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2 and "FONTKIN_REMOTE_PYTHON=/none/python" in said
    machine.done(machine.start(sys.executable))
    assert machine.environments() == set()
