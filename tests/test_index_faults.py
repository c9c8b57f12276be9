"""Disks that are full or read-only, old databases, two processes: nothing lost, plain words."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from db.session import DatabaseError, StorageError, open_database
from encoder.sanitize import sanitize
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import MismatchError
from index.repair import examine
from index.settings import Settings
from index.stores.faiss import FaissStore
from tests.damage import flipped_encoder
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of
from tests.test_index_rebuild import families, vectors

ROOT = Path(__file__).resolve().parent.parent


class Disk:
    """A file system of its own, of 24 MB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, *options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)

    def fill(self, leave: int = 0) -> None:
        """Until no more than `leave` bytes fit."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                file.truncate(file.tell() - leave)

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk")
    made.folder.mkdir()
    try:
        made.mount("size=24m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system takes root")
    yield made
    subprocess.run(["umount", "-l", str(made.folder)], check=True)


@pytest.fixture
def on_disk(disk: Disk, built_data: Path) -> Settings:
    """The small catalogue on that disk."""
    shutil.copytree(built_data, disk.folder / "data")
    return Settings(data=disk.folder / "data", prebuilt=disk.folder / "none", lock_seconds=10)


def opened(settings: Settings) -> FontCatalog:
    return open_catalog(settings, embedder=FakeEmbedder())


def first(catalog: FontCatalog, path: Path) -> str:
    return catalog.search(picture_of(path), proof=False).matches[0].family.id


def healthy(settings: Settings) -> bool:
    return examine(settings, embedder=FakeEmbedder()).findings == ()


def test_a_full_disk_refuses_and_loses_nothing(
    disk: Disk, on_disk: Settings, serif_path: Path, sans_path: Path
) -> None:
    """Adding says so, searches go on, a restart too; with room again it is as if nothing was."""
    with closing(opened(on_disk)) as catalog:
        catalog.remove_family("lora")
        before = vectors(on_disk)
        disk.fill()
        for _ in range(3):
            with pytest.raises(StorageError, match="takes no more"):
                catalog.add_fonts([serif_path])
        assert first(catalog, sans_path) == "cantarell"
        with closing(opened(on_disk)) as restarted:
            assert first(restarted, sans_path) == "cantarell"
        disk.make_room()
        assert vectors(on_disk) == before
        assert [a.family.id for a in catalog.add_fonts([serif_path]).added] == ["lora"]
        assert first(catalog, serif_path) == "lora"
    assert healthy(on_disk)


def test_a_disk_that_fills_while_the_index_is_written(disk: Disk) -> None:
    """It is an error of the disk, though FAISS calls what writes; the index before it stays."""
    path, identity = disk.folder / "index.faiss", {"encoder_sha256": "e", "prepare_version": 1}
    rows = np.eye(64, 16, dtype=np.float32) + 1
    store = FaissStore(16)
    store.add(np.arange(64), rows / np.linalg.norm(rows, axis=1, keepdims=True))
    store.save(path, generation=1, **identity)
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        store.save(path, generation=2, **identity)
    assert sorted(each.name for each in disk.folder.iterdir()) == [
        "filler",
        "index.faiss",
        "index.json",
    ]
    assert len(FaissStore.load(path, generation=1)) == 64


_UNPACKED = 48_308  # bytes of Lora once it is sanitised


@pytest.mark.parametrize("leave", [0, 4096, _UNPACKED // 4096 * 4096])
def test_a_disk_that_fills_while_a_font_is_sanitised(
    disk: Disk, serif_path: Path, leave: int
) -> None:
    """The sanitizer blames the font, we the disk; what it has written is gone, be it all but a bit.

    With one page more it is written whole.
    """
    disk.fill(leave)
    with pytest.raises(OSError) as full:
        sanitize(serif_path, disk.folder / "out.ttf")
    assert full.value.errno == errno.ENOSPC
    assert [path.name for path in disk.folder.iterdir()] == ["filler"]
    disk.make_room()
    disk.fill(_UNPACKED // 4096 * 4096 + 4096)
    sanitize(serif_path, disk.folder / "out.ttf")
    assert (disk.folder / "out.ttf").stat().st_size == _UNPACKED


def test_a_disk_that_fills_while_a_font_is_added(
    disk: Disk, on_disk: Settings, serif_path: Path
) -> None:
    """The file as sent fits, the sanitised one does not: refused, and nothing is left."""
    with closing(opened(on_disk)) as catalog:
        catalog.remove_family("lora")
        disk.fill(10 * 4096)
        assert serif_path.stat().st_size < 6 * 4096
        with pytest.raises(StorageError, match="takes no more: No space left.*make room"):
            catalog.add_fonts([serif_path])
        assert list((on_disk.data / "tmp").iterdir()) == []
        disk.make_room()
        assert [a.family.id for a in catalog.add_fonts([serif_path]).added] == ["lora"]
    assert healthy(on_disk)


def test_a_read_only_disk_is_searched(
    disk: Disk, settings: Settings, serif_path: Path, sans_path: Path
) -> None:
    """Rows that are in the WAL alone are found too; every change is refused; nothing is written."""
    with closing(opened(settings)) as catalog:
        catalog.remove_family("courier-prime")
        catalog.remove_family("lora")
        catalog.add_fonts([serif_path])
        shutil.copytree(settings.data, disk.folder / "data")
    assert (disk.folder / "data" / "catalog.db-wal").stat().st_size > 0
    saved = sorted(path.name for path in (disk.folder / "data").iterdir())
    disk.mount("remount", "ro")
    read_only = replace(settings, data=disk.folder / "data", database_url="")
    with closing(opened(read_only)) as catalog:
        assert families(catalog) == ["abril-fatface", "cantarell", "lora"]
        assert first(catalog, serif_path) == "lora"
        for change in (
            lambda: catalog.add_fonts([sans_path]),
            lambda: catalog.remove_family("lora"),
            catalog.rebuild_from_vectors,
        ):
            with pytest.raises(StorageError):
                change()
        assert families(catalog) == ["abril-fatface", "cantarell", "lora"]
    assert sorted(path.name for path in (disk.folder / "data").iterdir()) == saved
    disk.mount("remount", "rw")
    with closing(opened(read_only)) as catalog:
        catalog.remove_family("lora")
    assert healthy(read_only)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_an_older_database_is_brought_up_to_date(
    settings: Settings, revision: str, serif_path: Path
) -> None:
    """Of each earlier schema: no row is lost, nothing is drawn, the answers stay.

    They are the vote's alone: columns came with the sixth schema.
    """
    downgrade(settings.database_url, "0005")
    with closing(opened(settings)) as catalog:
        answer = catalog.search(picture_of(serif_path), proof=False).matches
    before = vectors(settings)
    downgrade(settings.database_url, revision)
    with closing(opened(settings)) as catalog:
        after = catalog.search(picture_of(serif_path), proof=False).matches
        assert [(m.family.id, m.score) for m in after] == [(m.family.id, m.score) for m in answer]
    assert vectors(settings) == before and len(before) == 8 * 8
    assert healthy(settings)


def test_vectors_of_float16_are_brought_to_bytes(settings: Settings, serif_path: Path) -> None:
    """The sixth schema: vectors, columns and the saved index stay, and so do the answers."""
    with closing(opened(settings)) as catalog:
        answer = catalog.search(picture_of(serif_path), proof=False).matches
    before, index = vectors(settings), settings.index_path.read_bytes()
    downgrade(settings.database_url, "0006")
    with closing(opened(settings)) as catalog:
        assert catalog.search(picture_of(serif_path), proof=False).matches == answer
    assert vectors(settings) == before and settings.index_path.read_bytes() == index
    assert healthy(settings)


def test_a_newer_database_is_refused(settings: Settings) -> None:
    """A program of before an update says what to do and changes nothing."""
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="newer Fontkin.*9999"):
        opened(settings)


def test_a_file_that_is_no_database_is_refused(settings: Settings) -> None:
    """Its name and the remedy are in the message; it is not replaced by an empty catalogue."""
    path = settings.data / "catalog.db"
    for leftover in settings.data.glob("catalog.db-*"):
        leftover.unlink()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseError, match="catalog.db is damaged.*restore a backup"):
        opened(settings)
    assert path.read_bytes().startswith(b"not a database")


def test_a_flipped_bit_in_the_encoder_is_refused(settings: Settings, tmp_path: Path) -> None:
    """The card's hash and the file's are both named, before anything is served."""
    encoder = flipped_encoder(tmp_path)
    with pytest.raises(MismatchError, match="onnx_sha256"):
        open_catalog(replace(settings, encoder=encoder))


def test_what_is_acknowledged_is_synced(settings: Settings) -> None:
    """SQLite syncs the WAL at each commit (FULL): NORMAL may lose the last ones in a power cut."""
    with open_database(settings.database_url).begin() as rows:
        session = rows._session
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1


_WORKER = """
import sys, time
from pathlib import Path
from index.bootstrap import open_catalog
from index.settings import Settings
from index.stores.faiss import FaissStore
from tests.fake_embedder import FakeEmbedder
data = Path(sys.argv[1])
settings = Settings(data=data, prebuilt=Path(sys.argv[2]), lock_seconds=60)
catalog = open_catalog(settings, embedder=FakeEmbedder())
print(catalog.stats()["families"], flush=True)
for line in sys.stdin:
    before = time.monotonic()
    while line.strip() not in {f.id for f in catalog.families(limit=200).items}:
        time.sleep(0.01)
    print(time.monotonic() - before, flush=True)
"""


def worker(settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORKER, str(settings.data), str(settings.prebuilt)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


@pytest.mark.slow
def test_two_processes_start_at_once(settings: Settings, tmp_path: Path) -> None:
    """In an empty folder, from the shipped catalogue: both serve all of it, the other's work too.

    The second finds what the first adds within a second of the answer.
    """
    with closing(opened(settings)) as catalog:
        catalog.remove_family("courier-prime")
        catalog.write_prebuilt(settings.prebuilt)
    new = replace(settings, data=tmp_path / "new", database_url="")
    workers = [worker(new), worker(new)]
    try:
        counts = [int(w.stdout.readline()) for w in workers if w.stdout]
        assert counts == [3, 3]
        mono = settings.fonts / "courier-prime" / "courier-prime-latin-400-normal.woff2"
        with closing(opened(new)) as catalog:
            catalog.add_fonts([mono])
        for each in workers:
            print("courier-prime", file=each.stdin, flush=True)
        assert all(float(w.stdout.readline()) < 1 for w in workers if w.stdout)
    finally:
        for each in workers:
            each.communicate(timeout=30)
    assert healthy(new)


def test_a_rebuild_beside_searches(settings: Settings, serif_path: Path) -> None:
    """Searches answer the whole time, from the old catalogue or the new one, never from half."""
    errors: list[BaseException] = []
    seen: set[tuple[int, int]] = set()
    stop = threading.Event()

    def search() -> None:
        try:
            while not stop.is_set():
                answer = catalog.search(picture_of(serif_path), proof=False)
                assert answer.matches[0].family.id == "lora"
                seen.add((answer.catalogue.generation, answer.catalogue.families))
        except BaseException as error:
            errors.append(error)

    with closing(opened(settings)) as catalog:
        before = catalog.stats()["generation"]
        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        catalog.rebuild_from_fonts(only=["lora", "cantarell"], jobs=1, chromium=False)
        time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert seen == {(before, 4), (before + 1, 2)}


def test_a_rebuild_keeps_what_others_did_meanwhile(
    settings: Settings, fonts_dir: Path, serif_path: Path
) -> None:
    """A removed own family stays away, a face that joined one is there, a lost copy's rows stay."""
    serif_bold = fonts_dir / "lora" / "lora-latin-700-normal.woff2"
    mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
    sans = fonts_dir / "cantarell" / "cantarell-latin-400-normal.woff2"
    with closing(opened(settings)) as catalog:
        for family in ("lora", "courier-prime", "cantarell"):
            catalog.remove_family(family)
        catalog.add_fonts([serif_path, mono, sans])
        (lost,) = [
            settings.data / file.path
            for file in _files(settings, "cantarell")
            if file.path is not None
        ]
        lost.unlink()

        def meanwhile(done: int, total: int) -> None:
            if done == 1 and "courier-prime" in families(catalog):
                catalog.remove_family("courier-prime")
                catalog.add_fonts([serif_bold])

        catalog.rebuild_from_fonts(
            only=["abril-fatface"], jobs=1, chromium=False, on_progress=meanwhile
        )
        assert families(catalog) == ["abril-fatface", "cantarell", "lora"]
        assert [face.weight for face in catalog.family("lora").faces] == [400, 700]
        assert first(catalog, sans) == "cantarell"


def _files(settings: Settings, family: str) -> list:
    with open_database(settings.database_url).begin() as rows:
        return list(rows.files.by_family()[family].values())


def killing(*command: str) -> dict[str, Any]:
    """What a trial of kills came to; it must have found nothing wrong."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["wrong"] == []
    return result


@pytest.mark.slow
def test_killed_at_random_moments() -> None:
    """Sixteen times kill -9, as `python -m tests.kills` does four hundred times."""
    result = killing("tests.kills", "--count", "16", "--seed", "7")
    assert sum(result["stages"].values()) == 16 and len(result["stages"]) > 4


@pytest.mark.slow
def test_the_killed_service() -> None:
    """A worker and the master, once each, as `python -m tests.kills_service` does for minutes."""
    result = killing("tests.kills_service", "--minutes", "0", "--seed", "1")
    assert result["kills"] == {"worker": 1, "master": 1}
    assert result["answers"]["POST /v1/search 200"] > 8 and len(result["seconds_until_ready"]) == 2
