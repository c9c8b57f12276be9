"""A root folder in which deploy/update.sh runs, with the system's programs; systemd is a stub."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each says that it was called; nginx finds no fault, and systemd starts nothing.
CALLED = 'echo "${0##*/} $*" >>/calls\n'
# The packages' Python: the smoke test of a release passes unless it is marked as broken.
PYTHON = """[ "$2" = compileall ] && exit
[ -z "$FONTKIN_TOKEN" ] || echo "token $FONTKIN_TOKEN" >>/calls
echo "smoke $(pwd -P)" >>/calls
[ ! -e scripts/broken ] || exit 1
[ ! -e /var/lib/fontkin/catalog.db ] || system-python /stubs/start.py
"""
# A version that starts brings the schema to its own, and refuses a newer one.
START = """import pathlib, re, sqlite3
versions = sorted(pathlib.Path("db/migrations/versions").glob("*.py"))
known = [re.match('revision = "(.*)"', path.read_text())[1] for path in versions]
database = sqlite3.connect("/var/lib/fontkin/catalog.db")
assert database.execute("SELECT version_num FROM alembic_version").fetchone()[0] in known
database.execute("UPDATE alembic_version SET version_num = ?", known[-1:])
database.commit()
"""
SYSTEMCTL = """
case $* in "start fontkin-backup.service")
  number=$(ls /var/backups/fontkin | wc -l)
  cp /var/lib/fontkin/catalog.db "/var/backups/fontkin/fontkin-$number.zip" 2>/dev/null ||
    echo >"/var/backups/fontkin/fontkin-$number.zip" ;;
esac
"""
RUNUSER = """shift 3 # -u fontkin --
exec setpriv --reuid 990 --regid 990 --clear-groups -- "$@"
"""
# A release's own command: a backup is a copy here.
FONTKIN = """echo "fontkin $*" >>/calls
[ "$1" != restore ] || { [ ! -e /refuse ] && cp "$2" /var/lib/fontkin/catalog.db; } || exit 1
[ "$1" != add_font ] || { shift && cat -- "$@" >>/calls; }
"""
_ENTER = """set -e
mount --rbind /usr "$1/usr" && mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/usr/local/bin"
touch "$1/calls" && chmod 666 "$1/calls"
root=$1 release=$2 && shift 2
exec chroot "$root" env -i PATH=/stubs:/usr/sbin:/usr/bin FONTKIN_RELEASE="$release" "$@"
"""


class Server:
    """A root folder with the system's programs, releases of Fontkin, and no systemd that works."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            *("usr", "dev", "tmp", "stubs", "run/systemd/system", "etc/systemd/system"),
            *("etc/nginx/snippets", "etc/nginx/conf.d", "var/lib/nginx", "opt/fontkin/releases"),
            *("etc/fontkin", "var/lib/fontkin", "var/backups/fontkin"),
        ):
            (root / folder).mkdir(parents=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (root / name).symlink_to(f"usr/{name}")
        for name in ("systemctl", "nginx", "journalctl"):
            self._program(root / "stubs" / name, CALLED + SYSTEMCTL * (name == "systemctl"))
        self._program(root / "stubs/runuser", RUNUSER)
        (root / "etc/passwd").write_text("fontkin:x:990:990::/:/bin/sh\n")
        (root / "etc/group").write_text("fontkin:x:990:\n")
        for name in ("var/lib/fontkin", "var/backups/fontkin"):
            os.chown(root / name, 990, 990)
        (root / "stubs/start.py").write_text(START)
        (root / "etc/fontkin/fontkin.env").touch()
        self.prefix = root / "opt/fontkin"
        lock = hashlib.sha256(b"none").hexdigest()[:12]
        python = next(n for n in (13, 12, 11) if Path(f"/usr/bin/python3.{n}").exists())
        (root / "stubs/system-python").symlink_to(f"/usr/bin/python3.{python}")
        venv = self.prefix / "venvs" / f"python3.{python}-{lock}"
        self._program(venv / "bin/python", PYTHON)
        (venv / "complete").touch()

    def run(self, *command: str, release: str = "") -> subprocess.CompletedProcess[str]:
        """A program of the server with its arguments, as root, in that root."""
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh"]
        return subprocess.run(
            [*enter, str(self.root), release, *command], capture_output=True, text=True
        )

    def checkout(self, name: str, *, broken: bool = False, schema: int = 1) -> str:
        """A version's source, with our deploy/ and small parts else; its update.sh."""
        source = self.root / "srv" / name
        for part in ("api", "bin", "db/migrations/versions", "encoder", "index", "scripts"):
            (source / part).mkdir(parents=True)
        shutil.copytree(ROOT / "deploy", source / "deploy")
        (source / "deploy/systemd/fontkin.service").write_text(f"# of {name}\n")
        (source / "requirements-serve.lock").write_text("none")
        self._program(source / "bin/fontkin", FONTKIN)
        for number in range(1, schema + 1):
            (source / f"db/migrations/versions/v{number}.py").write_text(f'revision = "{number}"\n')
        if broken:
            (source / "scripts/broken").touch()
        return f"/srv/{name}/deploy/update.sh"

    def update(
        self, name: str, *, broken: bool = False, schema: int = 1
    ) -> subprocess.CompletedProcess[str]:
        """To a new version of that name."""
        return self.run(self.checkout(name, broken=broken, schema=schema), release=name)

    def back(self) -> subprocess.CompletedProcess[str]:
        """As deliver.sh goes back: by the script of the version that serves."""
        return self.run("/opt/fontkin/current/deploy/update.sh", "--back")

    @property
    def current(self) -> str:
        """The release that serves, as its unit says too."""
        name = os.readlink(self.prefix / "current").removeprefix("releases/")
        unit = (self.root / "etc/systemd/system/fontkin.service").read_text()
        assert unit == f"# of {name}\n"
        return name

    @property
    def database(self) -> Path:
        """The catalogue's file; there is none before `has`."""
        return self.root / "var/lib/fontkin/catalog.db"

    def has(self, *families: str, revoked: str | None = None) -> None:
        """The catalogue holds just these own families, and a token with the day it was revoked."""
        with closing(sqlite3.connect(self.database)) as rows:
            rows.executescript(
                "CREATE TABLE IF NOT EXISTS alembic_version AS SELECT '1' AS version_num;"
                "CREATE TABLE IF NOT EXISTS family (id, name, source);"
                "CREATE TABLE IF NOT EXISTS token (id, name, revoked);"
                "DELETE FROM family; DELETE FROM token;"
            )
            rows.executemany("INSERT INTO family VALUES (?1, ?1, 'own')", [(f,) for f in families])
            rows.execute("INSERT INTO token VALUES ('t1', 'acme', ?)", (revoked,))
            rows.commit()

    def held(self) -> tuple[str, list[str]]:
        """The schema of the catalogue and its own families."""
        with closing(sqlite3.connect(self.database)) as rows:
            ((schema,),) = rows.execute("SELECT version_num FROM alembic_version").fetchall()
            return schema, [name for (name,) in rows.execute("SELECT name FROM family")]

    @property
    def releases(self) -> set[str]:
        """All that are kept."""
        return {path.name for path in (self.prefix / "releases").iterdir()}

    def calls(self) -> list[str]:
        """What was called since the last time."""
        file = self.root / "calls"
        found = file.read_text().splitlines()
        file.unlink()
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
    for backup in (made.root / "var/backups/fontkin").iterdir():
        backup.unlink()
    made.calls()
    return made
