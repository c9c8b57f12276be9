"""One catalogue for many machines: PostgreSQL with FAISS or Milvus answers as SQLite does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from milvus_lite.adapter.grpc.server import start_server_in_thread

from db.locks import AdvisoryLock
from db.session import DatabaseError, open_database
from index import live
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import BusyError, UnknownFamilyError
from index.filters import Filters
from index.settings import Settings
from index.stores.faiss_keeper import FaissKeeper
from index.stores.milvus import MilvusKeeper
from tests.cluster import postgres, postgres_url
from tests.fake_embedder import FakeEmbedder
from tests.old_database import downgrade
from tests.test_index_catalog import picture_of

__all__ = ["postgres", "postgres_url"]
Machine = Callable[[str], FontCatalog]


@pytest.fixture(scope="session")
def shipped(built_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four families as a shipped catalogue."""
    target = tmp_path_factory.mktemp("shipped")
    settings = Settings(data=built_data, prebuilt=target / "none")
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        catalog.write_prebuilt(target)
    return target


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[str]:
    """The address of a Milvus Lite that many processes reach."""
    server, database, port = start_server_in_thread(str(tmp_path / "milvus"))
    yield f"milvus:http://127.0.0.1:{port}"
    server.stop(grace=None).wait()
    database.close()


@pytest.fixture(params=["faiss", "milvus"])
def shared(
    request: pytest.FixtureRequest, postgres_url: str, shipped: Path, tmp_path: Path
) -> Settings:
    """Settings of a machine over the shared catalogue, filled at the first start."""
    vectors = "" if request.param == "faiss" else request.getfixturevalue("milvus")
    return Settings(
        data=tmp_path / "one", database_url=postgres_url, vectors=vectors, prebuilt=shipped
    )


@pytest.fixture
def machine(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Opens the catalogue as the machine of that name does, with a data folder of its own."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0)
    opened: list[FontCatalog] = []

    def start(name: str) -> FontCatalog:
        settings = replace(shared, data=shared.data.with_name(name))
        opened.append(open_catalog(settings, embedder=FakeEmbedder()))
        return opened[-1]

    yield start
    for catalog in opened:
        catalog.close()


def first(catalog: FontCatalog, path: Path) -> str:
    """The family that a word in this font finds first."""
    return catalog.search(picture_of(path), proof=False).matches[0].family.id


def ids(catalog: FontCatalog) -> list[str]:
    """The ids of all families."""
    return sorted(family.id for family in catalog.families(limit=200).items)


def test_the_answers_are_those_of_one_machine(
    machine: Machine, catalog: FontCatalog, serif_path: Path, sans_path: Path
) -> None:
    """The first start is filled from the shipped catalogue; rows, scores and kin are the same."""
    many = machine("one")
    assert many.stats() | {"generation": 0} == catalog.stats() | {"generation": 0}
    for filters in (
        Filters(),
        Filters.of(category=["serif", "display"]),
        Filters.of(weight="600-800"),
        Filters.of(category=["none"]),
    ):
        for path in (serif_path, sans_path):
            ours, theirs = (
                each.search(picture_of(path), proof=False, filters=filters).matches
                for each in (many, catalog)
            )
            assert [replace(m, score=0, confidence=0) for m in ours] == [
                replace(m, score=0, confidence=0) for m in theirs
            ]
            np.testing.assert_allclose(
                [m.score for m in ours], [m.score for m in theirs], atol=1e-5
            )
        kin = [[m.family.id for m in each.similar("lora", filters=filters)]
               for each in (many, catalog)]  # fmt: skip
        assert kin[0] == kin[1]
    many.ping()


def test_vectors_of_float16_are_brought_to_bytes(
    shared: Settings, machine: Machine, serif_path: Path
) -> None:
    """A database of the sixth schema: the same rows and answers, and no face is damaged."""

    def stored() -> tuple[list[bytes], list[str]]:
        with closing(open_database(shared.database_url)) as database, database.begin() as rows:
            vectors = [s.vector for bundle in rows.bundles() for s in bundle.samples]
            return vectors, rows.faces.damaged()

    answer = machine("one").search(picture_of(serif_path), proof=False).matches
    before = stored()
    downgrade(shared.database_url, "0006")
    assert machine("two").search(picture_of(serif_path), proof=False).matches == answer
    assert stored() == before and len(before[0]) == 8 * 8 and before[1] == []


def test_what_one_adds_and_removes_all_find_and_lose(machine: Machine, serif_path: Path) -> None:
    """At the next search of another machine; a rebuild there is followed too."""
    one, two = machine("one"), machine("two")
    one.remove_family("lora")
    assert first(two, serif_path) != "lora"
    one.add_fonts([serif_path])
    assert first(two, serif_path) == first(one, serif_path) == "lora"
    two.rebuild_from_vectors()
    assert first(one, serif_path) == "lora"
    two.remove_family("lora")
    assert "lora" not in ids(one)
    assert one.stats()["samples"] == two.stats()["samples"]
    for catalog in (one, two, machine("three")):
        catalog.ping()


def test_another_machine_follows_without_making_all_anew(
    machine: Machine, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index of its own is changed by what was added and removed, and answers the same."""
    one, two = machine("one"), machine("two")
    two.stats()
    for keeper in (FaissKeeper, MilvusKeeper):
        monkeypatch.setattr(keeper, "made", lambda *_: pytest.fail("made anew"))
    for _ in range(2):
        one.remove_family("lora")
        assert "lora" not in ids(two)
        one.add_fonts([serif_path])
        ours, theirs = (each.search(picture_of(serif_path), proof=False) for each in (one, two))
        assert theirs.matches == ours.matches and ours.matches[0].family.id == "lora"
    two.remove_family("lora")
    assert one.stats() == two.stats()
    one.ping()


def test_two_machines_that_write_at_once(
    machine: Machine, fonts_dir: Path, postgres_url: str
) -> None:
    """Both add and remove the same fonts beside searches; they end consistent, no id came twice."""
    machines = [machine("one"), machine("two")]
    for name in ("lora", "courier-prime"):
        machines[0].remove_family(name)
    seen: list[int] = []

    def churn(catalog: FontCatalog, family: str) -> None:
        paths = sorted((fonts_dir / family).glob("*.woff2"))[:1]
        for _ in range(2):
            catalog.add_fonts(paths)
            first(catalog, paths[0])
            with suppress(UnknownFamilyError):
                catalog.remove_family(family)

    jobs = [(each, family) for each in machines for family in ("lora", "courier-prime")]
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(churn, *job) for job in jobs]:
            done.result()
    assert [ids(each) for each in machines] == [["abril-fatface", "cantarell"]] * 2
    with closing(open_database(postgres_url)) as database:
        for _ in range(2):
            machines[0].add_fonts(sorted((fonts_dir / "lora").glob("*.woff2"))[:1])
            with database.begin() as rows:
                seen += rows.samples.lines()[0][-8:].tolist()
            machines[1].remove_family("lora")
    assert len(set(seen)) == 16 and seen == sorted(seen)
    machines[0].ping()


_OTHER = """
import sys, time
from contextlib import closing
from pathlib import Path
from index.bootstrap import open_catalog
from index.settings import Settings
from index.stores.faiss_keeper import FaissKeeper
from index.stores.milvus import MilvusKeeper
from tests.fake_embedder import FakeEmbedder
from tests.test_index_catalog import picture_of
data, url, vectors, prebuilt, font = sys.argv[1:]
settings = Settings(data=Path(data), database_url=url, vectors=vectors, prebuilt=Path(prebuilt))
with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
    picture = picture_of(Path(font))
    for wanted in sys.stdin:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            found = catalog.search(picture, proof=False).matches[0].family.id
            if (found == "lora") == (wanted.strip() == "lora"):
                break
        print(found, time.time(), flush=True)
"""


def test_an_add_is_found_by_another_process_within_a_second(
    shared: Settings, serif_path: Path
) -> None:
    """A real second process that keeps on searching, with the real pause between looks."""
    with closing(open_catalog(shared, embedder=FakeEmbedder())) as catalog:
        catalog.remove_family("lora")
        other = subprocess.Popen(
            [
                sys.executable, "-c", _OTHER, str(shared.data.with_name("other")),
                shared.database_url, shared.vectors, str(shared.prebuilt), str(serif_path),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdin and other.stdout
        with other:
            print("none", file=other.stdin, flush=True)
            assert other.stdout.readline().split()[0] != "lora"
            catalog.add_fonts([serif_path])
            added = time.time()
            print("lora", file=other.stdin, flush=True)
            found, when = other.stdout.readline().split()
            other.stdin.close()
        assert found == "lora"
        assert float(when) - added < live.CHECK_SECONDS + 1  # it looks once a second, then reads


def test_a_writer_of_another_machine_is_waited_for(
    machine: Machine, shared: Settings, serif_path: Path
) -> None:
    """The lock is the database's: it holds among machines, and its end is the connection's."""
    one, theirs = machine("one"), AdvisoryLock(shared.database_url)
    impatient = replace(shared, data=shared.data.with_name("two"), lock_seconds=0.05)
    assert theirs.acquire(0)
    with pytest.raises(BusyError, match="database's lock.*0.05 s"):
        open_catalog(impatient, embedder=FakeEmbedder())
    assert not AdvisoryLock(shared.database_url).acquire(0.05)
    assert first(one, serif_path) == "lora"
    theirs.release()
    one.remove_family("lora")


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """The error does not show the password."""
    url = "postgresql+psycopg://me:secret-word@/none?host=/nowhere"
    settings = Settings(data=tmp_path, database_url=url)
    with pytest.raises(DatabaseError) as caught:
        open_catalog(settings, embedder=FakeEmbedder())
    assert "secret-word" not in str(caught.value) + repr(settings)
