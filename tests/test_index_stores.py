"""Both vector stores by the same tests: a brute-force oracle, and equal refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np
import pytest
from milvus_lite.server_manager import server_manager_instance

from db.locks import advisory_lock
from db.records import StateRecord, Vectors
from db.session import DatabaseError, open_database
from index.errors import MismatchError, UnavailableError
from index.stores import faiss_large
from index.stores.base import StoreKeeper, VectorError, VectorStore
from index.stores.faiss_keeper import FaissKeeper
from index.stores.milvus import MilvusKeeper
from index.stores.milvus_filters import clause
from index.stores.recent import Recent
from tests.damage import flip

DIM = 16
COUNT = 300


def state(generation: int, encoder: str = "e") -> StateRecord:
    """The catalogue's state at a generation."""
    return StateRecord(generation, encoder * 64, 1, DIM)


def unit(rows: int, seed: int = 0) -> np.ndarray:
    """Unit rows [rows, DIM], rounded to float16 as the database holds them."""
    values = np.random.default_rng(seed).standard_normal((rows, DIM))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


def rows(ids: list[int] | np.ndarray, seed: int = 0) -> Vectors:
    """Those ids with vectors."""
    return Vectors(np.array(ids, np.int64), unit(len(ids), seed))


def empty() -> Vectors:
    """No rows."""
    return Vectors(np.empty(0, np.int64), unit(0))


@pytest.fixture
def ids() -> np.ndarray:
    """Ids with gaps, ascending."""
    return np.sort(np.random.default_rng(1).permutation(1000)[:COUNT].astype(np.int64)) + 5


def open_keeper(kind: str, folder: Path) -> StoreKeeper:
    """As another process would open it."""
    if kind != "milvus":
        return FaissKeeper(folder / "index.faiss")
    return MilvusKeeper(str(folder / "vectors.db"))


@pytest.fixture(params=["faiss", "faiss-large", "milvus"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which store; the large one answers exactly when it reads all lists and re-ranks all."""
    if request.param == "faiss-large":
        monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", COUNT - 1)
        monkeypatch.setattr("index.stores.faiss_large._FEW", 60)
        monkeypatch.setattr("index.stores.faiss_large.PROBES", 2**20)
        monkeypatch.setattr("index.stores.faiss_large.RERANKED", COUNT)
    return str(request.param)


@pytest.fixture
def keeper(kind: str, tmp_path: Path) -> Iterator[StoreKeeper]:
    """An empty place for stores."""
    with closing(open_keeper(kind, tmp_path)) as opened:
        yield opened


@pytest.fixture
def store(keeper: StoreKeeper, ids: np.ndarray) -> VectorStore:
    """COUNT vectors at generation 3, saved."""
    made = keeper.made(state(3), rows(ids))
    keeper.save(made, state(3))
    return made


def oracle(ids: np.ndarray, vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Ids by exact inner product over the full matrix."""
    scores = queries.astype(np.float64) @ vectors.astype(np.float64).T
    return ids[np.argsort(-scores, axis=1)[:, :k]]


def test_search_is_exact(store: VectorStore, ids: np.ndarray) -> None:
    """Ids and scores are those of the full matrix, for queries of any length."""
    queries = unit(4, seed=2).astype(np.float32) * 3
    found = store.search(queries, 20)
    assert np.array_equal(found.ids, oracle(ids, unit(COUNT), queries, 20))
    exact = np.sort(queries.astype(np.float64) @ unit(COUNT).astype(np.float64).T, axis=1)
    np.testing.assert_allclose(found.scores, exact[:, ::-1][:, :20], rtol=1e-5)
    assert (store.dim, len(store)) == (DIM, COUNT)


@pytest.mark.parametrize("every", [1, 2, 10])
def test_allowed_ids_are_searched_fully(store: VectorStore, ids: np.ndarray, every: int) -> None:
    """With a selection the k best of the selection come back, not a rest of the k best of all."""
    queries = unit(2, seed=3).astype(np.float32)
    keep = np.arange(COUNT) % every == 0
    found = store.search(queries, 30, allowed=ids[keep])
    assert np.array_equal(found.ids, oracle(ids[keep], unit(COUNT)[keep], queries, 30))


def test_score_is_the_inner_product(store: VectorStore, ids: np.ndarray) -> None:
    """Any stored rows in any order, twice, against the full matrix; no ids give no columns."""
    queries = unit(3, seed=4).astype(np.float32)
    for seed in (5, 6):
        chosen = np.random.default_rng(seed).permutation(COUNT)[:40]
        expected = queries.astype(np.float64) @ unit(COUNT)[chosen].astype(np.float64).T
        np.testing.assert_allclose(store.score(queries, ids[chosen]), expected, atol=1e-5)
    assert store.score(queries, ids[:0]).shape == (3, 0)
    with pytest.raises(VectorError, match="not in the store"):
        store.score(queries, np.array([int(ids[0]), 4], np.int64))


def test_few_and_nothing(keeper: StoreKeeper, store: VectorStore, ids: np.ndarray) -> None:
    """k above what is there pads with -1 and -inf; no query and no vectors have their shapes."""
    found = store.search(unit(1), 4, allowed=ids[:2])
    assert (found.ids[0, 2:] == -1).all() and np.isneginf(found.scores[0, 2:]).all()
    assert set(found.ids[0, :2]) == set(ids[:2])
    assert store.search(unit(0), 5).ids.shape == (0, 5)
    assert (store.search(unit(2), 5, allowed=np.array([], np.int64)).ids == -1).all()
    assert (store.search(unit(1), 2, allowed=np.array([99_999])).ids == -1).all()
    assert (keeper.made(state(4), empty()).search(unit(2), 5).ids == -1).all()


@pytest.mark.parametrize(
    ("vectors", "k"),
    [(unit(1), 0), (unit(1), -1), (unit(1)[:, :3], 1), (np.full((1, DIM), np.nan), 1)],
    ids=["zero", "negative", "dim", "nan"],
)
def test_what_search_refuses(store: VectorStore, vectors: np.ndarray, k: int) -> None:
    """Queries that an engine would answer with nonsense raise VectorError."""
    with pytest.raises(VectorError):
        store.search(vectors, k)


def test_a_change_leaves_the_old_store_as_it_was(
    keeper: StoreKeeper, store: VectorStore, ids: np.ndarray
) -> None:
    """Without the removed and with the added rows; who reads the old generation sees the old."""
    queries, all_ids = unit(2, 7).astype(np.float32), np.concatenate([ids[3:], [2000, 2001]])
    vectors = np.concatenate([unit(COUNT)[3:], unit(2, 8)])
    changed = keeper.changed(store, state(4), ids[:3], rows([2000, 2001], 8))
    assert (len(store), len(changed)) == (COUNT, COUNT - 1)
    assert np.array_equal(changed.search(queries, 299).ids, oracle(all_ids, vectors, queries, 299))
    assert np.array_equal(store.search(queries, 300).ids, oracle(ids, unit(COUNT), queries, 300))
    again = keeper.changed(changed, state(5), np.array([2000]), empty())
    assert 2000 not in again.search(queries, 298).ids
    with pytest.raises(VectorError):
        again.score(queries, np.array([2000]))


def test_a_change_that_never_was_committed_is_forgotten(
    keeper: StoreKeeper, store: VectorStore, ids: np.ndarray
) -> None:
    """A writer died after it wrote vectors: the next one starts from the committed state."""
    keeper.changed(store, state(4), ids[:3], rows([2000, 2001], 8))
    changed = keeper.changed(store, state(4), ids[5:6], rows([2000], 9))
    keeper.save(changed, state(4))
    expected = np.concatenate([np.delete(ids, 5), [2000]])
    vectors = np.concatenate([np.delete(unit(COUNT), 5, axis=0), unit(1, 9)])
    queries = unit(2, 7).astype(np.float32)
    found = keeper.load(state(4)).search(queries, 400).ids[:, :COUNT]
    assert np.array_equal(found, oracle(expected, vectors, queries, COUNT))


def test_what_was_saved_comes_back(
    kind: str, keeper: StoreKeeper, store: VectorStore, tmp_path: Path
) -> None:
    """Another process loads what answers the same."""
    queries = unit(2, 5)
    before = store.search(queries, 9)
    keeper.close()
    server_manager_instance.release_server(str(tmp_path / "vectors.db"))
    with closing(open_keeper(kind, tmp_path)) as other:
        after = other.load(state(3)).search(queries, 9)
    assert np.array_equal(before.ids, after.ids)
    np.testing.assert_allclose(before.scores, after.scores, rtol=1e-6)


def test_another_state_is_refused(keeper: StoreKeeper, store: VectorStore) -> None:
    """A later generation, another encoder: MismatchError names both."""
    with pytest.raises(MismatchError, match="generation 3.*4"):
        keeper.load(state(4))
    with pytest.raises(MismatchError, match="eeee.*ffff"):
        keeper.load(state(3, "f"))


def test_nothing_saved_yet(keeper: StoreKeeper) -> None:
    """An empty place says so."""
    with pytest.raises((MismatchError, FileNotFoundError)):
        keeper.load(state(1))


def test_a_rebuild_moves_the_alias_and_the_old_one_goes_on(
    keeper: StoreKeeper, store: VectorStore, ids: np.ndarray
) -> None:
    """Readers of the old collection go on until the rebuild after the next."""
    queries = unit(2, 5)
    before = store.search(queries, 5).ids
    rebuilt = keeper.made(state(4, "f"), rows([9000, 9001], 3))
    assert np.array_equal(keeper.load(state(3)).search(queries, 5).ids, before)
    keeper.save(rebuilt, state(4, "f"))
    assert set(keeper.load(state(4, "f")).search(queries, 2).ids[0]) == {9000, 9001}
    assert np.array_equal(store.search(queries, 5).ids, before)


def test_milvus_keeps_no_more_than_two_collections(tmp_path: Path) -> None:
    """What a rebuild left goes at the next one."""
    with closing(MilvusKeeper(str(tmp_path / "vectors.db"))) as keeper:
        for generation in range(1, 5):
            keeper.save(keeper.made(state(generation), rows([1, 2])), state(generation))
            assert len(keeper._collections()) == min(generation, 2)


def test_rows_that_nobody_can_see_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute after they were removed the next change deletes them for good."""
    monkeypatch.setattr("index.stores.milvus._PURGE_SECONDS", -2)
    with closing(MilvusKeeper(str(tmp_path / "vectors.db"))) as keeper:
        first = keeper.made(state(1), rows([1, 2, 3]))
        second = keeper.changed(first, state(2), np.array([2]), empty())
        assert len(first.search(unit(1), 3).ids[first.search(unit(1), 3).ids >= 0]) == 3
        keeper.changed(second, state(3), np.array([3]), empty())
        left = keeper._client.query(first.collection, "id >= 0", output_fields=["id"])
        assert sorted(row["id"] for row in left) == [1, 3]


def test_an_address_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the address without the password."""
    keeper = MilvusKeeper("http://me:secret-word@127.0.0.1:9")
    with pytest.raises(UnavailableError, match=r"http://127\.0\.0\.1:9") as caught:
        keeper.load(state(1))
    assert "secret-word" not in str(caught.value)


def test_ids_as_ranges() -> None:
    """Runs become ranges in balanced brackets; too many of them become a list."""
    assert clause(np.array([4])) == "(4 <= id and id <= 4)"
    assert clause(np.array([1, 2, 3, 7, 8])) == "((1 <= id and id <= 3) or (7 <= id and id <= 8))"
    assert clause(np.arange(80_000)) == "(0 <= id and id <= 79999)"
    assert clause(np.arange(0, 4000, 2)).startswith("id in [0, 2, 4, ")


def test_recent_vectors_are_asked_for_once() -> None:
    """Only what is not here is fetched; the least lately used goes first; a gap is None."""
    asked: list[list[int]] = []

    def fetch(ids: list[int]) -> dict[int, np.ndarray]:
        asked.append(ids)
        return {i: np.full(2, i, np.float32) for i in ids if i < 100}

    recent = Recent(2, kept=3)
    assert recent.get([1, 2, 3], fetch).tolist() == [[1, 1], [2, 2], [3, 3]]
    assert recent.get([3, 1, 4], fetch).tolist() == [[3, 3], [1, 1], [4, 4]]
    assert recent.get([2], fetch) is not None and recent.get([7, 100], fetch) is None
    assert asked == [[1, 2, 3], [4], [2], [7, 100]]


@pytest.mark.parametrize(("taken", "measured"), [(400, 4000), (20, 100)], ids=("some", "larger"))
def test_a_large_store_finds_nearly_all(
    taken: int, measured: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4,000 vectors by codes and re-ranking: recall@5 of 0.99, exact scores, few lists read.

    Where the store is larger than what was measured, more are re-ranked.
    """
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", 1000)
    monkeypatch.setattr("index.stores.faiss_large.PROBES", 100)
    monkeypatch.setattr("index.stores.faiss_large.RERANKED", taken)
    monkeypatch.setattr("index.stores.faiss_large.MEASURED", measured)
    ids, vectors = np.arange(4000) * 3, unit(4000)
    keeper = FaissKeeper(tmp_path / "index.faiss")
    store = keeper.made(state(1), Vectors(ids, vectors))
    assert isinstance(store, faiss_large.LargeStore) and store.base.lists > 200
    queries = unit(100, 1).astype(np.float32)
    found, exact = store.search(queries, 5), oracle(ids, vectors, queries, 5)
    hits = [len(set(a) & set(b)) for a, b in zip(found.ids, exact, strict=True)]
    assert sum(hits) / 500 >= 0.99
    rows = vectors[found.ids // 3].astype(np.float32)
    np.testing.assert_allclose(found.scores, np.einsum("nkd,nd->nk", rows, queries), atol=1e-6)


def test_a_filter_keeps_k_in_a_large_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One list would not hold 200 of the allowed: more are read until they are there."""
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", 1000)
    monkeypatch.setattr("index.stores.faiss_large.PROBES", 1)
    monkeypatch.setattr("index.stores.faiss_large._FEW", 0)
    keeper = FaissKeeper(tmp_path / "index.faiss")
    store = keeper.made(state(1), Vectors(np.arange(4000), unit(4000)))
    allowed = np.arange(0, 4000, 20)
    found = store.search(unit(3, 1), 200, allowed=allowed)
    assert all(sorted(row) == allowed.tolist() for row in found.ids)


def test_a_worn_large_store_gets_a_new_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many changes; the files of the old base go, the answers are those of the rows."""
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", COUNT - 1)
    keeper = FaissKeeper(tmp_path / "index.faiss")
    first = keeper.made(state(1), rows(np.arange(COUNT)))
    keeper.save(first, state(1))
    second = keeper.changed(first, state(2), np.arange(5), rows([1000]))
    third = keeper.changed(second, state(3), np.arange(5, 9), rows(np.arange(1001, 1101), 4))
    keeper.save(third, state(3))
    assert isinstance(first, faiss_large.LargeStore) and isinstance(third, faiss_large.LargeStore)
    assert isinstance(second, faiss_large.LargeStore) and second.base is first.base
    assert third.base is not first.base and len(third) == COUNT - 9 + 101
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"index", third.base.name}
    held = third.vectors()
    assert held.ids.tolist() == [*range(9, COUNT), *range(1000, 1101)]
    assert np.array_equal(held.vectors[-101], unit(1)[0])
    assert np.array_equal(first.search(unit(1), 300).ids.shape, (1, 300))


def test_a_list_that_the_graph_does_not_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lists are asked for and some do not come: then every vector is compared."""
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", 1000)
    monkeypatch.setattr("index.stores.faiss_large.PROBES", 2**20)
    keeper = FaissKeeper(tmp_path / "index.faiss")
    store = keeper.made(state(1), Vectors(np.arange(4000), unit(4000)))
    assert isinstance(store, faiss_large.LargeStore)
    lists = faiss.downcast_index(faiss.extract_index_ivf(store.base.index).quantizer)
    links = faiss.vector_to_array(lists.hnsw.neighbors)
    faiss.copy_array_to_vector(np.full_like(links, -1), lists.hnsw.neighbors)
    queries = unit(3, 1).astype(np.float32)
    found = store.search(queries, 3000)
    assert np.array_equal(found.ids, oracle(np.arange(4000), unit(4000), queries, 3000))


def test_a_base_of_an_older_release_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its codes are others: MismatchError, and the catalogue makes it anew."""
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", COUNT - 1)
    made = FaissKeeper(tmp_path / "index.faiss").made(state(1), rows(np.arange(COUNT)))
    assert isinstance(made, faiss_large.LargeStore)
    older = faiss.index_factory(DIM, "IVF4,PQ8x4fs", faiss.METRIC_INNER_PRODUCT)
    older.train(unit(COUNT).astype(np.float32))
    faiss.write_index(older, str(tmp_path / f"{made.base.name}.faiss"))
    with pytest.raises(MismatchError, match="older release"):
        faiss_large.Base.load(tmp_path, made.base.name, DIM)


def test_a_changed_base_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit in the mapped rows: MismatchError, and the catalogue makes it anew."""
    monkeypatch.setattr("index.stores.faiss_keeper.EXACT_MOST", COUNT - 1)
    keeper = FaissKeeper(tmp_path / "index.faiss")
    keeper.save(keeper.made(state(1), rows(np.arange(COUNT))), state(1))
    (mapped,) = tmp_path.glob("base-*.rows")
    flip(mapped)
    with pytest.raises(MismatchError, match="base"):
        keeper.load(state(1))


def test_a_file_of_milvus_lite_is_for_one_process(tmp_path: Path) -> None:
    """A second one is told so, with the remedy."""
    path, code = str(tmp_path / "vectors.db"), "import sys, time; from index.stores.milvus import *"
    hold = f"{code}; MilvusKeeper(sys.argv[1])._client; print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold, path], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == b"1\n"
            with pytest.raises(UnavailableError, match=r"one process.*milvus-lite server"):
                MilvusKeeper(path).load(state(1))
        finally:
            other.kill()


def test_without_the_library_the_error_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who set Milvus or PostgreSQL and has installed serving alone is told what to install."""
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(UnavailableError, match=r"pip install -r requirements-cluster\.txt"):
        MilvusKeeper(str(tmp_path / "vectors.db")).load(state(1))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseError, match=r"pip install -r requirements-cluster\.txt"):
        open_database("postgresql+psycopg://me:secret-word@/none")
    with pytest.raises(DatabaseError, match=r"pip install -r requirements-cluster\.txt") as caught:
        advisory_lock("postgresql+psycopg://me:secret-word@/none")
    assert "secret-word" not in str(caught.value)
