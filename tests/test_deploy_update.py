"""`deploy/update.sh` in a root of its own: forth, back, and what it leaves when it cannot."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each says that it was called; nginx finds no fault, and systemd starts nothing.
CALLED = 'echo "${0##*/} $*" >>/calls\n'
# The packages' Python: the smoke test of a release passes unless it is marked as broken.
PYTHON = """[ "$2" = compileall ] && exit
[ -z "$FONTKIN_TOKEN" ] || echo "token $FONTKIN_TOKEN" >>/calls
echo "smoke $(pwd -P)" >>/calls
[ ! -e scripts/broken ]
"""
_ENTER = """set -e
mount --rbind /usr "$1/usr" && mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/usr/local/bin"
exec chroot "$1" env -i PATH=/stubs:/usr/sbin:/usr/bin FONTKIN_RELEASE="$2" "$3" $4
"""


class Server:
    """A root folder with the system's programs, releases of Fontkin, and no systemd that works."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            *("usr", "dev", "tmp", "stubs", "run/systemd/system", "etc/systemd/system"),
            *("etc/nginx/snippets", "etc/nginx/conf.d", "var/lib/nginx", "opt/fontkin/releases"),
        ):
            (root / folder).mkdir(parents=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (root / name).symlink_to(f"usr/{name}")
        for name in ("systemctl", "nginx", "journalctl"):
            self._program(root / "stubs" / name, CALLED)
        self.prefix = root / "opt/fontkin"
        lock = hashlib.sha256(b"none").hexdigest()[:12]
        python = next(n for n in (13, 12, 11) if Path(f"/usr/bin/python3.{n}").exists())
        venv = self.prefix / "venvs" / f"python3.{python}-{lock}"
        self._program(venv / "bin/python", PYTHON)
        (venv / "complete").touch()

    def run(self, script: str, *, release: str = "") -> subprocess.CompletedProcess[str]:
        """`script` of the server with its options, as root, in that root."""
        program, _, options = script.partition(" ")
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh"]
        return subprocess.run(
            [*command, str(self.root), release, program, options], capture_output=True, text=True
        )

    def checkout(self, name: str, *, broken: bool = False) -> str:
        """A version's source, with our deploy/ and small parts else; its update.sh."""
        source = self.root / "srv" / name
        for part in ("api", "bin", "db", "encoder", "index", "scripts"):
            (source / part).mkdir(parents=True)
        shutil.copytree(ROOT / "deploy", source / "deploy")
        (source / "deploy/systemd/fontkin.service").write_text(f"# of {name}\n")
        (source / "requirements-serve.lock").write_text("none")
        if broken:
            (source / "scripts/broken").touch()
        return f"/srv/{name}/deploy/update.sh"

    def update(self, name: str, *, broken: bool = False) -> subprocess.CompletedProcess[str]:
        """To a new version of that name."""
        return self.run(self.checkout(name, broken=broken), release=name)

    def back(self) -> subprocess.CompletedProcess[str]:
        """As deliver.sh goes back: by the script of the version that serves."""
        return self.run("/opt/fontkin/current/deploy/update.sh --back")

    @property
    def current(self) -> str:
        """The release that serves, as its unit says too."""
        name = os.readlink(self.prefix / "current").removeprefix("releases/")
        unit = (self.root / "etc/systemd/system/fontkin.service").read_text()
        assert unit == f"# of {name}\n"
        return name

    @property
    def releases(self) -> set[str]:
        """All that are kept."""
        return {path.name for path in (self.prefix / "releases").iterdir()}

    def calls(self) -> list[str]:
        """What was called since the last time."""
        found = (self.root / "calls").read_text().splitlines()
        (self.root / "calls").unlink()
        return found

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server on which the version "one" is installed."""
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("a root folder of its own takes root")
    made = Server(tmp_path / "root")
    (made.prefix / "current").symlink_to("releases/none")
    (made.prefix / "releases/none").mkdir()
    done = made.update("one")
    assert done.returncode == 0, done.stderr
    (made.prefix / "releases/none").rmdir()  # as setup.sh leaves it
    (made.prefix / "before").unlink()
    made.calls()
    return made


def test_forth_and_back(server: Server) -> None:
    """An update makes a backup, restarts and asks; the way back restarts and asks the old one."""
    assert server.update("two").returncode == 0
    assert server.current == "two"
    backup, *rest = server.calls()
    assert backup == "systemctl start fontkin-backup.service"
    assert rest[-1] == "smoke /opt/fontkin/releases/two"
    done = server.back()
    assert (done.returncode, server.current) == (0, "one"), done.stderr
    assert "back from two to one" in done.stdout
    calls = server.calls()
    assert calls[0] == "nginx -tq" and calls[-1] == "smoke /opt/fontkin/releases/one"
    assert "systemctl restart fontkin.service fontkin-backup.timer" in calls
    assert "systemctl start fontkin-backup.service" not in calls
    assert server.releases == {"one", "two"}


def test_back_is_for_once(server: Server) -> None:
    """There is nothing before the first version, nor again after a step back: 2, nothing done."""
    for last in ("one", "two"):
        done = server.back()
        assert done.returncode == 2 and "no version came before one" in done.stderr
        assert server.current == "one" and not (server.root / "calls").exists()
        if last == "one":
            server.update("two")
            server.back()
            server.calls()


def test_back_to_a_version_that_fails_too(server: Server) -> None:
    """It is said, with 1; the way back stays known."""
    server.update("two")
    (server.prefix / "releases/one/scripts/broken").touch()
    done = server.back()
    assert (done.returncode, server.current) == (1, "one")
    assert "one does not pass its smoke test either" in done.stderr
    assert (server.prefix / "before").read_text() == "one\n"


def test_back_to_a_version_that_is_gone(server: Server) -> None:
    """2, naming it; the new one goes on."""
    server.update("two")
    shutil.rmtree(server.prefix / "releases/one")
    done = server.back()
    assert (done.returncode, server.current) == (2, "two")
    assert "one, the version before, is not here any more" in done.stderr


def test_a_broken_update_goes_back_by_itself(server: Server) -> None:
    """1; the old version serves again, and the way back leads where it led before."""
    server.update("two")
    done = server.update("three", broken=True)
    assert (done.returncode, server.current) == (1, "two")
    assert "two serves again" in done.stderr
    assert (server.prefix / "before").read_text() == "one\n"
    assert server.calls()[-1] == "smoke /opt/fontkin/releases/two"


def test_the_version_before_is_never_cleared_away(server: Server) -> None:
    """Neither by broken versions, which are newer, nor by the update that follows them."""
    for name in ("bad-1", "bad-2", "bad-3"):
        server.update(name, broken=True)
    assert server.update("two").returncode == 0
    assert {"one", "two"} <= server.releases and len(server.releases) <= 4
    assert server.back().returncode == 0
    assert server.current == "one"


def test_back_to_a_version_whose_nginx_knew_no_format(server: Server) -> None:
    """The site goes on in the new log's format, so the file that says it stays."""
    (server.prefix / "releases/one/deploy/nginx/http.conf").unlink()
    site = server.root / "etc/nginx/sites-available/fontkin"
    site.parent.mkdir()
    site.write_text("  access_log /var/log/nginx/fontkin/access.log;\n")
    assert server.update("two").returncode == 0
    done = server.back()
    assert (done.returncode, server.current) == (0, "one"), done.stderr
    assert site.read_text() == "  access_log /var/log/nginx/fontkin/access.log fontkin;\n"
    kept = (server.root / "etc/nginx/conf.d/fontkin-http.conf").read_text()
    assert "log_format fontkin " in kept


@pytest.mark.parametrize(
    ("lines", "token"),
    [
        ("FONTKIN_API_TOKEN=first token", "first token"),
        ('# FONTKIN_TOKEN=no\nFONTKIN_API_TOKEN="a"\nFONTKIN_API_TOKEN="last $x" ', "last $x"),
        ("FONTKIN_TOKEN='to read'\nFONTKIN_API_TOKEN=all", "to read"),
    ],
)
def test_a_closed_service_is_asked_with_its_token(server: Server, lines: str, token: str) -> None:
    """The settings are read as systemd reads them, and never run."""
    (server.root / "etc/fontkin").mkdir()
    (server.root / "etc/fontkin/fontkin.env").write_text(f"{lines}\n")
    assert server.update("two").returncode == 0
    assert server.calls()[-2:] == [f"token {token}", "smoke /opt/fontkin/releases/two"]
