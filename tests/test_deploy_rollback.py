"""Back to a version that cannot read what the newer one has made of the database."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.server_root import ROOT, Server, server

__all__ = ["server"]

DEPLOY = ROOT / "deploy"


def aside(server: Server) -> list[Path]:
    """The folders in which databases were laid aside."""
    return sorted(server.database.parent.glob("aside-*"))


def test_an_update_that_fails_after_it_changed_the_schema(server: Server) -> None:
    """The old version serves the backup made just before, at once; nothing is lost for good."""
    server.has("Old Sans")
    (server.root / "var/backups/fontkin/fontkin-0.zip").touch()  # of another night
    os.utime(server.root / "var/backups/fontkin/fontkin-0.zip", (1, 1))
    source = server.checkout("two", schema=2)
    # It starts, changes the schema, and is found wanting.
    start = server.root / "stubs/start.py"
    wanting = "INSERT INTO family VALUES ('n', 'New Sans', 'own')"
    start.write_text(
        f"{start.read_text()}if known[-1] == '2':\n"
        f'    database.execute("{wanting}"); database.commit(); raise SystemExit(1)\n'
    )
    done = server.run(source, release="two")
    assert (done.returncode, server.current) == (1, "one"), done.stderr
    assert "one serves again, with the catalogue as it was before the update" in done.stderr
    assert "lost: the own family New Sans" in done.stderr
    assert server.held() == ("1", ["Old Sans"])
    (folder,) = aside(server)
    assert str(folder).removeprefix(str(server.root)) in done.stderr
    calls = server.calls()
    asked = [call for call in calls if call.startswith(("smoke", "fontkin", "systemctl st"))]
    assert asked == [
        "systemctl start fontkin-backup.service",
        "smoke /opt/fontkin/releases/two",
        "systemctl stop fontkin.service",
        "fontkin restore /var/backups/fontkin/fontkin-1.zip",
        "smoke /opt/fontkin/releases/one",
    ]


def test_back_over_a_changed_schema_some_time_later(server: Server) -> None:
    """The backup made before the update was kept; what is lost is said; revoked tokens stay so."""
    server.has("Old Sans", "Gone Serif")
    assert server.update("two", schema=2).returncode == 0
    for path in (server.root / "var/backups/fontkin").glob("fontkin-*.zip"):
        path.unlink()  # as the nights go by
    server.has("Old Sans", "New Sans", revoked="2026-01-31")
    server.calls()
    done = server.back()
    assert (done.returncode, server.current) == (0, "one"), done.stderr
    assert server.held() == ("1", ["Old Sans", "Gone Serif"])
    lost = [line for line in done.stderr.splitlines() if "lost: " in line]
    assert lost == [
        "fontkin: lost: the own family New Sans",
        "fontkin: lost: the removal of Gone Serif",
    ]
    calls = [call for call in server.calls() if call.startswith(("fontkin", "smoke"))]
    assert calls == [
        "fontkin restore /var/backups/fontkin/before-two.zip",
        "fontkin tokens revoke t1",
        "smoke /opt/fontkin/releases/one",
    ]
    assert list((server.root / "var/backups/fontkin").iterdir()) == []
    assert server.back().returncode == 2  # once


def test_back_without_that_backup_changes_nothing(server: Server) -> None:
    """2, naming the file that is not there; the new version goes on."""
    server.has("Old Sans")
    assert server.update("two", schema=2).returncode == 0
    (server.root / "var/backups/fontkin/before-two.zip").unlink()
    server.calls()
    done = server.back()
    assert (done.returncode, server.current) == (2, "two")
    assert "/var/backups/fontkin/before-two.zip" in done.stderr
    assert server.held() == ("2", ["Old Sans"]) and server.calls() == []


def test_a_backup_that_cannot_be_restored(server: Server) -> None:
    """The database is put where it was, and all is said."""
    server.has("Old Sans")
    assert server.update("two", schema=2).returncode == 0
    (server.root / "refuse").touch()
    done = server.back()
    assert done.returncode == 1 and "the database is where it was" in done.stderr
    assert server.held() == ("2", ["Old Sans"]) and aside(server) == []


def test_a_schema_that_stays_keeps_the_data(server: Server) -> None:
    """Back without restoring: what was added since is there."""
    server.has("Old Sans")
    assert server.update("two").returncode == 0
    server.has("Old Sans", "New Sans")
    done = server.back()
    assert (done.returncode, server.current) == (0, "one"), done.stderr
    assert server.held() == ("1", ["Old Sans", "New Sans"]) and aside(server) == []


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("", "/var/lib/fontkin/catalog.db"),
        ("FONTKIN_DATA=/srv/fonts", "/srv/fonts/catalog.db"),
        ("FONTKIN_DATABASE_URL=sqlite:////srv/x.db", "/srv/x.db"),
        ("FONTKIN_DATABASE_URL=postgresql+psycopg://u:p@h/f", ""),
    ],
)
def test_where_the_database_is(tmp_path: Path, line: str, file: str) -> None:
    """As the settings say; of a database that is no file it is said what to do by hand."""
    (tmp_path / "env").write_text(f"{line}\n")
    found = in_shell(f"settings={tmp_path}/env; database_file || true")
    assert found.stdout.strip() == file
    if not file:
        failed = in_shell(f"settings={tmp_path}/env; put_back /b.zip")
        assert failed.returncode == 1 and "sudo fontkin restore /b.zip" in failed.stderr


def in_shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script that has the functions of lib.sh and rollback.sh."""
    return subprocess.run(
        ["bash", "-c", f". {DEPLOY}/lib.sh; . {DEPLOY}/rollback.sh; {script}"],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.slow
def test_the_real_commands_put_a_real_catalogue_back(sans_path: Path, tmp_path: Path) -> None:
    """A database that a newer version has migrated cannot be opened, nor restored over; laid aside
    it can, with own fonts, and the one that was revoked meanwhile stays revoked.
    """
    data, program, log = tmp_path / "data", ROOT / "bin/fontkin", tmp_path / "log"
    env = {"FONTKIN_DATA": str(data), "FONTKIN_PREBUILT": str(tmp_path / "none")}
    env |= {"FONTKIN_PYTHON": os.environ.get("FONTKIN_PYTHON", str(ROOT / ".venv/bin/python"))}

    def fontkin(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | env)

    def made(*arguments: str | Path) -> dict[str, object]:
        done = fontkin(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    (family,) = made("add_font", sans_path)["added"]  # type: ignore[misc]
    token = str(made("tokens", "create", "acme")["id"])
    backup = tmp_path / "backup.zip"
    made("backup", backup)
    made("tokens", "revoke", token)
    with closing(sqlite3.connect(data / "catalog.db")) as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
        rows.execute("UPDATE family SET id = 'newer', name = 'Newer Sans' WHERE source = 'own'")
        rows.commit()
    for arguments in (("families",), ("restore", backup)):
        refused = fontkin(*arguments)
        assert refused.returncode == 1 and "made by a newer Fontkin" in refused.stderr
    script = (
        f'settings={tmp_path}/none data={data} program={program}; as_service() {{ "$@"; }};'
        f'systemctl() {{ echo "$@" >>{log}; }}; knows_schema x && exit 9; put_back {backup}'
    )
    done = in_shell(script, **env)
    assert done.returncode == 0, done.stderr
    assert "lost: the own family Newer Sans" in done.stderr
    assert log.read_text() == "stop fontkin.service\n"
    (found,) = made("families", "Cantarell")["items"]  # type: ignore[misc]
    assert found["id"] == family["family"]["id"]  # type: ignore[index]
    assert fontkin("doctor").returncode == 0
    listed = json.loads(fontkin("tokens", "list", "--json").stdout)
    assert [(one["id"], one["state"]) for one in listed] == [(token, "revoked")]
