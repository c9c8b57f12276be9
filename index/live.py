"""The view that searches use, kept in step with the database across threads and processes.

A reader takes the reference and never a lock. A writer commits rows, builds the new index
beside the old one, saves it and swaps the reference. The saved index is only a shortcut:
whatever is wrong with it, it is made anew from the vectors in the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from db.records import StateRecord
from db.repository import Repository
from db.session import Database, DatabaseError
from index.errors import BusyError, MismatchError, StorageError, checking
from index.following import Touched, follow
from index.locks import WriterLock
from index.stores.base import StoreKeeper
from index.view import View, read_view

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.1  # how often, at most, a search looks for a newer generation
_PAUSE = 5.0  # seconds more after a look that failed

Change = Callable[[Repository, View], Touched]


class EncoderIdentity:
    """What vectors must have been made with to be comparable with a query's."""

    def __init__(self, sha256: str, prepare_version: int, dim: int) -> None:
        self.sha256, self.prepare_version, self.dim = sha256, prepare_version, dim

    def fits(self, state: StateRecord | None) -> bool:
        """Whether the catalogue's vectors are this encoder's."""
        return state is not None and (
            (state.encoder_sha256, state.prepare_version, state.dim)
            == (self.sha256, self.prepare_version, self.dim)
        )

    def require(self, state: StateRecord) -> None:
        """Raise `MismatchError` naming both when the vectors are another encoder's."""
        if not self.fits(state):
            raise MismatchError(
                f"the catalogue was made with encoder {state.encoder_sha256[:12]} (prepare "
                f"{state.prepare_version}, dim {state.dim}), this is {self.sha256[:12]} (prepare "
                f"{self.prepare_version}, dim {self.dim}); run `python -m scripts.rebuild_index`"
            )


class LiveView:
    """The newest view that this process has; `current()` is what a search reads."""

    def __init__(
        self, database: Database, keeper: StoreKeeper, lock: WriterLock, identity: EncoderIdentity
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._lock = lock
        self._identity = identity
        self._reloading = threading.Lock()
        self._checked = time.monotonic()
        self._view: View | None = None
        self._adopting = threading.Lock()
        self._refusal = ""
        self._writes = False  # this process does: nobody else can change the catalogue then

    def refuse_writers(self, reason: str) -> None:
        """From now on every change raises `StorageError`."""
        self._refusal = reason

    @property
    def view(self) -> View:
        """The view as it is, without a look at the database; read at the first call.

        Raises `MismatchError` when the catalogue's vectors are another encoder's.
        """
        if self._view is None:
            with self._reloading:
                if self._view is None:
                    self._adopt(self._read(patience=None))
        assert self._view is not None  # a view is only ever followed by a newer one
        return self._view

    def current(self) -> View:
        """The view, brought up to date when another process has changed the catalogue.

        Looks at most once in CHECK_SECONDS, never waits for a writer, and keeps the old
        view when the new one cannot be read yet. A change by this process needs no look: its
        view is live when it is acknowledged.
        """
        stale = time.monotonic() - self._checked >= CHECK_SECONDS and not self._writes
        if self._view is not None and stale and self._reloading.acquire(False):
            try:
                self._checked = time.monotonic()
                self.refresh(patience=0)
            except BusyError:
                log.info("a writer is at work; still on generation %d", self.generation)
            except (MismatchError, DatabaseError, StorageError, OSError) as error:
                self._checked += _PAUSE
                log.error("still on generation %d: %s", self.generation, error)
            finally:
                self._reloading.release()
        return self.view

    @property
    def generation(self) -> int:
        """The view's generation; -1 before the first one was read."""
        return -1 if self._view is None else self._view.state.generation

    def ping(self) -> None:
        """Raise `PartError` when the database does not answer or holds another encoder's vectors,
        or when the index lacks some.
        """
        with checking("database"), self._database.begin() as rows:
            self._state(rows)
        with checking("index"):
            if len(self.view.store) != len(self.view.sample_ids):
                raise MismatchError(
                    f"the index holds {len(self.view.store)} vectors, "
                    f"the catalogue {len(self.view.sample_ids)} samples"
                )

    def close(self) -> None:
        """Give the vector store's connections back."""
        self._keeper.close()

    def refresh(self, *, patience: float | None) -> None:
        """Read the catalogue anew if it has changed.

        `patience` is how many seconds to wait for a writer (None: as long as a writer
        would). Raises `BusyError`, and `MismatchError` when the encoder was changed.
        """
        with self._database.begin() as rows:
            generation = rows.state.generation()
        if generation != self.generation:
            self._adopt(self._read(patience))

    def change(self, apply: Change, after: Callable[[], object] = lambda: None) -> View:
        """Run `apply(rows, view)` as the only writer; nothing is kept when it raises.

        It says what it touched; samples that it added are found by their ids. `after` runs once
        the rows are committed or rolled back, before the next writer. The new view is live when
        this returns.
        """
        with self._writing(after):
            self._refresh_as_writer()
            with self._database.write() as rows:
                last = rows.samples.last_id()
                touched = apply(rows, self.view)
                rows.state.grow()
                view = self._changed(rows, last, touched)
            self._save(view)
            self._adopt(view)
        return view

    def replace(
        self, apply: Callable[[Repository], None], after: Callable[[], object] = lambda: None
    ) -> View:
        """Run `apply(rows)` as the only writer; it may exchange everything, encoder included.

        `after` as in `change`.
        """
        with self._writing(after):
            with self._database.write() as rows:
                apply(rows)
                view = self._from_vectors(rows)
            self._save(view)
            self._adopt(view)
        return view

    def rebuild(self) -> View:
        """Make the index anew from the vectors in the database."""
        with self._writing():
            view = self._remade()
            self._adopt(view)
        return view

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No writer is at work in the block, of whatever process."""
        with self._lock.hold():
            yield

    @contextmanager
    def _writing(self, after: Callable[[], object] = lambda: None) -> Iterator[None]:
        if self._refusal:
            raise StorageError(f"{self._refusal}; nothing can be changed until the next start")
        with self._lock.hold():
            self._writes = True
            try:
                yield
            finally:
                self._writes = False
                after()

    def _adopt(self, view: View) -> None:
        """Make `view` the live one, unless another thread was faster with a newer one."""
        with self._adopting:
            if view.state.generation >= self.generation:
                self._view = view

    def _read(self, patience: float | None) -> View:
        if (view := self._loaded() or self._caught_up()) is not None:
            return view
        # A writer that has committed but not saved would make this work twice: wait for it.
        with self._lock.hold(patience):
            return self._loaded() or self._remade()

    def _loaded(self) -> View | None:
        """The view around the saved index; None when that does not fit the rows."""
        with self._database.begin() as rows:
            state = self._state(rows)
            try:
                return read_view(rows, state, self._keeper.load(state))
            except (MismatchError, OSError) as error:
                log.info("the saved index is not used: %s", error)
                return None

    def _caught_up(self) -> View | None:
        """The view that is here with what other machines changed; None when that is most of it.

        An id never comes back and its vector never changes, so the ids tell all.
        """
        old = self._view
        if old is None or self._keeper.is_shared:
            return None
        with self._database.begin() as rows:
            state, ids = self._state(rows), rows.samples.ids()
            last = int(old.sample_ids[-1]) if len(old.sample_ids) else 0
            removed = np.setdiff1d(old.sample_ids, ids, assume_unique=True)
            if state.generation <= old.state.generation or 2 * len(removed) > len(ids):
                return None
            added = rows.samples.vectors(state.dim, after=last)
            if len(old.sample_ids) - len(removed) + len(added.ids) != len(ids):
                return None
            store = self._keeper.changed(old.store, state, removed, added)
            return read_view(rows, state, store, old, removed)

    def _remade(self) -> View:
        with self._database.begin() as rows:
            view = self._from_vectors(rows)
        self._save(view)
        return view

    def _refresh_as_writer(self) -> None:
        with self._database.begin() as rows:
            if rows.state.generation() == self.generation:
                return
        self._adopt(self._loaded() or self._caught_up() or self._remade())

    def _from_vectors(self, rows: Repository) -> View:
        state = self._state(rows)
        if damaged := rows.faces.damaged():
            raise MismatchError(
                f"the vectors of {len(damaged)} faces ({damaged[0]} first) are not those that were "
                "stored; run `python -m scripts.doctor --repair`"
            )
        store = self._keeper.made(state, rows.samples.vectors(state.dim))
        return read_view(rows, state, store)

    def _changed(self, rows: Repository, last: int, touched: Touched) -> View:
        state = self._state(rows)
        added = rows.samples.vectors(state.dim, after=last)
        store = self._keeper.changed(self.view.store, state, touched.removed, added)
        followed = follow(rows, state, store, self.view, touched)
        return followed or read_view(rows, state, store)

    def _state(self, rows: Repository) -> StateRecord:
        state = rows.state.get()
        if state is None:
            raise MismatchError(f"{self._database.name} holds no catalogue yet")
        self._identity.require(state)
        return state

    def _save(self, view: View) -> None:
        try:
            self._keeper.save(view.store, view.state)
        except OSError as error:
            # The rows are committed: the next start makes the index from them.
            log.warning("the index was not saved: %s", error)
