"""Vectors and their ids in FAISS: exact inner product over float16 rows.

FAISS takes NaN, wrong shapes and ids that it holds already without a word, and loads a
file with a flipped bit; everything is therefore checked here, and the file has a manifest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import MismatchError
from index.files import whole_file, write_whole
from index.stores.base import (
    Neighbours,
    VectorError,
    checked_ids,
    checked_rows,
    require_k,
)

_library: Any = faiss  # the stubs lack some of it

METRIC = "inner_product"
_FORMAT = 2
_PIECE = 2**20  # bytes
_AT_ONCE = 1024  # rows scored together: as many as stay in a core's cache


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a saved index is; `sha256` is its file's.

    Beside a large store's base, which has a name and a hash, the file holds what came and, after
    it, the positions of the `gone` that went.
    """

    generation: int
    dim: int
    metric: str
    encoder_sha256: str
    prepare_version: int
    count: int
    sha256: str
    format: int = _FORMAT
    base: str = ""
    base_sha256: str = ""
    gone: int = 0

    def require(self, **expected: object) -> None:
        """Raise `MismatchError` naming both values for the first field that differs."""
        for name, value in expected.items():
            found = getattr(self, name)
            if found != value:
                raise MismatchError(
                    f"the saved index has {name} {found}, the catalogue has {value}; "
                    "it is made anew from the vectors"
                )


class FaissStore:
    """Unit vectors of `dim` numbers under int64 ids. Searching is safe from many threads;
    `add` and `remove` are not safe beside anything else: change a `clone()` and swap it in.
    """

    def __init__(self, dim: int) -> None:
        if dim < 1:
            raise VectorError(f"dim is {dim}; it must be at least 1")
        # The stubs know C++'s signatures only.
        self._index: Any = faiss.IndexIDMap2(half_floats(dim))
        self._sorted: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    @property
    def dim(self) -> int:
        """How long a vector is."""
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> NDArray[np.int64]:
        """All ids, in the order of adding."""
        return np.array(faiss.vector_to_array(self._index.id_map), np.int64)

    def clone(self) -> FaissStore:
        """A copy that can be changed while this one is searched."""
        copy = FaissStore(self.dim)
        copy._index = faiss.clone_index(self._index)
        return copy

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.floating]) -> None:
        """Add rows; ids [N] must be new, not negative and all different, vectors [N, D] finite."""
        rows = checked_rows(vectors, self.dim)
        ids = checked_ids(ids, len(rows), self.ids())
        if len(ids):
            faiss.omp_set_num_threads(1)
            self._index.add_with_ids(rows, ids)
            self._sorted = None

    def remove(self, ids: NDArray[np.int64]) -> int:
        """Drop these ids; those that are not there are ignored. Returns how many were."""
        if len(ids) == 0:
            return 0
        self._sorted = None
        return int(self._index.remove_ids(np.ascontiguousarray(ids, np.int64)))

    def search(
        self,
        vectors: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
    ) -> Neighbours:
        """See `VectorStore.search`."""
        rows = checked_rows(vectors, self.dim)
        require_k(k)
        result = Neighbours.none(len(rows), k)
        depth = min(k, len(self) if allowed is None else len(allowed))
        if depth and len(self) and len(rows):
            # The limit holds for the calling thread only, so every search sets it.
            faiss.omp_set_num_threads(1)
            found, at = self._index.search(rows, depth, params=self._selection(allowed))
            result.scores[:, :depth] = np.where(at == -1, -np.inf, found)
            result.ids[:, :depth] = at
        return result

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorStore.score`."""
        return inner_products(checked_rows(vectors, self.dim), self._stored, self._placed(ids))

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float16]:
        """The vectors [M, D] of these ids; `VectorError` for one that is not here."""
        return self._stored[self._placed(ids)]

    @property
    def _stored(self) -> NDArray[np.float16]:
        """The vectors in FAISS's own memory: its way from ids to vectors takes twice as long."""
        if not len(self):
            return np.empty((0, self.dim), np.float16)
        return stored_rows(faiss.downcast_index(self._index.index))

    def _placed(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the vectors of these ids lie."""
        wanted = np.asarray(ids, np.int64)
        ordered, places = self._places
        at = np.searchsorted(ordered, wanted)
        if (at == len(ordered)).any() or (ordered[at] != wanted).any():
            raise VectorError(f"one of {len(ids)} ids is not in the store")
        return places[at]

    @property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All ids ascending, and where each one's vector lies."""
        if self._sorted is None:
            ids = self.ids()
            order = np.argsort(ids)
            self._sorted = ids[order], order
        return self._sorted

    def save(
        self,
        path: Path,
        *,
        gone: NDArray[np.int64] | None = None,
        base: str = "",
        base_sha256: str = "",
        **identity: Any,
    ) -> Manifest:
        """Write the index to `path` and its manifest beside it, each whole or not at all.

        `identity` are generation, encoder_sha256 and prepare_version. The index goes first: a
        crash in between leaves a pair that `load` refuses. Raises `OSError` when it cannot.
        """
        places = np.empty(0, "<i8") if gone is None else gone.astype("<i8")
        digest = hashlib.sha256()
        with whole_file(path) as file:

            def write(data: bytes) -> None:
                digest.update(data)
                file.write(data)

            # Piece by piece: searches go on between them, and what the disk complains of is heard.
            faiss.write_index(self._index, _library.PyCallbackIOWriter(write, _PIECE))
            write(places.tobytes())
        manifest = Manifest(
            dim=self.dim,
            metric=METRIC,
            count=len(self),
            sha256=digest.hexdigest(),
            base=base,
            base_sha256=base_sha256,
            gone=len(places),
            **identity,
        )
        write_whole(manifest_path(path), json.dumps(asdict(manifest), indent=1).encode() + b"\n")
        return manifest

    @classmethod
    def load(cls, path: Path, **expected: object) -> FaissStore:
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
        whole = np.frombuffer(data, np.uint8)
        store._index = faiss.deserialize_index(whole[: len(whole) - 8 * manifest.gone])
        manifest.require(count=len(store))
        return store

    @staticmethod
    def _selection(allowed: NDArray[np.int64] | None) -> Any:
        if allowed is None:
            return None
        mask = np.zeros(int(allowed.max()) + 1, bool)
        mask[allowed] = True
        return _library.SearchParameters(sel=selector(mask))


def half_floats(dim: int) -> Any:
    """An index without vectors: unit rows as float16, all of which are compared."""
    return faiss.IndexScalarQuantizer(
        dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def stored_rows(index: Any) -> NDArray[np.float16]:
    """The rows [N, D] of what `half_floats` made, in its own memory: there while it is."""
    codes = faiss.rev_swig_ptr(index.codes.data(), index.codes.size())
    return codes.view("<f2").reshape(-1, index.d)


def inner_products(
    rows: NDArray[np.float32], stored: NDArray[np.float16], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """float32 [N, M] of `rows` [N, D] with those of the `stored` that lie at `places` [M]."""
    scores = np.empty((len(rows), len(places)), np.float32)
    for at in range(0, len(places), _AT_ONCE):
        part = slice(at, at + _AT_ONCE)
        np.matmul(rows, whole_floats(stored[places[part]]).T, out=scores[:, part])
    return scores


def whole_floats(half: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same finite numbers; a third of the time that `astype` takes of a few thousand rows.

    The bits of exponent and fraction move to where float32 has them, and 2^112 is the difference
    of the exponents' biases: exact, also for the smallest.
    """
    bits = half.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(-0x70002000)  # the sign, five bits of exponent, ten of fraction
    floats = bits.view(np.float32)
    floats *= np.float32(2.0**112)
    return floats


def selector(mask: NDArray[np.bool_]) -> Any:
    """What lets a search find the ids that are True in bool [ids]."""
    return _library.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


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
