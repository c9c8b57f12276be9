"""Training on another machine, over a real SSH server on loopback."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import checkout
from tests.ports import free_port
from tests.test_scripts_train_there import Machine, until
from tests.tiny_training import tiny_config

__all__ = ["checkout"]
ROOT = Path(__file__).resolve().parent.parent
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SSHD or not shutil.which("rsync"), reason="needs sshd and rsync"),
]


@dataclass(frozen=True)
class Remote:
    """A server, how to reach it, and the folder that stands for its home."""

    process: subprocess.Popen[bytes]
    options: str
    home: Path

    def sessions(self) -> list[int]:
        """The processes of the connections that are open."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    """An SSH server of our own: its own port, keys and settings; it ends with the test."""
    home = tmp_path / "remote"
    home.mkdir()
    for name in ("host", "client"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(key, check=True)
    port = free_port()
    config = tmp_path / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {tmp_path}/host\nPidFile none\n"
        f"AuthorizedKeysFile {tmp_path}/client.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        f"SetEnv PATH={tmp_path}/bin:{os.environ['PATH']}\n"
    )
    if os.getuid() == 0:  # where it drops its privileges
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL)
    options = (
        f"-p {port} -i {tmp_path}/client -o StrictHostKeyChecking=no -o LogLevel=ERROR "
        f"-o UserKnownHostsFile={tmp_path}/known -o IdentitiesOnly=yes -F none"
    )
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    try:
        yield Remote(server, options, home)
    finally:
        server.terminate()
        server.wait(10)


def started(
    checkout: Path, remote: Remote, tmp_path: Path, samples: int, *more: str
) -> subprocess.Popen[str]:
    """`scripts/train_remote.sh` of that checkout, running."""
    fonts = remote.home / "fonts"
    if not fonts.exists():
        shutil.copytree(ROOT / "tests" / "fonts", fonts)
    config = checkout / "tiny.toml"
    config.write_text(tiny_config(fonts=fonts, samples=samples))
    return sent(checkout, remote, *more, FONTKIN_REMOTE_PYTHON=sys.executable)


def sent(checkout: Path, remote: Remote, *more: str, **settings: str) -> subprocess.Popen[str]:
    """The same with the checkout's tiny.toml as it is."""
    environment = os.environ | {
        "FONTKIN_SSH_OPTIONS": remote.options,
        "FONTKIN_REMOTE_FOLDER": str(remote.home / "work"),
    }
    script, config = checkout / "scripts" / "train_remote.sh", checkout / "tiny.toml"
    return subprocess.Popen(
        [str(script), f"{getpass.getuser()}@127.0.0.1", str(config), *more],
        env=environment | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_lost_connection_loses_nothing(checkout: Path, remote: Remote, tmp_path: Path) -> None:
    """The training goes on without us, every line is seen once, and the result comes home."""
    lines, cut = [], False
    with started(checkout, remote, tmp_path, 16) as running:
        assert running.stdout
        for line in running.stdout:
            lines.append(line)
            if line.startswith("{") and not cut:
                cut = True
                for pid in remote.sessions():
                    os.kill(pid, signal.SIGKILL)
    assert cut and running.returncode == 0, "".join(lines)
    epochs = [line for line in lines if line.startswith("{")]
    assert len(epochs) == 4 and len(set(epochs)) == 4
    there, here = (folder / "runs" / "tiny" for folder in (remote.home / "work", checkout))
    assert (here / "metrics.jsonl").read_bytes() == (there / "metrics.jsonl").read_bytes()
    assert list(here.glob("*.safetensors"))
    assert lines[-1].strip() == "runs/tiny"
    again = started(checkout, remote, tmp_path, 16)
    output = again.communicate(timeout=60)[0]
    assert again.returncode == 0 and output.strip().endswith("runs/tiny")
    assert len((here / "metrics.jsonl").read_text().splitlines()) == 4


def test_a_connection_lost_while_packages_are_installed(
    checkout: Path, remote: Remote, tmp_path: Path
) -> None:
    """They are installed once, then it trains once; all with files that were sent."""
    machine = Machine(tmp_path, checkout)
    (checkout / "base.toml").write_text("seed = 3\n")  # not under git
    (checkout / "tiny.toml").write_text('extends = "base.toml"\nname = "tiny"\n')
    origin = Path("build/warm-start/fifth.onnx")  # nor is this; there is no git there to give it
    (checkout / origin).parent.mkdir(parents=True)
    (checkout / origin).write_bytes(b"weights")
    running = sent(checkout, remote)
    until(lambda: machine.lines("pip"))
    for pid in remote.sessions():
        os.kill(pid, signal.SIGKILL)
    machine.let("go")
    output = running.communicate(timeout=60)[0]
    assert running.returncode == 0 and output.endswith("runs/tiny\n"), output
    assert "no connection" in output and (checkout / "runs" / "tiny").is_dir()
    assert len(machine.lines("pip")) == 1
    assert machine.lines("trained") == ["-m scripts.train tiny.toml"]
    assert (remote.home / "work" / "base.toml").read_text() == "seed = 3\n"
    assert (remote.home / "work" / origin).read_bytes() == b"weights"


def test_a_failure_there_is_told_here(checkout: Path, remote: Remote, tmp_path: Path) -> None:
    """A value that the config does not know: its message comes, and exit code 1."""
    running = started(checkout, remote, tmp_path, 8, "loss.speed=3")
    output = running.communicate(timeout=60)[0]
    assert running.returncode == 1
    assert "speed" in output and "exit code 2" in output


def test_who_is_not_let_in_is_told_at_once(checkout: Path, remote: Remote, tmp_path: Path) -> None:
    """A key that the server does not know will not be known in an hour: exit code 1."""
    (tmp_path / "client.pub").write_text("")
    (checkout / "tiny.toml").write_text('name = "tiny"\n')
    running = sent(checkout, remote)
    output = running.communicate(timeout=60)[0]
    assert running.returncode == 1 and "must let you in by key" in output


def test_what_cannot_be_reached_is_no_traceback(checkout: Path) -> None:
    """Wrong words are 2 and show how it is used."""
    command = [str(checkout / "scripts" / "train_remote.sh"), "nobody@127.0.0.1", "lost.toml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "USER@HOST" in done.stderr and "lost.toml does not exist" in done.stderr
