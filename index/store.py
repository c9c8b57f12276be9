"""Vectors and their ids in FAISS: exact inner product over float16 rows.

FAISS takes NaN, wrong shapes and ids that it holds already without a word, and loads a
file with a flipped bit; everything is therefore checked here, and the file has a manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import MismatchError

METRIC = "inner_product"
_FORMAT = 1


class VectorError(ValueError):
    """Vectors, ids or k that the store cannot take; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`ids` int64 [N, k] and `scores` float32 [N, k], the closest first.

    Where fewer than k were to be had the row ends in id -1 and score -inf.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a saved index is; `sha256` is its file's."""

    generation: int
    dim: int
    metric: str
    encoder_sha256: str
    prepare_version: int
    count: int
    sha256: str
    format: int = _FORMAT

    def require(self, **expected: object) -> None:
        """Raise `MismatchError` naming both values for the first field that differs."""
        for name, value in expected.items():
            found = getattr(self, name)
            if found != value:
                raise MismatchError(
                    f"the saved index has {name} {found}, the catalogue has {value}; "
                    "it is made anew from the vectors"
                )


class VectorStore:
    """Unit vectors of `dim` numbers under int64 ids. Searching is safe from many threads;
    `add` and `remove` are not safe beside anything else: change a `clone()` and swap it in.
    """

    def __init__(self, dim: int) -> None:
        if dim < 1:
            raise VectorError(f"dim is {dim}; it must be at least 1")
        flat = faiss.IndexScalarQuantizer(
            dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index: Any = faiss.IndexIDMap2(flat)  # the stubs know C++'s signatures only

    @property
    def dim(self) -> int:
        """How long a vector is."""
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> NDArray[np.int64]:
        """All ids, in the order of adding."""
        return np.array(faiss.vector_to_array(self._index.id_map), np.int64)

    def clone(self) -> VectorStore:
        """A copy that can be changed while this one is searched."""
        copy = VectorStore(self.dim)
        copy._index = faiss.deserialize_index(faiss.serialize_index(self._index))
        return copy

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.floating]) -> None:
        """Add rows; ids [N] must be new, not negative and all different, vectors [N, D] finite."""
        ids = np.ascontiguousarray(ids, np.int64)
        rows = self._checked(vectors)
        if ids.shape != (len(rows),):
            raise VectorError(
                f"ids have shape {ids.shape}, {len(rows)} vectors need ({len(rows)},)"
            )
        if len(np.unique(ids)) != len(ids) or np.isin(ids, self.ids()).any():
            raise VectorError("an id is given twice or is in the store already")
        if len(ids) and ids.min() < 0:
            raise VectorError(f"id {ids.min()} is negative")
        if len(ids):
            faiss.omp_set_num_threads(1)
            self._index.add_with_ids(rows, ids)

    def remove(self, ids: NDArray[np.int64]) -> int:
        """Drop these ids; those that are not there are ignored. Returns how many were."""
        if len(ids) == 0:
            return 0
        return int(self._index.remove_ids(np.ascontiguousarray(ids, np.int64)))

    def search(
        self,
        vectors: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
    ) -> Neighbours:
        """The k nearest of each row of `vectors` [N, D], among the `allowed` ids if given.

        N = 0 gives [0, k]; an empty store or an empty `allowed` gives rows of -1.
        Raises `VectorError` for k < 1, a wrong shape, NaN and infinity.
        """
        rows = self._checked(vectors)
        if k < 1:
            raise VectorError(f"k is {k}; it must be at least 1")
        ids = np.full((len(rows), k), -1, np.int64)
        scores = np.full((len(rows), k), -np.inf, np.float32)
        depth = min(k, len(self) if allowed is None else len(allowed))
        if depth and len(self) and len(rows):
            # The limit holds for the calling thread only, so every search sets it.
            faiss.omp_set_num_threads(1)
            found, at = self._index.search(rows, depth, params=self._selection(allowed))
            scores[:, :depth] = np.where(at == -1, -np.inf, found)
            ids[:, :depth] = at
        return Neighbours(ids, scores)

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Inner products of `vectors` [N, D] with the stored rows of `ids` [M]: [N, M].

        Raises `VectorError` for an id that is not here, a wrong shape, NaN and infinity.
        """
        rows = self._checked(vectors)
        if not len(ids):
            return np.empty((len(rows), 0), np.float32)
        faiss.omp_set_num_threads(1)
        try:
            stored = self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64))
        except RuntimeError as error:
            raise VectorError(f"one of {len(ids)} ids is not in the store") from error
        return np.asarray(rows @ stored.T, np.float32)

    def save(
        self, path: Path, *, generation: int, encoder_sha256: str, prepare_version: int
    ) -> Manifest:
        """Write the index to `path` and its manifest beside it, each whole or not at all.

        The index goes first: a crash in between leaves a pair that `load` refuses.
        """
        data = faiss.serialize_index(self._index).tobytes()
        manifest = Manifest(
            generation=generation,
            dim=self.dim,
            metric=METRIC,
            encoder_sha256=encoder_sha256,
            prepare_version=prepare_version,
            count=len(self),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        write_whole(path, data)
        write_whole(manifest_path(path), json.dumps(asdict(manifest), indent=1).encode() + b"\n")
        return manifest

    @classmethod
    def load(cls, path: Path, **expected: object) -> VectorStore:
        """Read what `save` wrote.

        `expected` names manifest fields with the values they must have. Raises
        `MismatchError` when one differs or the bytes are not those that were saved, and
        `OSError` when a file is missing.
        """
        manifest = read_manifest(path)
        manifest.require(format=_FORMAT, metric=METRIC, **expected)
        data = path.read_bytes()
        manifest.require(sha256=hashlib.sha256(data).hexdigest())
        store = cls(manifest.dim)
        store._index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        manifest.require(count=len(store))
        return store

    def _checked(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        rows = np.ascontiguousarray(vectors, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.dim:
            raise VectorError(f"vectors have shape {rows.shape}, [N, {self.dim}] is needed")
        if not np.isfinite(rows).all():
            raise VectorError("a vector holds NaN or infinity")
        return rows

    @staticmethod
    def _selection(allowed: NDArray[np.int64] | None) -> faiss.SearchParameters | None:
        if allowed is None:
            return None
        bits = np.zeros(int(allowed.max()) // 8 + 1, np.uint8)
        np.bitwise_or.at(bits, allowed >> 3, np.left_shift(1, allowed & 7).astype(np.uint8))
        return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg, arg-type]


def manifest_path(path: Path) -> Path:
    """Where the manifest of the index at `path` lies."""
    return path.with_suffix(".json")


def read_manifest(path: Path) -> Manifest:
    """The manifest of the index at `path`; `MismatchError` when it is not one."""
    target = manifest_path(path)
    try:
        return Manifest(**json.loads(target.read_text()))
    except (ValueError, TypeError) as error:
        raise MismatchError(f"{target.name} is no index manifest of format {_FORMAT}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that after a crash either the old or the new one is there, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
