"""Check every artefact against its hash and against the others, and say what is wrong in words."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from db.records import FileRecord, StateRecord, Vectors
from db.repository import Repository
from db.session import Database, DatabaseError, open_database, sqlite_path
from index.bootstrap import writer_lock
from index.builder import Embedder
from index.errors import MismatchError, StorageError
from index.files import sha256_of
from index.live import EncoderIdentity
from index.ownfiles import MARKER, OWN_FOLDER
from index.readonly import is_writable
from index.scratch import leftovers
from index.settings import Settings
from index.shipping import require_whole
from index.stores.base import VectorError
from index.stores.opening import open_stores

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: a short code that stays, a sentence, and what to do."""

    code: str
    what: str
    remedy: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, and how much was looked at."""

    findings: tuple[Finding, ...]
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(finding.repaired for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {"healthy": self.healthy, **asdict(self)}


class Doctor:
    """One examination of the catalogue that `settings` name; changes nothing.

    `embedder` is None when the encoder itself could not be loaded, for `encoder_error`.
    """

    def __init__(
        self, settings: Settings, embedder: Embedder | None, encoder_error: str = ""
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._encoder_error = encoder_error
        self._checked: dict[str, int] = {}
        self.damaged_faces: list[str] = []

    def examine(self) -> Examination:
        """Look at everything; no writer is at work meanwhile."""
        with writer_lock(self._settings).hold() if is_writable(self._settings) else nullcontext():
            findings = [*self._encoder(), *self._prebuilt(), *self._database(), *self._leftovers()]
        return Examination(tuple(findings), self._checked)

    def _encoder(self) -> Iterator[Finding]:
        self._checked["encoders"] = 1
        if self._encoder_error:
            yield Finding("encoder", self._encoder_error, "fetch the repository's weights again")

    def _prebuilt(self) -> Iterator[Finding]:
        try:
            manifest = require_whole(self._settings.prebuilt)
        except (MismatchError, OSError) as error:
            yield Finding("prebuilt", str(error), "fetch the repository again, Git LFS included")
            return
        if manifest is None:
            return
        self._checked["prebuilt"] = 1
        made_with = str(manifest["encoder_sha256"])
        if self._embedder is not None and made_with != self._embedder.sha256:
            yield Finding(
                "prebuilt",
                f"the shipped catalogue was made with encoder {made_with[:12]}, this is "
                f"{self._embedder.sha256[:12]}",
                "make it anew: rebuild_index --prebuilt",
            )

    def _database(self) -> Iterator[Finding]:
        url = self._settings.database_url
        path = sqlite_path(url)
        if path is not None and not path.exists():
            return  # the first start makes it
        self._checked["databases"] = 1
        database = open_database(url, migrating=False)
        try:
            found, newest = database.revisions()
            with database.begin() as rows:
                for complaint in rows.complaints():
                    yield Finding("database", f"{database.name}: {complaint}", "restore a backup")
                if found != newest:
                    yield Finding(
                        "schema",
                        f"{database.name} has schema {found}, this program {newest}",
                        "the next start, or --repair, brings it up to date",
                    )
                    return
                yield from self._rows(database, rows)
        except (DatabaseError, StorageError, ValueError) as error:
            yield Finding("database", str(error), "restore a backup")
        finally:
            database.close()

    def _rows(self, database: Database, rows: Repository) -> Iterator[Finding]:
        counts, state = rows.counts(), rows.state.get()
        self._checked |= counts
        if state is None:
            yield Finding("state", f"{database.name} holds no catalogue", "start the service once")
            return
        if self._embedder is not None:
            encoder = self._embedder
            identity = EncoderIdentity(encoder.sha256, encoder.prepare_version, encoder.dim)
            try:
                identity.require(state)
            except MismatchError as error:
                yield Finding("another-encoder", str(error), "rebuild_index, or the other encoder")
        yield from self._families(rows)
        vectors = yield from self._vectors(rows, state)
        if vectors is not None:
            yield from self._index(state, vectors)
        yield from self._files(rows)

    def _families(self, rows: Repository) -> Iterator[Finding]:
        with_faces = {face.family_id for face in rows.faces.all()}
        for family in rows.families.all():
            if family.id not in with_faces:
                yield Finding("no-faces", f"family {family.id} has no faces", "remove_font, add it")
        known = {face.id for face in rows.faces.all()}
        _, sampled, _ = rows.samples.lines()
        for face_id in sorted(known - set(sampled)):
            yield Finding("no-samples", f"face {face_id} has no samples", "remove_font, add it")

    def _vectors(
        self, rows: Repository, state: StateRecord
    ) -> Generator[Finding, None, Vectors | None]:
        self.damaged_faces = rows.faces.damaged()
        for face_id in self.damaged_faces:
            yield Finding(
                "damaged-vectors",
                f"the samples of face {face_id} are not those that were stored (checksum)",
                "--repair draws own fonts again and takes others from the shipped catalogue",
            )
        try:
            found = rows.samples.vectors(state.dim)
        except ValueError as error:
            yield Finding("vector-length", str(error), "--repair")
            return None
        wrong = found.ids[~found.vectors.any(axis=1)]
        for sample_id in wrong[:20]:
            yield Finding(
                "vector-norm", f"the vector of sample {sample_id} is all zeros", "--repair"
            )
        return None if len(wrong) else found

    def _index(self, state: StateRecord, found: Vectors) -> Iterator[Finding]:
        remedy = "the next start, or --repair, makes it from the vectors"
        keeper = open_stores(self._settings)
        try:
            store = keeper.load(state)
            self._checked["indexed"] = len(store)
            if len(store) != len(found.ids):
                raise MismatchError(f"it holds {len(store)} vectors, not {len(found.ids)}")
            for at in range(0, len(found.ids), _BLOCK):
                rows = found.vectors[at : at + _BLOCK].astype(np.float32)
                scores = np.diag(store.score(rows, found.ids[at : at + _BLOCK]))
                far = np.flatnonzero(np.abs(scores - np.sum(rows * rows, axis=1)) > 1e-3)
                if len(far):
                    other = found.ids[at + far[0]]
                    raise MismatchError(f"it holds another vector of sample {other}")
        except (MismatchError, VectorError, OSError) as error:
            yield Finding("index", f"the saved index does not fit: {error}", remedy)
        finally:
            keeper.close()

    def _files(self, rows: Repository) -> Iterator[Finding]:
        known: set[str] = set()
        for files in rows.files.by_family().values():
            for file in files.values():
                if file.path is not None and Path(file.path).parts[0] == OWN_FOLDER:
                    known.add(Path(file.path).name)
                    yield from self._file(file)
        self._checked["own files"] = len(known)
        folder = self._settings.data / OWN_FOLDER
        markers = {path.name.removesuffix(MARKER) for path in folder.glob(f"*{MARKER}")}
        for path in sorted(folder.glob("[!.]*")):
            if path.suffix == MARKER:
                what = f"{path.name} was left by an adding or removing that was cut off"
                yield Finding("unsettled", what, "the next start, or --repair, settles it")
            elif path.name not in known | markers:
                yield Finding(
                    "orphan",
                    f"{OWN_FOLDER}/{path.name} is a file of no family",
                    "add it with add_font, or delete it",
                )

    def _file(self, file: FileRecord) -> Iterator[Finding]:
        path = self._settings.data / str(file.path)
        if not path.is_file():
            what = f"{file.path} ({file.name}) is missing"
        elif sha256_of(path) != file.sha256:
            what = f"{file.path} ({file.name}) has not the bytes that were added"
        else:
            return
        yield Finding("own-file", what, "restore a backup, or remove the family and add it again")

    def _leftovers(self) -> Iterator[Finding]:
        data = self._settings.data
        for path in leftovers(data):
            what = f"{path.relative_to(data)} was left by a process that was killed"
            yield Finding("leftover", what, "the next start, or --repair, deletes it")
