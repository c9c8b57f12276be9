"""The database: its schema, what goes in comes out, and what a deletion takes along."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from db.models import Base
from db.records import (
    ColumnsRecord,
    FaceRecord,
    FamilyBundle,
    FamilyRecord,
    FileRecord,
    SampleRecord,
    TokenRecord,
    TwinRecord,
)
from db.session import BusyError, Database, DatabaseError, open_database
from db.vectors import quantised
from tests.old_database import downgrade

DIM = 4


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A migrated, empty database with a state row."""
    opened = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    with opened.begin() as rows:
        rows.state.set_encoder("e" * 64, 1, DIM)
    return opened


def bundle(family_id: str, *, faces: int = 1, sha: str | None = None) -> FamilyBundle:
    """A family with `faces` faces of two samples each, whose vectors are axes 0 and 1."""
    sha = sha or family_id * 4
    family = FamilyRecord(family_id, family_id.title(), "serif", "OFL-1.1", None, "own", None, "me")
    file = FileRecord(sha, f"{family_id}.ttf", 10, f"own/{sha}.ttf")
    face_rows = tuple(
        FaceRecord(
            f"{family_id}-{100 * (i + 1)}-normal", family_id, 100 * (i + 1), False, 100, "Thin",
            sha, 0, (("wght", 100.0), ("wdth", 75.5)), "Aaé",
        )
        for i in range(faces)
    )  # fmt: skip
    samples = tuple(
        SampleRecord(face.id, "lower", "abc", "freetype", quantised(np.eye(DIM)[n]))
        for face in face_rows
        for n in (0, 1)
    )
    columns = tuple(ColumnsRecord(face.id, bytes([1, 255, 0])) for face in face_rows)
    return FamilyBundle(family, (file,), face_rows, samples, columns, b"webp")


def test_the_migrations_make_what_the_models_say(database: Database, tmp_path: Path) -> None:
    """A migrated database differs from the models in nothing."""
    with create_engine(f"sqlite:///{tmp_path / 'catalog.db'}").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_family_comes_out_as_it_went_in(database: Database) -> None:
    """Every field of a bundle survives the way through the database."""
    written = bundle("lora", faces=2)
    with database.begin() as rows:
        rows.add(written)
    with database.begin() as rows:
        assert list(rows.bundles()) == [written]
        assert rows.faces.get("lora-100-normal") == written.faces[0]
        assert rows.counts() == {"families": 1, "faces": 2, "samples": 4, "files": 1}


def test_vectors_come_out_by_ascending_id(database: Database) -> None:
    """Ids ascend and every vector stays with its own sample."""
    with database.begin() as rows:
        rows.add(bundle("a", faces=2))
        found = rows.samples.vectors(DIM)
    assert found.ids.tolist() == [1, 2, 3, 4]
    assert found.vectors.argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert np.square(found.vectors).sum(axis=1).tolist() == [1.0] * 4
    assert found.vectors.dtype == np.float16


def test_no_vectors_keep_their_dimension(database: Database) -> None:
    """An empty catalogue gives [0] ids and [0, D] vectors."""
    with database.begin() as rows:
        found = rows.samples.vectors(DIM)
    assert found.ids.shape == (0,) and found.vectors.shape == (0, DIM)


def test_a_vector_of_another_length_is_named(database: Database) -> None:
    """A sample whose bytes do not fit the dimension raises with its id."""
    with database.begin() as rows:
        rows.add(bundle("a"))
    with database.begin() as rows, pytest.raises(ValueError, match="sample 1 holds 4 bytes, not 5"):
        rows.samples.vectors(DIM + 1)


def test_a_raised_error_leaves_nothing(database: Database) -> None:
    """A block that raises is rolled back whole."""
    with pytest.raises(RuntimeError), database.begin() as rows:
        rows.add(bundle("a"))
        raise RuntimeError
    with database.begin() as rows:
        assert rows.counts()["families"] == 0


def test_removal_takes_everything_along(database: Database) -> None:
    """Faces, samples, twins, the specimen and unused files go with the family."""
    with database.begin() as rows:
        rows.add(bundle("a"))
        rows.add(bundle("b"))
        rows.twins.add([TwinRecord("a", "b", 0.1), TwinRecord("b", "a", 0.1)])
    with database.begin() as rows:
        ids, files = rows.remove_family("a")
    assert ids.tolist() == [1, 2] and [file.name for file in files] == ["a.ttf"]
    with database.begin() as rows:
        assert rows.twins.all() == [] and rows.families.specimen("a") is None
        assert [b.family.id for b in rows.bundles()] == ["b"]


def test_a_shared_file_stays_with_the_other_family(database: Database) -> None:
    """A file that another family's face needs is not dropped."""
    with database.begin() as rows:
        rows.add(bundle("a", sha="same"))
        rows.add(bundle("b", sha="same"))
        assert rows.remove_family("a")[1] == []
        assert [family.id for family in rows.families.of_file("same")] == ["b"]


def test_a_file_is_known_by_what_was_sent_too(database: Database) -> None:
    """A sanitised file is found by its own hash and by that of the file it was made from."""
    one = bundle("a", sha="kept")
    sent = replace(one.files[0], original_sha256="sent")
    with database.begin() as rows:
        rows.add(replace(one, files=(sent,)))
    with database.begin() as rows:
        assert rows.files.get("kept") == sent
        assert rows.files.by_family() == {"a": {"kept": sent}}
        found = [rows.families.of_file(sha) for sha in ("kept", "sent", "other")]
        assert found == [[one.family], [one.family], []]
        assert rows.remove_family("a")[1] == [sent]


def test_sample_ids_never_come_back(database: Database) -> None:
    """After the last samples are deleted, new ones get higher ids."""
    with database.begin() as rows:
        rows.add(bundle("a"))
        rows.remove_family("a")
        rows.add(bundle("b"))
        assert rows.samples.vectors(DIM).ids.tolist() == [3, 4]


def test_the_generation_only_grows(database: Database) -> None:
    """Changing the encoder and counting a change both grow it by one."""
    with database.begin() as rows:
        assert rows.state.generation() == 1
        assert rows.state.grow() == 2
        assert rows.state.set_encoder("f" * 64, 2, 8) == 3
        assert rows.state.get() is not None and rows.state.get().encoder_sha256 == "f" * 64


def test_one_block_reads_one_moment(database: Database) -> None:
    """A reader does not see a commit that came after its first read."""
    with database.begin() as reader:
        assert reader.counts()["families"] == 0
        with database.begin() as writer:
            writer.add(bundle("a"))
        assert reader.counts()["families"] == 0


def test_faces_of_nobody_are_refused(database: Database) -> None:
    """Foreign keys are on."""
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), database.begin() as rows:
        rows.twins.add([TwinRecord("no", "body", 0.0)])


def test_opening_twice_keeps_the_rows(database: Database, tmp_path: Path) -> None:
    """Migrating a migrated database changes nothing."""
    with database.begin() as rows:
        rows.add(bundle("a"))
    with open_database(f"sqlite:///{tmp_path / 'catalog.db'}").begin() as rows:
        assert rows.counts()["families"] == 1


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/catalog.db", "oracle9://x"])
def test_a_bad_url_is_named(url: str) -> None:
    """What cannot be opened raises DatabaseError with the URL."""
    with pytest.raises(DatabaseError, match=url.split(":")[0]):
        open_database(url)


def test_a_compacted_database_is_one_file(database: Database, tmp_path: Path) -> None:
    """After compact() and close() no WAL is needed to read the rows."""
    with database.begin() as rows:
        rows.add(bundle("a"))
    database.compact()
    database.close()
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "c.db").write_bytes((tmp_path / "catalog.db").read_bytes())
    with create_engine(f"sqlite:///{tmp_path / 'alone' / 'c.db'}").connect() as connection:
        assert connection.execute(text("select count(*) from family")).scalar() == 1


def of_revision(revision: str, path: Path, family: FamilyBundle) -> str:
    """The URL of a new database at `path` that holds the family, in an earlier schema."""
    url = f"sqlite:///{path}"
    opened = open_database(url)
    with opened.begin() as rows:
        rows.state.set_encoder("e" * 64, 1, DIM)
        rows.add(family)
    opened.close()
    downgrade(url, revision)
    return url


def test_an_older_database_keeps_its_families_for_everybody(tmp_path: Path) -> None:
    """The migration to tokens leaves families, faces and samples, all of them public."""
    url = of_revision("0003", tmp_path / "old.db", bundle("a", faces=2))
    with open_database(url).begin() as rows:
        assert list(rows.bundles()) == [replace(bundle("a", faces=2), columns=())]
        assert rows.families.all()[0].public and rows.families.all()[0].owner is None
        assert rows.tokens.all() == []


@pytest.fixture
def of_float16(tmp_path: Path) -> str:
    """The URL of a database of the sixth schema: 300 faces, vectors drawn at random."""
    url = of_revision("0006", tmp_path / "float16.db", bundle("a", faces=300))
    rows16 = np.random.default_rng(7).standard_normal((600, DIM)).astype("<f2")
    with create_engine(url).begin() as connection:
        for n, row in enumerate(rows16, 1):
            change = text("UPDATE sample SET vector = :v WHERE id = :n")
            connection.execute(change, {"v": row.tobytes(), "n": n})
        for n, pair in enumerate(rows16.reshape(300, 2, DIM), 1):
            digest = hashlib.sha256()
            for row in pair:
                digest.update(b"lower\0abc\0freetype\0" + row.tobytes())
            digest.update(bytes([1, 255, 0]))
            change = text("UPDATE face SET samples_sha256 = :sum WHERE id = :id")
            connection.execute(change, {"sum": digest.hexdigest(), "id": f"a-{100 * n}-normal"})
    return url


def raw(url: str) -> tuple[str, list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The schema, all samples and all checksums of a database, as they are."""
    with create_engine(url).connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        samples = connection.execute(text("SELECT * FROM sample ORDER BY id")).all()
        sums = connection.execute(text("SELECT id, samples_sha256 FROM face ORDER BY id")).all()
    return str(version), [(*row,) for row in samples], [(*row,) for row in sums]


def test_vectors_of_float16_become_bytes(of_float16: str) -> None:
    """Each stays its sample's, in half the bytes, and every checksum is of what is there."""
    _, before, _ = raw(of_float16)
    with closing(open_database(of_float16)) as opened, opened.begin() as rows:
        assert rows.faces.damaged() == []
    _, after, _ = raw(of_float16)
    assert [row[:-1] for row in after] == [row[:-1] for row in before] and len(after) == 600
    for old, new in zip(before, after, strict=True):
        assert new[-1] == quantised(np.frombuffer(bytes(old[-1]), "<f2"))  # type: ignore[call-overload]


def test_damage_is_not_hidden_by_a_migration(of_float16: str) -> None:
    """A flipped bit, a number that is none and a cut vector: they are named afterwards too."""
    with create_engine(of_float16).begin() as connection:
        for sample, blob in (
            (1, bytes([1] * 2 * DIM)),
            (5, np.full(DIM, np.nan, "<f2").tobytes()),
            (7, bytes(2 * DIM)),
            (599, bytes(3)),
        ):
            change = text("UPDATE sample SET vector = :v WHERE id = :n")
            connection.execute(change, {"v": blob, "n": sample})
    with closing(open_database(of_float16)) as opened, opened.begin() as rows:
        assert rows.faces.damaged() == [f"a-{n}-normal" for n in (100, 300, 30000, 400)]
        with pytest.raises(ValueError, match="sample 599 holds 3 bytes"):
            rows.samples.vectors(DIM)


def test_a_migration_that_stops_leaves_all_as_it_was(of_float16: str) -> None:
    """At the last face: not a sample is changed, and the next start does it all."""
    before = raw(of_float16)
    stop = (
        "CREATE TRIGGER stop BEFORE UPDATE ON face WHEN new.id = 'a-9900-normal' "
        "BEGIN SELECT RAISE(ABORT, 'cut off'); END"
    )
    with create_engine(of_float16).begin() as connection:
        connection.execute(text(stop))
    with pytest.raises(DatabaseError, match="cut off"):
        open_database(of_float16)
    assert raw(of_float16) == before and before[0] == "0006"
    with create_engine(of_float16).begin() as connection:
        connection.execute(text("DROP TRIGGER stop"))
    with closing(open_database(of_float16)) as opened, opened.begin() as rows:
        assert rows.faces.damaged() == [] and len(rows.samples.vectors(DIM).ids) == 600


def test_a_token_comes_out_as_it_went_in(database: Database) -> None:
    """With its days; the last use and the revocation are noted, the first of each kind alone."""
    token = TokenRecord("1", "acme", "d" * 64, ("read",), date(2026, 1, 2), date(2027, 1, 2))
    with database.begin() as rows:
        rows.tokens.add(token)
        assert (
            rows.tokens.get("1") == token
            and rows.tokens.all() == [token]
            and rows.tokens.get("2") is None
        )
        rows.tokens.use("1", date(2026, 2, 1))
        rows.tokens.revoke("1", date(2026, 3, 1))
        rows.tokens.revoke("1", date(2026, 4, 1))
    with database.begin() as rows:
        found = rows.tokens.get("1")
    assert found is not None
    assert (found.last_used, found.revoked) == (date(2026, 2, 1), date(2026, 3, 1))


def test_a_family_is_renamed_and_hidden(database: Database) -> None:
    """Its name, who sees it and its picture change; the owner, faces and samples stay."""
    with database.begin() as rows:
        rows.add(bundle("a"))
        rows.families.change("a", name="New", public=False)
        rows.families.set_specimen("a", b"new")
        family = rows.families.get("a")
        assert family is not None
        assert (family.name, family.public, family.owner) == (
            "New",
            False,
            None,
        )
        assert rows.families.specimen("a") == b"new" and rows.counts()["samples"] == 2


def test_a_database_that_somebody_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock is no fault of the service, met by a statement or while a connection is opened."""
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    open_database(url).close()
    monkeypatch.setattr("db.session._BUSY_MS", 50)
    engine = create_engine(url, connect_args={"timeout": 0.05})
    with closing(sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE held (id)")
        for database in (Database(engine), open_database(url, migrating=False)):
            with pytest.raises(BusyError, match="locked"), database.begin() as rows:
                rows.state.generation()
            database.close()


def test_no_connection_left_is_busy(tmp_path: Path) -> None:
    """Whoever waits for a connection in vain hears that, too."""
    open_database(f"sqlite:///{tmp_path / 'catalog.db'}").close()
    engine = create_engine(
        f"sqlite:///{tmp_path / 'catalog.db'}", pool_size=1, max_overflow=0, pool_timeout=0.1
    )
    database = Database(engine)
    with database.begin() as rows:
        rows.state.generation()
        with pytest.raises(BusyError, match="in use"), database.begin() as more:
            more.state.generation()
    database.close()
