"""FaissStore against a brute-force oracle, and every way in which it must refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from index.errors import MismatchError
from index.stores.base import VectorError
from index.stores.faiss import FaissStore, manifest_path, read_manifest, whole_floats
from tests.damage import flip

DIM = 16
SAVED = {"generation": 3, "encoder_sha256": "e" * 64, "prepare_version": 1}


def unit(rows: int, seed: int = 0) -> np.ndarray:
    """Unit rows [rows, DIM], rounded to float16 as the database holds them."""
    values = np.random.default_rng(seed).standard_normal((rows, DIM))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def ids() -> np.ndarray:
    """300 ids with gaps, not in order."""
    return np.random.default_rng(1).permutation(1000)[:300].astype(np.int64) + 5


@pytest.fixture
def store(ids: np.ndarray) -> FaissStore:
    """300 vectors under those ids."""
    filled = FaissStore(DIM)
    filled.add(ids, unit(300))
    return filled


def oracle(
    ids: np.ndarray, vectors: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Exact inner product by a full matrix."""
    scores = queries.astype(np.float64) @ vectors.astype(np.float64).T
    order = np.argsort(-scores, axis=1)[:, :k]
    return ids[order], np.take_along_axis(scores, order, 1)


def test_search_is_exact(store: FaissStore, ids: np.ndarray) -> None:
    """Ids and scores are those of the full matrix, for queries of any length."""
    queries = unit(7, seed=2).astype(np.float32) * 3
    found = store.search(queries, 20)
    expected_ids, expected_scores = oracle(ids, unit(300), queries, 20)
    assert np.array_equal(found.ids, expected_ids)
    np.testing.assert_allclose(found.scores, expected_scores, rtol=1e-5)


def test_score_is_the_inner_product(store: FaissStore, ids: np.ndarray) -> None:
    """Any stored rows in any order, against the full matrix; no ids give no columns."""
    queries = unit(3, seed=4).astype(np.float32)
    chosen = np.random.default_rng(5).permutation(300)[:40]
    expected = queries.astype(np.float64) @ unit(300)[chosen].astype(np.float64).T
    np.testing.assert_allclose(store.score(queries, ids[chosen]), expected, atol=1e-5)
    assert store.score(queries, ids[:0]).shape == (3, 0)


def test_more_rows_than_are_scored_at_once() -> None:
    """3,000 rows, the last of them too, against the full matrix."""
    store, vectors = FaissStore(DIM), unit(3000)
    store.add(np.arange(3000), vectors)
    queries = unit(2, seed=6).astype(np.float32)
    expected = queries.astype(np.float64) @ vectors.astype(np.float64).T
    np.testing.assert_allclose(store.score(queries, np.arange(3000)), expected, atol=1e-5)


def test_half_floats_are_made_whole() -> None:
    """Every finite number of 16 bits, the smallest and both zeros too, bit by bit as numpy's."""
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    expected = finite.astype(np.float32)
    assert np.array_equal(whole_floats(finite).view(np.uint32), expected.view(np.uint32))


def test_an_unknown_id_cannot_be_scored(store: FaissStore) -> None:
    """An id that was never added, or was removed, is an error and not a zero."""
    for unknown in (4, 10_000):
        with pytest.raises(VectorError, match="not in the store"):
            store.score(unit(1).astype(np.float32), np.array([unknown], np.int64))


def test_allowed_ids_are_searched_fully(store: FaissStore, ids: np.ndarray) -> None:
    """With a selection the k best of the selection come back, not a rest of the k best of all."""
    allowed = np.sort(ids)[::10]
    queries = unit(3, seed=3).astype(np.float32)
    keep = np.isin(ids, allowed)
    expected, _ = oracle(ids[keep], unit(300)[keep], queries, 30)
    assert np.array_equal(store.search(queries, 30, allowed=allowed).ids, expected)


def test_too_few_end_in_minus_one(store: FaissStore, ids: np.ndarray) -> None:
    """k above what is there pads with id -1 and score -inf."""
    found = store.search(unit(1), 4, allowed=ids[:2])
    assert (found.ids[0, 2:] == -1).all() and np.isneginf(found.scores[0, 2:]).all()
    assert set(found.ids[0, :2]) == set(ids[:2])
    assert store.search(unit(1), 400).ids.shape == (1, 400)


def test_nothing_to_search(store: FaissStore) -> None:
    """No query, an empty store and an empty selection give the documented shapes."""
    assert store.search(unit(0), 5).ids.shape == (0, 5)
    assert (FaissStore(DIM).search(unit(2), 5).ids == -1).all()
    assert (store.search(unit(2), 5, allowed=np.array([], np.int64)).ids == -1).all()
    assert (store.search(unit(1), 2, allowed=np.array([99_999])).ids == -1).all()


def test_removed_ids_are_not_found(store: FaissStore, ids: np.ndarray) -> None:
    """After a removal the rest keeps its ids; unknown ids are ignored."""
    assert store.remove(np.array([ids[0], ids[7], 10**6])) == 2
    keep = ~np.isin(np.arange(300), [0, 7])
    expected, _ = oracle(ids[keep], unit(300)[keep], unit(2, 4), 298)
    assert np.array_equal(store.search(unit(2, 4), 298).ids, expected)


def test_a_clone_is_apart(store: FaissStore, ids: np.ndarray) -> None:
    """Changing the clone leaves the first store as it is."""
    clone = store.clone()
    clone.remove(ids[:10])
    clone.add(np.array([5000]), unit(1))
    assert (len(store), len(clone)) == (300, 291)


@pytest.mark.parametrize(
    ("new_ids", "vectors"),
    [
        ([7000, 7000], unit(2)),
        ([-1], unit(1)),
        ([7000], unit(2)),
        ([7000], np.full((1, DIM), np.nan)),
        ([7000], np.full((1, DIM), np.inf)),
        ([7000], unit(1)[:, :5]),
        ([7000], unit(1)[0]),
    ],
    ids=["twice", "negative", "count", "nan", "inf", "dim", "flat"],
)
def test_what_add_refuses(store: FaissStore, new_ids: list[int], vectors: np.ndarray) -> None:
    """Bad rows raise VectorError and change nothing."""
    with pytest.raises(VectorError):
        store.add(np.array(new_ids), vectors)
    assert len(store) == 300


def test_a_known_id_is_refused(store: FaissStore, ids: np.ndarray) -> None:
    """FAISS would hold the id twice; the store does not."""
    with pytest.raises(VectorError, match="already"):
        store.add(ids[:1], unit(1))


@pytest.mark.parametrize(
    ("vectors", "k"),
    [(unit(1), 0), (unit(1), -1), (unit(1)[:, :3], 1), (np.full((1, DIM), np.nan), 1)],
    ids=["zero", "negative", "dim", "nan"],
)
def test_what_search_refuses(store: FaissStore, vectors: np.ndarray, k: int) -> None:
    """Queries that FAISS would answer with nonsense raise VectorError."""
    with pytest.raises(VectorError):
        store.search(vectors, k)


def test_a_saved_store_comes_back(store: FaissStore, tmp_path: Path) -> None:
    """The loaded store answers the same, and the manifest says what it is."""
    path = tmp_path / "index.faiss"
    store.save(path, **SAVED)
    loaded = FaissStore.load(path, dim=DIM, count=300, **SAVED)
    before, after = store.search(unit(3, 5), 9), loaded.search(unit(3, 5), 9)
    assert np.array_equal(before.ids, after.ids)
    assert np.array_equal(before.scores, after.scores)
    assert read_manifest(path).metric == "inner_product"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.faiss", "index.json"]


def test_a_mismatch_names_both_values(store: FaissStore, tmp_path: Path) -> None:
    """Another generation than expected is refused, with both in the message."""
    path = tmp_path / "index.faiss"
    store.save(path, **SAVED)
    with pytest.raises(MismatchError, match="generation 3, the catalogue has 4"):
        FaissStore.load(path, generation=4)


def test_a_flipped_bit_is_refused(store: FaissStore, tmp_path: Path) -> None:
    """One bit inside the vectors, which FAISS alone would load, raises MismatchError."""
    path = tmp_path / "index.faiss"
    store.save(path, **SAVED)
    flip(path)
    with pytest.raises(MismatchError, match="sha256"):
        FaissStore.load(path)


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"dim": 3}'])
def test_a_broken_manifest_is_refused(store: FaissStore, tmp_path: Path, broken: bytes) -> None:
    """A manifest that is none raises MismatchError, not a JSON error."""
    path = tmp_path / "index.faiss"
    store.save(path, **SAVED)
    manifest_path(path).write_bytes(broken)
    with pytest.raises(MismatchError):
        FaissStore.load(path)


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    """Nothing saved yet raises FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        FaissStore.load(tmp_path / "index.faiss")


def test_a_newer_format_is_refused(store: FaissStore, tmp_path: Path) -> None:
    """A manifest of another format number raises MismatchError."""
    path = tmp_path / "index.faiss"
    store.save(path, **SAVED)
    content = json.loads(manifest_path(path).read_text())
    manifest_path(path).write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(MismatchError, match="format 99"):
        FaissStore.load(path)
