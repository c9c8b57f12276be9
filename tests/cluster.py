"""A private PostgreSQL for the tests: real, on a socket of its own, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_OPTIONS = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60")


def _tool(name: str) -> str:
    """A program of PostgreSQL, which Debian keeps out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next((str(place) for place in places), None)
    if found is None:
        pytest.fail(f"{name} is not here; run `make postgresql`")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of a running server; its socket lies there."""
    folder = Path(tempfile.mkdtemp(prefix="fontkin-pg-"))
    data, who = str(folder / "data"), {}
    try:
        if os.geteuid() == 0:  # whom PostgreSQL refuses
            user = next(u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody"))
            os.chown(folder, user.pw_uid, user.pw_gid)
            who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        make = (_tool("initdb"), "-D", data, "-U", "fontkin", "-A", "trust", "--no-sync")
        subprocess.run(make, check=True, cwd=folder, stdout=subprocess.DEVNULL, **who)
        serve = (_tool("postgres"), "-D", data, "-k", str(folder), *_OPTIONS)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, cwd=folder, stdout=log, stderr=log, **who)
        try:
            _wait_for(folder, server)
            yield folder
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"host={folder} user=fontkin dbname=postgres").close()
            return
        time.sleep(0.05)
    pytest.fail((folder / "log").read_text())


@pytest.fixture
def postgres_url(postgres: Path) -> str:
    """An empty schema of the test's own: a database each would be a thousand files each."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(f"host={postgres} user=fontkin dbname=postgres") as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"postgresql+psycopg://fontkin@/postgres?host={postgres}&options=-csearch_path%3D{name}"
