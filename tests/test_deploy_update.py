"""`deploy/update.sh` in a root of its own: forth, back, and what it leaves when it cannot."""

from __future__ import annotations

import fcntl
import re
import shutil

import pytest

from tests.server_root import Server, server

__all__ = ["server"]


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
        assert server.current == "one" and server.calls() == []
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
    (server.root / "etc/fontkin/fontkin.env").write_text(f"{lines}\n")
    assert server.update("two").returncode == 0
    assert server.calls()[-2:] == [f"token {token}", "smoke /opt/fontkin/releases/two"]


def test_a_command_is_handed_what_its_user_may_not_read(server: Server) -> None:
    """Fonts in a home come as copies under their names; what may be read, options and what a
    command writes stay as they are; nothing is left.
    """
    home = server.root / "home/me"
    home.mkdir(parents=True)
    for folder, text in (("a", "first"), ("b", "second")):
        (home / folder).mkdir()
        (home / folder / "My Font.ttf").write_text(f"{text}\n")
    (home / "out.csv").touch()
    home.chmod(0o750)
    (server.root / "srv/open.ttf").write_text("third\n")
    command = "/opt/fontkin/current/deploy/fontkin.sh"
    files = ["/home/me/a/My Font.ttf", "/home/me/b/My Font.ttf", "/srv/open.ttf"]
    done = server.run(command, "add_font", *files)
    assert done.returncode == 0, done.stderr
    said, *given = server.calls()
    assert given == ["first", "second", "third"]
    assert re.fullmatch(
        "fontkin add_font /tmp/[^/]+/1/My Font.ttf /tmp/[^/]+/2/My Font.ttf /srv/open.ttf", said
    )
    assert list((server.root / "tmp").iterdir()) == []
    server.run(command, "search", "--csv", "/home/me/out.csv", "-k")
    server.run(command, "backup", "/home/me/out.csv")
    assert server.calls() == [
        "fontkin search --csv /home/me/out.csv -k",
        "fontkin backup /home/me/out.csv",
    ]
    assert server.run(command, "add_font", "/nowhere").returncode != 0


@pytest.mark.parametrize("script", ["setup.sh", "update.sh", "update.sh --back"])
def test_one_at_a_time(server: Server, script: str) -> None:
    """While another one is at work nothing is done: 2 and what to do; after it, it goes on."""
    server.update("two")
    server.calls()
    (server.root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n")
    server.checkout("three")
    command = [f"/srv/three/deploy/{script.split()[0]}", *script.split()[1:]]
    with (server.prefix / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = server.run(*command, release="three")
    assert done.returncode == 2 and server.current == "two"
    assert "setup.sh or update.sh is at work already; wait until it has ended" in done.stderr
    assert not (server.root / "calls").read_text()
    if script != "setup.sh":
        assert server.run(*command, release="three").returncode == 0
