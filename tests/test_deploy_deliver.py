"""`deploy/deliver.sh` and the `fontkin` command of a server, with the programs around them held."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
# Runs the command in the folder "there". What goes to a connection that is "cut" kills its writer.
SSH = """
for last; do :; done
cd "$THERE"
case $last in
  *update.sh*) [ ! -e cut ] || { sh -c "$last" | true; sleep 1; exit 255; } ;;
esac
exec sh -c "$last"
"""
UPDATE = """
echo "from old to $FONTKIN_RELEASE"; sleep 0.3
echo "switching"; sleep 0.1
echo "$FONTKIN_RELEASE $*" >>"$THERE/updated"
[ ! -e "$THERE/broken" ]
"""


def program(path: Path, text: str) -> Path:
    """A shell script of that text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}")
    path.chmod(0o755)
    return path


class Delivery:
    """A small checkout, the server's home beside it, and an ssh between the two."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.there = folder, folder / "there"
        self.there.mkdir()
        checkout = folder / "checkout"
        for part in ("api", "bin", "db", "encoder", "index", "scripts"):
            (checkout / part).mkdir(parents=True)
        shutil.copytree(DEPLOY, checkout / "deploy")
        program(checkout / "deploy" / "update.sh", UPDATE)
        (checkout / "requirements-serve.lock").write_text("none")
        (checkout / "scripts" / "smoke.py").write_text("print('asked')\n")
        program(folder / "bin" / "ssh", SSH)
        program(folder / "bin" / "sudo", 'shift; exec "$@"\n')

    def run(self) -> subprocess.CompletedProcess[str]:
        """Bring it there."""
        environment = os.environ | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "THERE": str(self.there),
            "FONTKIN_RELEASE": "abc",
        }
        return subprocess.run(
            [str(self.folder / "checkout/deploy/deliver.sh"), "me@there", "https://there"],
            env=environment,
            capture_output=True,
            text=True,
        )

    def left(self) -> set[str]:
        """What lies in the server's home."""
        return {path.name for path in self.there.iterdir()}


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    """Nothing is there yet."""
    return Delivery(tmp_path)


def test_what_the_update_says_is_shown(delivery: Delivery) -> None:
    """It is copied, updated to and asked; nothing else stays there."""
    done = delivery.run()
    assert done.returncode == 0, done.stderr
    words = ("from old to abc", "switching", "asked")
    assert [line for line in done.stdout.splitlines() if line in words] == list(words)
    assert (delivery.there / "updated").read_text() == "abc \n"
    assert delivery.left() == {"updated"}


def test_an_update_that_fails_is_told(delivery: Delivery) -> None:
    """Its exit code and its words, and no picture is asked."""
    (delivery.there / "broken").touch()
    done = delivery.run()
    assert done.returncode == 1 and "switching" in done.stdout and "asked" not in done.stdout
    assert delivery.left() == {"broken", "updated"}


def test_a_lost_connection_does_not_stop_the_update(delivery: Delivery) -> None:
    """Nobody hears it any more; it goes on to its end."""
    (delivery.there / "cut").touch()
    assert delivery.run().returncode == 255
    assert (delivery.there / "updated").read_text() == "abc \n"


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """The server's `fontkin`, which shows what it was called with instead of running anything."""
    program(tmp_path / "bin" / "runuser", 'shift 3; exec "$@"\n')
    program(tmp_path / "current" / "bin" / "fontkin", 'env -0; printf "called %s\\0" "$*"\n')
    text = (DEPLOY / "fontkin.sh").read_text()
    text = text.replace("/etc/fontkin", str(tmp_path)).replace("/opt/fontkin", str(tmp_path))
    return program(tmp_path / "fontkin.sh", text)


def test_settings_are_read_and_not_run(command: Path, tmp_path: Path) -> None:
    """What a shell would run or fill in is a value, as it is for systemd; home is the service's."""
    (tmp_path / "fontkin.env").write_text(
        "# FONTKIN_A=0\n\nFONTKIN_B=two words\nFONTKIN_C='quoted $HOME'\n  FONTKIN_D=$(id)\n"
        'FONTKIN_E="a=b"\nFONTKIN_F='
    )
    done = subprocess.run(
        ["sh", str(command), "search", "a b.png"],
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": "/root"},
        capture_output=True,
        text=True,
        check=True,
    )
    *pairs, called = done.stdout.rstrip("\0").split("\0")
    seen = dict(pair.split("=", 1) for pair in pairs)
    assert {name: value for name, value in seen.items() if name.startswith("FONTKIN")} == {
        "FONTKIN_B": "two words",
        "FONTKIN_C": "quoted $HOME",
        "FONTKIN_D": "$(id)",
        "FONTKIN_E": "a=b",
        "FONTKIN_F": "",
    }
    assert seen["HOME"] == "/var/lib/fontkin" and called == "called search a b.png"


def test_a_server_that_updates_itself_is_waited_for(tmp_path: Path) -> None:
    """apt's lists are locked in a fresh server's first minutes: it is tried again."""
    called = f'echo "${{0##*/}} $*" >>{tmp_path}/calls\n'
    locked = f"[ $1 != update ] || [ $(grep -c update {tmp_path}/calls) -gt 2 ]\n"
    program(tmp_path / "bin" / "apt-get", called + locked)
    program(tmp_path / "bin" / "sleep", called)
    program(tmp_path / "bin" / "dpkg-query", "exit 1\n")
    subprocess.run(
        ["bash", "-euc", f". {DEPLOY}/lib.sh; install_packages nginx ufw"],
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
        check=True,
    )
    *waited, last = (tmp_path / "calls").read_text().splitlines()
    assert waited == ["apt-get update -qq", "sleep 10"] * 2 + ["apt-get update -qq"]
    assert last.startswith("apt-get install") and last.endswith("nginx ufw")
    assert "DPkg::Lock::Timeout" in last
