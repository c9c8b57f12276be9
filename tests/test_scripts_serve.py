"""`python -m scripts.serve`: what it runs, and what it refuses."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from index import bootstrap
from index.errors import MismatchError
from index.settings import Settings
from scripts import serve
from tests.ports import free_port


def test_command() -> None:
    """gunicorn is started by name, with threads, on this machine only unless told otherwise."""
    command = serve.gunicorn_command(serve.parse_arguments([]))
    assert command[:4] == [sys.executable, "-m", "gunicorn", "api.app:create_app(warm=True)"]
    assert command[command.index("--bind") + 1] == "127.0.0.1:8000"
    assert command[command.index("--workers") + 1] == "1"
    assert command[command.index("-c") + 1] == "python:api.worker"
    assert int(command[command.index("--threads") + 1]) >= 11


def test_ipv6() -> None:
    """An IPv6 address is written as gunicorn reads it."""
    command = serve.gunicorn_command(serve.parse_arguments(["--host", "::1", "--port", "9"]))
    assert command[command.index("--bind") + 1] == "[::1]:9"


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Notes that the catalogue was migrated, and does not do it; there is none yet."""
    done: list[str] = []
    monkeypatch.setenv("FONTKIN_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(bootstrap, "migrate", lambda *_, **__: done.append("migrated"))
    return done


@pytest.mark.parametrize(
    "arguments", [["--port", "0"], ["--port", "70000"], ["--workers", "0"], ["--port", "x"]]
)
def test_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong argument exits with 2 and names the value."""
    with pytest.raises(SystemExit) as exit_:
        serve.parse_arguments(arguments)
    assert exit_.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_a_taken_port_is_refused(migrated: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything else is done, and with a remedy; an address of somebody else's, too."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for host in ("127.0.0.1", "192.0.2.1"):
            with pytest.raises(SystemExit) as exit_:
                serve.main(["--host", host, "--port", port])
            assert exit_.value.code == 2
            said = capsys.readouterr().err
            assert f"cannot listen on port {port} of {host}" in said
            assert "choose another with --port" in said
    assert migrated == []


def test_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the address to open and becomes gunicorn, one thread per library."""
    ran: list[object] = []
    monkeypatch.setattr(serve.os, "execve", lambda *given: ran.extend(given))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    port = str(free_port())
    serve.main(["--host", "0.0.0.0", "--port", port])
    assert f"http://127.0.0.1:{port}/" in capsys.readouterr().out
    assert ran[0] == sys.executable
    assert ran[2]["OMP_NUM_THREADS"] == "1"  # type: ignore[index]


def test_the_catalogue_is_migrated_before(
    monkeypatch: pytest.MonkeyPatch, migrated: list[str]
) -> None:
    """And where that fails nothing starts."""
    monkeypatch.setattr(serve.os, "execve", lambda *_: migrated.append("started"))
    serve.main(["--port", str(free_port())])
    assert migrated == ["migrated", "started"]

    def fail(*_: object, **__: object) -> None:
        raise MismatchError("made with another encoder")

    monkeypatch.setattr(bootstrap, "migrate", fail)
    with pytest.raises(MismatchError):
        serve.main(["--port", str(free_port())])
    assert migrated == ["migrated", "started"]


def test_what_is_migrated_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, migrated: list[str]
) -> None:
    """The shipped catalogue, put in place by a first start, with the shipped encoder."""
    monkeypatch.setattr(serve.os, "execve", lambda *_: migrated.append("started"))
    with bootstrap.open_tokens(Settings.from_environment()):
        pass
    serve.main(["--port", str(free_port())])
    assert migrated == ["started"]


def test_workers_share_the_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight searches at a time are four in each of two workers, which count calls together."""
    ran: list[dict[str, str]] = []
    monkeypatch.setattr(serve.os, "execve", lambda *given: ran.append(given[2]))
    monkeypatch.setenv("FONTKIN_SEARCHES", "8")
    for count in ("1", "2", "20"):
        serve.main(["--port", str(free_port()), "--workers", count])
    assert [each["FONTKIN_SEARCHES"] for each in ran] == ["8", "4", "1"]
    assert "PROMETHEUS_MULTIPROC_DIR" not in ran[0]
    folders = {each["PROMETHEUS_MULTIPROC_DIR"] for each in ran[1:]}
    assert len(folders) == 2
    for folder in folders:
        Path(folder).rmdir()
