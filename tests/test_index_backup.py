"""Backups: everything of one moment in one file, put back in one step, damage refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from db.session import open_database
from index import live
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import BackupError, MismatchError
from index.repair import examine
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of
from tests.test_index_rebuild import families, vectors


@pytest.fixture
def owned(catalog: FontCatalog, serif_path: Path) -> FontCatalog:
    """The small catalogue with Lora as an own family."""
    catalog.remove_family("lora")
    catalog.add_fonts([serif_path])
    return catalog


@pytest.fixture
def saved(owned: FontCatalog, tmp_path: Path) -> Path:
    """Its backup."""
    target = tmp_path / "backup.zip"
    owned.backup(target)
    return target


@pytest.fixture
def empty(settings: Settings, tmp_path: Path) -> Iterator[FontCatalog]:
    """A new, empty catalogue elsewhere."""
    elsewhere = replace(settings, data=tmp_path / "elsewhere", database_url="")
    with closing(open_catalog(elsewhere, embedder=FakeEmbedder())) as catalog:
        yield catalog


def healthy(settings: Settings) -> bool:
    return examine(settings, embedder=FakeEmbedder()).findings == ()


def test_a_backup_comes_back_elsewhere(
    owned: FontCatalog, settings: Settings, saved: Path, tmp_path: Path, serif_path: Path
) -> None:
    """On a new machine: same families, vectors, answers, and the own file byte for byte."""
    new = replace(settings, data=tmp_path / "new", database_url="")
    with closing(open_catalog(new, embedder=FakeEmbedder())) as other:
        report = other.restore(saved)
        assert (report.families, report.own_files) == (4, 1)
        assert families(other) == families(owned)
        picture = picture_of(serif_path)
        before = owned.search(picture, proof=False).matches
        assert other.search(picture, proof=False).matches == before
        assert other.preview("lora-400-normal", "abc").mimetype == "image/png"
    assert vectors(new) == vectors(settings)
    own = [{p.name: p.read_bytes() for p in (s.data / "own").iterdir()} for s in (settings, new)]
    assert own[0] == own[1] and len(own[0]) == 1
    assert healthy(new) and healthy(settings)


def test_a_backup_of_before_an_update_comes_back(
    owned: FontCatalog, settings: Settings, saved: Path, tmp_path: Path
) -> None:
    """Of the sixth schema, whose vectors are float16: restored as the bytes of today."""
    before = vectors(settings)
    new = replace(settings, data=tmp_path / "new", database_url="")
    with closing(open_catalog(new, embedder=FakeEmbedder())) as other:
        other.restore(_changed(saved, lambda url: downgrade(url, "0006")))
        assert families(other) == families(owned)
    assert vectors(new) == before and len(before) == 7 * 8
    assert healthy(new)


def test_a_restore_undoes_what_came_after(
    owned: FontCatalog, settings: Settings, saved: Path, fonts_dir: Path, serif_path: Path
) -> None:
    """A removed family is back, an added one gone with its file, for a running reader too."""
    mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as reader:
        owned.remove_family("lora")
        owned.remove_family("courier-prime")
        owned.add_fonts([mono])
        before = owned.stats()["generation"]
        with pytest.raises(BackupError, match="own families"):
            # The archive has Courier Prime from Google: the own one of that id would go.
            owned.add_fonts([fonts_dir / "lora" / "lora-latin-700-normal.woff2"])
            owned.restore(_without(saved, "lora"))
        owned.restore(saved, discard=True)
        assert owned.stats()["generation"] > before
        assert owned.family("courier-prime").family.source == "google"
        assert owned.family("lora").family.source == "own"
        assert len(list((settings.data / "own").iterdir())) == 1
        live.CHECK_SECONDS, checked = 0, live.CHECK_SECONDS
        try:
            assert reader.search(picture_of(serif_path)).matches[0].family.id == "lora"
            assert reader.stats()["generation"] == owned.stats()["generation"]
        finally:
            live.CHECK_SECONDS = checked
    assert healthy(settings)


def _without(saved: Path, family: str) -> Path:
    """The same backup as it was before `family` was added."""

    def remove(url: str) -> None:
        with closing(open_database(url)) as database:
            with database.write() as rows:
                rows.remove_family(family)
            database.compact()

    return _changed(saved, remove)


def _changed(saved: Path, change: Callable[[str], None]) -> Path:
    """The same backup, whose database `change` was given the URL of."""
    folder = saved.with_suffix("")
    with zipfile.ZipFile(saved) as archive:
        archive.extractall(folder)
    change(f"sqlite:///{folder / 'catalog.db'}")
    data = (folder / "catalog.db").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256(data).hexdigest()
    manifest["contents"]["catalog.db"] = {"bytes": len(data), "sha256": digest}
    target = saved.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name in manifest["contents"]:
            archive.write(folder / name, name)
    return target


def test_a_backup_beside_writers_is_of_one_moment(
    owned: FontCatalog, settings: Settings, fonts_dir: Path, tmp_path: Path
) -> None:
    """While another adds and removes, every backup restores to a sound catalogue."""
    mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
    owned.remove_family("courier-prime")
    stop, errors = threading.Event(), []

    def churn() -> None:
        try:
            while not stop.is_set():
                owned.add_fonts([mono])
                owned.remove_family("courier-prime")
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        for number in range(3):
            owned.backup(tmp_path / f"{number}.zip")
    finally:
        stop.set()
        worker.join()
    assert errors == []
    new = replace(settings, data=tmp_path / "new", database_url="")
    for number in range(3):
        with closing(open_catalog(new, embedder=FakeEmbedder())) as other:
            other.restore(tmp_path / f"{number}.zip", discard=True)
        assert healthy(new)


def _flip(data: bytearray) -> None:
    data[len(data) // 2] ^= 1


def _cut(data: bytearray) -> None:
    del data[-100:]


def _clear(data: bytearray) -> None:
    data[:] = b"GIF89a"


@pytest.mark.parametrize("damage", [_flip, _cut, _clear])
def test_a_damaged_backup_changes_nothing(
    empty: FontCatalog, saved: Path, damage: Callable[[bytearray], None]
) -> None:
    """A flipped bit, a cut end and another kind of file are refused by name."""
    data = bytearray(saved.read_bytes())
    damage(data)
    saved.write_bytes(data)
    with pytest.raises(BackupError, match=r"backup\.zip"):
        empty.restore(saved)
    assert families(empty) == []


def _other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("catalog.db", b"")


def _climbing(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        contents = {n: {"bytes": 0, "sha256": ""} for n in ("catalog.db", "own/../../x.ttf")}
        manifest = {"kind": "fontkin-backup", "format": 1, "contents": contents}
        archive.writestr("manifest.json", json.dumps(manifest))


def _newer(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        manifest = {"kind": "fontkin-backup", "format": 9, "contents": {"catalog.db": {}}}
        archive.writestr("manifest.json", json.dumps(manifest))


@pytest.mark.parametrize(
    ("make", "reason"),
    [(_other_zip, "no manifest"), (_climbing, "another's"), (_newer, "format 9.*reads 1")],
)
def test_a_foreign_file_is_refused(
    empty: FontCatalog, tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    """A zip of somebody else's, names that climb out, and a format to come."""
    path = tmp_path / "foreign.zip"
    make(path)
    with pytest.raises(BackupError, match=reason):
        empty.restore(path)
    with pytest.raises(BackupError, match="no such file"):
        empty.restore(tmp_path / "lost.zip")


def test_another_encoders_backup_is_refused(settings: Settings, saved: Path) -> None:
    """Its vectors would mean nothing here: both encoders are named."""
    other = replace(settings, data=settings.data.parent / "other", database_url="")
    embedder = FakeEmbedder(sha256="0ddba11" * 9 + "0")
    with (
        closing(open_catalog(other, embedder=embedder)) as catalog,
        pytest.raises(MismatchError, match="fa4e.*0ddba11"),
    ):
        catalog.restore(saved)


def test_no_backup_of_what_is_lost(owned: FontCatalog, settings: Settings, tmp_path: Path) -> None:
    """An own file is gone: a backup without it would hide that."""
    for path in (settings.data / "own").iterdir():
        path.unlink()
    with pytest.raises(MismatchError, match="doctor"):
        owned.backup(tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()


def test_a_restore_that_fails_leaves_all_as_it_was(
    owned: FontCatalog, settings: Settings, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in the middle: rows and own files are those of before."""
    before, files = families(owned), sorted(p.name for p in (settings.data / "own").iterdir())
    shutil.copy(saved, saved.with_name("again.zip"))

    def fail(*args: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched, pytest.raises(sqlite3.OperationalError):
        patched.setattr("db.integrity.insert", fail)
        owned.restore(saved)
    assert families(owned) == before
    assert sorted(p.name for p in (settings.data / "own").iterdir()) == files
    assert healthy(settings)
