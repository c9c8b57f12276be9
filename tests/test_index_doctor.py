"""The doctor names each kind of damage, repairs what is derived and leaves the rest alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from db.session import open_database
from index.bootstrap import open_catalog
from index.repair import examine
from index.settings import Settings
from scripts import doctor
from tests.damage import flip, flipped_encoder
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of
from tests.test_index_rebuild import vectors

SHIPPED = "lora-700-normal"  # a face that the catalogue was built with
OWN = "courier-prime-400-normal"


@pytest.fixture(scope="module")
def sick_bed(built_data: Path, fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an own family, and the shipped catalogue beside it, made once."""
    data = tmp_path_factory.mktemp("doctor") / "data"
    shutil.copytree(built_data, data)
    with closing(open_catalog(_settings(data), embedder=FakeEmbedder())) as catalog:
        catalog.write_prebuilt(data.parent / "prebuilt")
        catalog.remove_family("courier-prime")
        mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
        catalog.add_fonts([mono])
    return data


@pytest.fixture
def patient(sick_bed: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of it, the test's own."""
    shutil.copytree(sick_bed.parent, tmp_path / "copy")
    return _settings(tmp_path / "copy" / "data")


def _settings(data: Path) -> Settings:
    return Settings(data=data, prebuilt=data.parent / "prebuilt", lock_seconds=10)


def found(settings: Settings, *, repair: bool = False) -> list[tuple[str, bool]]:
    """The codes of what is wrong, and whether it was repaired."""
    result = examine(settings, repair=repair, embedder=FakeEmbedder())
    return [(finding.code, finding.repaired) for finding in result.findings]


def execute(settings: Settings, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(settings.data / "catalog.db")) as database:
        database.execute(statement, values)
        database.commit()


def flip_vector(settings: Settings, face: str, bit: int) -> None:
    """One bit of the vector of the face's first sample."""
    with closing(sqlite3.connect(settings.data / "catalog.db")) as database:
        query = "SELECT id, vector FROM sample WHERE face_id = ? ORDER BY id LIMIT 1"
        sample, blob = database.execute(query, (face,)).fetchone()
        changed = bytearray(blob)
        changed[20] ^= bit
        database.execute("UPDATE sample SET vector = ? WHERE id = ?", (bytes(changed), sample))
        database.commit()


def index_flipped(s: Settings) -> None:
    flip(s.index_path)


def index_cut(s: Settings) -> None:
    s.index_path.write_bytes(s.index_path.read_bytes()[:100])


def index_lost(s: Settings) -> None:
    s.index_path.unlink()


def index_of_another_encoder(s: Settings) -> None:
    path = s.index_path.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "encoder_sha256": "0ddba11"}))


def index_of_other_rows(s: Settings) -> None:
    """Same generation, same count, another content: as after a database put back by hand."""
    with open_database(s.database_url).write() as rows:
        samples = rows.samples.of_family("lora")
        regular = [sample for sample in samples if sample.face_id == "lora-400-normal"]
        columns = rows.columns.of_faces(["lora-400-normal"])["lora-400-normal"]
        rows.replace_samples(SHIPPED, regular, columns)
        ids = rows.samples.lines()[0]
    assert len(np.unique(ids)) == len(ids)


def shipped_vector(s: Settings) -> None:
    flip_vector(s, SHIPPED, 1)


def shipped_columns(s: Settings) -> None:
    """One bit of the face's columns."""
    with closing(sqlite3.connect(s.data / "catalog.db")) as database:
        query = "SELECT columns FROM face_columns WHERE face_id = ?"
        changed = bytearray(database.execute(query, (SHIPPED,)).fetchone()[0])
        changed[20] ^= 1
        update = "UPDATE face_columns SET columns = ? WHERE face_id = ?"
        database.execute(update, (bytes(changed), SHIPPED))
        database.commit()


def own_vector(s: Settings) -> None:
    flip_vector(s, OWN, 1)


def killed_upload(s: Settings) -> None:
    (s.data / "tmp" / "upload-x").mkdir(parents=True)
    (s.data / "tmp" / "upload-x" / "font.ttf").write_bytes(b"half")


def half_written(s: Settings) -> None:
    (s.data / "own" / ".abc.ttf.77.tmp").write_bytes(b"half")


def cut_off_adding(s: Settings) -> None:
    """Killed between the file and the commit: the file goes with its marker."""
    name = f"{'a' * 64}.ttf"
    (s.data / "own" / name).write_bytes(b"font")
    (s.data / "own" / f"{name}.pending").touch()


def older_schema(s: Settings) -> None:
    downgrade(s.database_url, "0002")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (index_flipped, "index"),
        (index_cut, "index"),
        (index_lost, "index"),
        (index_of_another_encoder, "index"),
        (index_of_other_rows, "index"),
        (shipped_vector, "damaged-vectors"),
        (shipped_columns, "damaged-vectors"),
        (own_vector, "damaged-vectors"),
        (killed_upload, "leftover"),
        (half_written, "leftover"),
        (cut_off_adding, "unsettled"),
        (older_schema, "schema"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_is_derived_is_repaired(
    patient: Settings, damage: Callable[[Settings], None], code: str
) -> None:
    """Named, then repaired, then nothing is wrong and every vector is the one from before."""
    before = vectors(patient)
    assert found(patient) == []
    damage(patient)
    codes = found(patient)
    assert codes and {c for c, repaired in codes} <= {code, "index"} and codes[0] == (code, False)
    assert all(repaired for _, repaired in found(patient, repair=True))
    assert found(patient) == []
    if damage is not index_of_other_rows:
        assert vectors(patient) == before
    own = sorted(path.suffix for path in (patient.data / "own").iterdir())
    assert len(own) == 1 and own[0] != ".pending"


def own_file_lost(s: Settings) -> None:
    for path in (s.data / "own").iterdir():
        path.unlink()


def own_file_flipped(s: Settings) -> None:
    (path,) = (s.data / "own").iterdir()
    flip(path)


def stranger(s: Settings) -> None:
    (s.data / "own" / f"{'b' * 64}.ttf").write_bytes(b"somebody's only copy")


def broken_reference(s: Settings) -> None:
    execute(s, "UPDATE sample SET face_id = 'nobody' WHERE face_id = ?", OWN)


def broken_pages(s: Settings) -> None:
    path = s.data / "catalog.db"
    data = bytearray(path.read_bytes())
    data[8192 : len(data) // 2] = bytes(len(data) // 2 - 8192)
    path.write_bytes(data)


def shipped_flipped(s: Settings) -> None:
    flip(s.prebuilt / "catalog.db")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (own_file_lost, "own-file"),
        (own_file_flipped, "own-file"),
        (stranger, "orphan"),
        (broken_reference, "database"),
        (broken_pages, "database"),
        (shipped_flipped, "prebuilt"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_is_not_derived_stays_and_is_named(
    patient: Settings, damage: Callable[[Settings], None], code: str
) -> None:
    """--repair does not touch it, nor claims to have mended it."""
    damage(patient)
    files = {p: p.read_bytes() for p in (patient.data / "own").iterdir()}
    assert (code, False) in found(patient, repair=True)
    assert {p: p.read_bytes() for p in (patient.data / "own").iterdir()} == files


def test_a_vector_that_is_none_is_named(patient: Settings) -> None:
    """A high bit: the checksum tells, and all zeros tell too; without a source it stays."""
    flip_vector(patient, SHIPPED, 0x80)
    nowhere = replace(patient, prebuilt=patient.data / "none")
    assert ("damaged-vectors", False) in found(nowhere, repair=True)
    execute(patient, "UPDATE sample SET vector = zeroblob(64) WHERE face_id = ?", OWN)
    assert {"damaged-vectors", "vector-norm"} <= {code for code, _ in found(nowhere)}


def test_damaged_vectors_are_never_indexed(patient: Settings) -> None:
    """Where the index must be made from a flipped vector the start is refused, and says how on."""
    flip_vector(patient, SHIPPED, 1)
    patient.index_path.unlink()
    with pytest.raises(RuntimeError, match=rf"1 faces \({SHIPPED} first\).*doctor --repair"):
        open_catalog(patient, embedder=FakeEmbedder())


def test_a_repaired_catalogue_answers_as_before(patient: Settings, serif_path: Path) -> None:
    """All of it at once; the answers are those of before."""

    def answer() -> object:
        with closing(open_catalog(patient, embedder=FakeEmbedder())) as catalog:
            return catalog.search(picture_of(serif_path), proof=False).matches

    before = answer()
    for damage in (shipped_vector, own_vector, index_cut, killed_upload, cut_off_adding):
        damage(patient)
    assert all(repaired for _, repaired in found(patient, repair=True))
    assert answer() == before


def test_the_encoder_is_checked_against_its_card(patient: Settings, tmp_path: Path) -> None:
    """A flipped bit in the network is named; nothing else is done without an encoder."""
    index_cut(patient)
    broken = replace(patient, encoder=flipped_encoder(tmp_path))
    codes = [f.code for f in examine(broken, repair=True).findings]
    assert codes == ["encoder", "index"]


def test_a_new_folder_is_healthy(tmp_path: Path) -> None:
    """Before the first start there is nothing to be wrong, and nothing is made."""
    new = Settings(data=tmp_path / "new", prebuilt=tmp_path / "none")
    assert found(new) == []
    assert not (new.data / "catalog.db").exists()


def test_the_command(
    patient: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words and exit code 1, then --repair --json and 0."""

    def look(*argv: str) -> int:
        return doctor.look(doctor.parser().parse_args(argv))

    monkeypatch.setenv("FONTKIN_DATA", str(patient.data))
    monkeypatch.setenv("FONTKIN_PREBUILT", str(patient.prebuilt))
    monkeypatch.setattr("index.repair.load_embedder", lambda settings: FakeEmbedder())
    index_cut(patient)
    assert look() == 1
    out = capsys.readouterr().out
    assert out.startswith("index: the saved index does not fit: ") and "something is wrong" in out
    assert look("--repair", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"] and [f["repaired"] for f in report["findings"]] == [True]
    assert look() == 0
    assert capsys.readouterr().out.startswith("healthy (1 encoder, 1 prebuilt, 1 database, ")


@pytest.mark.parametrize(
    ("count", "names", "said"),
    [(1, "families", "1 family"), (1, "own files", "1 own file"), (0, "faces", "0 faces")],
)
def test_one_is_not_many(count: int, names: str, said: str) -> None:
    """What was looked at is counted in good English."""
    assert doctor.counted(count, names) == said
