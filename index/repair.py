"""Mend what is derived: the index, vectors, leftovers of crashes, an older schema."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from db.records import ColumnsRecord, FaceRecord, FileRecord, SampleRecord
from db.repository import Repository
from db.session import DatabaseError, open_database
from index.bootstrap import load_embedder, open_catalog, writer_lock
from index.builder import Embedder
from index.doctor import Doctor, Examination
from index.errors import BusyError, MismatchError, StorageError
from index.files import sha256_of
from index.owndrawing import draw_guarded
from index.rebuild import own_source
from index.scratch import scratch
from index.settings import Settings
from index.shipping import CATALOG
from index.sources import OWN

log = logging.getLogger(__name__)

_Lines = tuple[list[SampleRecord], bytes]
"""A face's samples and columns"""


def examine(
    settings: Settings, *, repair: bool = False, embedder: Embedder | None = None
) -> Examination:
    """What is wrong with the catalogue that `settings` name; with `repair`, also what was mended.

    Nothing that is not derived is ever changed: a lost font file stays a finding. Raises
    `BusyError` when a writer does not finish in time.
    """
    problem = ""
    if embedder is None:
        try:
            embedder = load_embedder(settings)
        except (MismatchError, OSError) as error:
            problem = str(error)
    doctor = Doctor(settings, embedder, problem)
    before = doctor.examine()
    if not repair or not before.findings or embedder is None:
        return before
    _mend(settings, embedder, doctor.damaged_faces)
    after = Doctor(settings, embedder).examine()
    known = {(f.code, f.what) for f in before.findings}
    left = {(f.code, f.what) for f in after.findings}
    findings = [replace(f, repaired=(f.code, f.what) not in left) for f in before.findings]
    findings += [f for f in after.findings if (f.code, f.what) not in known]
    return Examination(tuple(findings), after.checked)


def _mend(settings: Settings, embedder: Embedder, damaged: Sequence[str]) -> None:
    try:
        if damaged:
            _mend_faces(settings, embedder, damaged)
        with closing(open_catalog(settings, embedder=embedder)) as catalog:
            catalog.rebuild_from_vectors()
    except (MismatchError, DatabaseError, StorageError, BusyError) as error:
        log.warning("not everything could be repaired: %s", error)


def _mend_faces(settings: Settings, embedder: Embedder, damaged: Sequence[str]) -> None:
    """New samples for the faces: own fonts are drawn again, others taken as they were shipped."""
    with (
        writer_lock(settings).hold(),
        closing(open_database(settings.database_url)) as database,
        scratch(settings.data, "repair") as folder,
        database.write() as rows,
    ):
        faces = [face for face in map(rows.faces.get, damaged) if face is not None]
        drawn = _drawn(rows, settings.data, embedder, faces)
        shipped = _shipped(settings, embedder, folder, faces)
        for face in faces:
            samples, columns = drawn.get(face.id) or shipped.get(face.id) or ([], b"")
            if samples:
                rows.replace_samples(face.id, samples, columns)
        rows.state.grow()


def _drawn(
    rows: Repository, data: Path, embedder: Embedder, faces: Sequence[FaceRecord]
) -> dict[str, _Lines]:
    """Face id -> the lines of those faces whose own files are here and whole."""
    found: dict[str, _Lines] = {}
    every_file = rows.files.by_family()
    for family_id in sorted({face.family_id for face in faces}):
        family = rows.families.get(family_id)
        files = [f for f in every_file.get(family_id, {}).values() if _is_whole(data, f)]
        if family is None or family.source != OWN or not files:
            continue
        wanted = [face for face in faces if face.family_id == family_id]
        bundle = draw_guarded(own_source(data, family, files, wanted), embedder, None).bundle
        ids = {_key(face): face.id for face in bundle.faces}
        for face in wanted:
            if (new_id := ids.get(_key(face))) is not None:
                found[face.id] = _lines(new_id, bundle.samples, bundle.columns)
    return found


def _shipped(
    settings: Settings, embedder: Embedder, folder: Path, faces: Sequence[FaceRecord]
) -> dict[str, _Lines]:
    """Face id -> the lines of those faces that the shipped catalogue has, of this encoder."""
    source = settings.prebuilt / CATALOG
    if not source.exists():
        return {}
    shutil.copyfile(source, folder / CATALOG)  # it may have to be brought to the newest schema
    with (
        closing(open_database(f"sqlite:///{folder / CATALOG}")) as database,
        database.begin() as rows,
    ):
        state = rows.state.get()
        if state is None or state.encoder_sha256 != embedder.sha256:
            return {}
        return {
            face.id: _lines(
                face.id,
                rows.samples.of_family(face.family_id),
                rows.columns.of_family(face.family_id),
            )
            for face in faces
        }


def _lines(
    face_id: str, samples: Sequence[SampleRecord], columns: Sequence[ColumnsRecord]
) -> _Lines:
    own = (each.columns for each in columns if each.face_id == face_id)
    return [s for s in samples if s.face_id == face_id], next(own, b"")


def _is_whole(data: Path, file: FileRecord) -> bool:
    path = data / file.path if file.path else None
    if path is None or not path.is_file():
        return False
    return sha256_of(path) == file.sha256


def _key(face: FaceRecord) -> tuple[object, ...]:
    return face.file_sha256, face.file_index, face.variation
