"""What an update makes of the catalogue is done before a service starts, however long it takes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from index import bootstrap, renewing
from index.bootstrap import open_catalog
from index.errors import BusyError, MismatchError
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder
from tests.ports import free_port
from tests.test_index_renewing import NEW, own_font, rows_of, updated

__all__ = ["updated"]

ROOT = Path(__file__).resolve().parent.parent
OLD = FakeEmbedder()


def test_own_fonts_are_drawn_once(updated: Settings) -> None:
    """It says how many; the start that follows draws none, and neither does another migration."""
    said: list[tuple[int, int]] = []
    for _ in range(2):
        bootstrap.migrate(updated, embedder=NEW, on_progress=lambda *both: said.append(both))
    assert said == [(1, 1)]
    after = rows_of(updated)
    assert after["encoder"].encoder_sha256 == NEW.sha256  # type: ignore[attr-defined]
    with closing(open_catalog(updated, embedder=NEW)):
        assert rows_of(updated) == after


def test_what_cannot_be_renewed_is_said_before_the_start(updated: Settings) -> None:
    """A lost copy of an own font: the remedy is named, nothing is changed."""
    (copy,) = (updated.data / "own").glob("*.ttf")
    copy.unlink()
    before = rows_of(updated)
    with pytest.raises(MismatchError, match="rebuild_index"):
        bootstrap.migrate(updated, embedder=NEW)
    assert rows_of(updated) == before


def test_a_folder_that_cannot_be_written_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start itself searches it in a copy elsewhere."""
    monkeypatch.setattr(bootstrap.readonly, "is_writable", lambda _: False)
    bootstrap.migrate(settings, embedder=NEW)
    assert rows_of(settings)["encoder"].encoder_sha256 == OLD.sha256  # type: ignore[attr-defined]


def test_another_migration_is_waited_for(
    updated: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a writer waits: a second one finds all done, where a start would give up."""
    drawing, go_on, draw = threading.Event(), threading.Event(), renewing.draw_guarded
    drawn: list[str] = []

    def slowly(source: object, *others: object) -> object:
        drawing.set()
        assert go_on.wait(60)
        drawn.append("once")
        return draw(source, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(renewing, "draw_guarded", slowly)
    hurried = Settings(data=updated.data, prebuilt=updated.prebuilt, lock_seconds=0.5)
    both = [
        threading.Thread(target=bootstrap.migrate, args=(hurried,), kwargs={"embedder": NEW})
        for _ in range(2)
    ]
    both[0].start()
    assert drawing.wait(60)
    both[1].start()
    with pytest.raises(BusyError):
        open_catalog(hurried, embedder=NEW)
    assert both[1].is_alive()
    go_on.set()
    for each in both:
        each.join(60)
    assert drawn == ["once"]
    with closing(open_catalog(hurried, embedder=NEW)):
        pass


SLOW = """
import time
from index import renewing
draw = renewing.draw_guarded
renewing.draw_guarded = lambda *given: (time.sleep(6), draw(*given))[1]
"""


@pytest.mark.slow
def test_two_workers_start_after_an_update(
    sans_path: Path, fonts_dir: Path, tmp_path: Path
) -> None:
    """Real encoder and gunicorn. Drawing takes longer than a worker waits for the other: with
    nothing done before, one of them could not start, and gunicorn would end.
    """
    made = Settings(data=tmp_path / "made", prebuilt=tmp_path / "none")
    (made.data / "fonts").mkdir(parents=True)
    (made.data / "fonts/lora").symlink_to(fonts_dir / "lora")
    with closing(open_catalog(made, rebuilding=True)) as catalog:
        catalog.rebuild_from_fonts(jobs=1, chromium=False)
        catalog.write_prebuilt(tmp_path / "prebuilt")
    before = Settings(data=tmp_path / "data", prebuilt=tmp_path / "none")
    with closing(open_catalog(before)) as catalog:
        (own,) = catalog.add_fonts([own_font(sans_path, tmp_path)]).added
    with closing(sqlite3.connect(before.data / "catalog.db")) as rows:
        rows.execute("UPDATE state SET encoder_sha256 = 'of an earlier version'")
        rows.commit()
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/sitecustomize.py").write_text(SLOW)
    port, log = free_port(), tmp_path / "log"
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(tmp_path / "notify"))
    systemd.settimeout(120)
    settings = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "FONTKIN_DATA": str(before.data),
        "FONTKIN_PREBUILT": str(tmp_path / "prebuilt"),
        "FONTKIN_LOCK_SECONDS": "1",
        "PYTHONPATH": f"{tmp_path}/slow:{ROOT}",
    }
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.serve", "--port", str(port), "--workers", "2"],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        told = systemd.recv(4096)
        drawn = log.read_text()
        listed = _asked(f"http://127.0.0.1:{port}/v1/families", process)
    finally:
        systemd.close()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert {one["id"] for one in listed["items"]} == {"lora", own.family.id}  # type: ignore[attr-defined]
    assert told.startswith(b"READY=1") and "migrate: 1 of 1 own fonts drawn anew" in drawn
    assert "Busy" not in log.read_text()


def _asked(url: str, process: subprocess.Popen[bytes]) -> dict[str, object]:
    """The first answer."""
    for _ in range(600):
        assert process.poll() is None, "the service ended"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return dict(json.loads(answer.read()))
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(url)
