"""Every read and write of the catalogue's rows, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from db import integrity
from db.models import Base, Face, Family, FontFile, Sample, Specimen, State, Token, Twin
from db.records import (
    FaceRecord,
    FamilyBundle,
    FamilyRecord,
    FileRecord,
    SampleRecord,
    StateRecord,
    TokenRecord,
    TwinRecord,
    Vectors,
)

_FETCH = 4096


class Repository:
    """Reads and writes of one transaction; whoever opened it commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # State ---------------------------------------------------------------------------

    def state(self) -> StateRecord | None:
        """The one row; None in a database that was never filled."""
        row = self._session.get(State, 1, populate_existing=True)
        if row is None:
            return None
        return StateRecord(row.generation, row.encoder_sha256, row.prepare_version, row.dim)

    def generation(self) -> int:
        """The generation alone, cheaply; 0 in a database that was never filled."""
        return self._session.scalar(select(State.generation)) or 0

    def set_encoder(self, encoder_sha256: str, prepare_version: int, dim: int) -> int:
        """Say what the vectors are and grow the generation, which is returned."""
        generation = self.generation() + 1
        self._session.execute(delete(State))
        self._session.execute(
            insert(State).values(
                id=1,
                generation=generation,
                encoder_sha256=encoder_sha256,
                prepare_version=prepare_version,
                dim=dim,
            )
        )
        return generation

    def grow(self, above: int = 0) -> int:
        """Count this transaction as a change; returns the new generation, larger than `above`."""
        generation = max(self.generation(), above) + 1
        self._session.execute(update(State).values(generation=generation))
        return generation

    # Reading -------------------------------------------------------------------------

    def families(self) -> list[FamilyRecord]:
        """All families, by id."""
        names = FamilyRecord.__dataclass_fields__
        columns = [getattr(Family, name) for name in names]
        rows = self._session.execute(select(*columns))
        # Sorted here: databases differ in how they order texts, and answers must not.
        return sorted((_family(row) for row in rows), key=lambda family: family.id)

    def family(self, family_id: str) -> FamilyRecord | None:
        """One family; None when there is none."""
        columns = [getattr(Family, name) for name in FamilyRecord.__dataclass_fields__]
        row = self._session.execute(select(*columns).where(Family.id == family_id)).one_or_none()
        return None if row is None else _family(row)

    def faces(self, family_id: str | None = None) -> list[FaceRecord]:
        """Faces by id, of one family or all."""
        columns = [getattr(Face, name) for name in FaceRecord.__dataclass_fields__]
        query = select(*columns)
        if family_id is not None:
            query = query.where(Face.family_id == family_id)
        faces = (_face(row) for row in self._session.execute(query))
        return sorted(faces, key=lambda face: face.id)

    def face(self, face_id: str) -> FaceRecord | None:
        """One face; None when there is none."""
        columns = [getattr(Face, name) for name in FaceRecord.__dataclass_fields__]
        row = self._session.execute(select(*columns).where(Face.id == face_id)).one_or_none()
        return None if row is None else _face(row)

    def faces_with_files(self, face_ids: Sequence[str]) -> list[tuple[FaceRecord, str]]:
        """The faces of these ids whose file was kept, each with its path in the data folder."""
        columns = [getattr(Face, name) for name in FaceRecord.__dataclass_fields__]
        query = (
            select(*columns, FontFile.path)
            .join(FontFile, FontFile.sha256 == Face.file_sha256)
            .where(Face.id.in_(face_ids), FontFile.path.is_not(None))
        )
        return [(_face(row[:-1]), row[-1]) for row in self._session.execute(query)]

    def file(self, sha256: str) -> FileRecord | None:
        """The font file of this content; None when the catalogue has it not."""
        row = self._session.get(FontFile, sha256)
        return None if row is None else _file(row)

    def file_paths(self) -> set[str]:
        """Where all font files that were kept lie in the data folder."""
        query = select(FontFile.path).where(FontFile.path.is_not(None))
        return {path for path in self._session.scalars(query) if path is not None}

    def family_files(self) -> dict[str, dict[str, FileRecord]]:
        """Family id -> sha256 -> file, of every family that has files."""
        columns = [getattr(FontFile, name) for name in FileRecord.__dataclass_fields__]
        query = (
            select(Face.family_id, *columns)
            .join(FontFile, FontFile.sha256 == Face.file_sha256)
            .distinct()
        )
        files: dict[str, dict[str, FileRecord]] = {}
        for family_id, *values in self._session.execute(query):
            file = FileRecord(*values)
            files.setdefault(family_id, {})[file.sha256] = file
        return files

    def families_of_file(self, sha256: str) -> list[FamilyRecord]:
        """The families with a face from this file, kept or sent, by id."""
        same = or_(FontFile.sha256 == sha256, FontFile.original_sha256 == sha256)
        columns = [getattr(Family, name) for name in FamilyRecord.__dataclass_fields__]
        holders = select(Face.family_id).join(FontFile, FontFile.sha256 == Face.file_sha256)
        query = select(*columns).where(Family.id.in_(holders.where(same))).order_by(Family.id)
        return [_family(row) for row in self._session.execute(query)]

    def sample_lines(self) -> tuple[NDArray[np.int64], list[str], list[str]]:
        """Sample ids, int64 [N] ascending, and of each the face id and the text that it shows."""
        columns = select(Sample.id, Sample.face_id, Sample.text).order_by(Sample.id)
        rows = self._session.execute(columns).all()
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        return ids, [row[1] for row in rows], [row[2] for row in rows]

    def sample_ids(self) -> NDArray[np.int64]:
        """All sample ids, int64 [N] ascending."""
        ids = self._session.scalars(select(Sample.id).order_by(Sample.id))
        return np.fromiter(ids, np.int64)

    def last_sample_id(self) -> int:
        """The highest sample id; 0 when there is none."""
        return self._session.scalar(select(func.max(Sample.id))) or 0

    def vectors(self, dim: int, *, face_id: str | None = None, after: int = 0) -> Vectors:
        """Ids above `after` with their vectors, of one face or all, in the order of the ids.

        N = 0 gives `[0]` and `[0, dim]`. `ValueError` when a vector is not `dim` long.
        """
        query = select(Sample.id, Sample.vector).where(Sample.id > after).order_by(Sample.id)
        if face_id is not None:
            query = query.where(Sample.face_id == face_id)
        return _stack(self._session.execute(query).yield_per(_FETCH), dim)

    def samples(self, family_id: str) -> list[SampleRecord]:
        """The samples of a family's faces, in the order of their ids."""
        columns = [getattr(Sample, name) for name in SampleRecord.__dataclass_fields__]
        query = select(*columns).join(Face).where(Face.family_id == family_id).order_by(Sample.id)
        return [SampleRecord(*row) for row in self._session.execute(query)]

    def specimen(self, family_id: str) -> bytes | None:
        """The family's picture, WebP; None when it has none."""
        row = self._session.get(Specimen, family_id)
        return None if row is None else row.image

    def twins(self) -> list[TwinRecord]:
        """All twins, in both directions, the closest first."""
        rows = self._session.execute(select(Twin.family_id, Twin.twin_id, Twin.distance))
        twins = (TwinRecord(*row) for row in rows)
        return sorted(twins, key=lambda twin: (twin.family_id, twin.distance, twin.twin_id))

    def counts(self) -> dict[str, int]:
        """How many families, faces, samples, files there are."""
        tables = {"families": Family, "faces": Face, "samples": Sample, "files": FontFile}
        return {
            name: self._session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }

    def bundles(self, source: str | None = None) -> Iterator[FamilyBundle]:
        """Every family with all that hangs on it, by id; `source` keeps one kind."""
        files = self.family_files()
        for family in self.families():
            if source in (None, family.source):
                yield FamilyBundle(
                    family,
                    tuple(files.get(family.id, {}).values()),
                    tuple(self.faces(family.id)),
                    tuple(self.samples(family.id)),
                    self.specimen(family.id),
                )

    def dump(self) -> integrity.Dump:
        """All rows of all tables, for `replace_all`."""
        return integrity.dump(self._session)

    def revision(self) -> str | None:
        """The schema's revision; None in a database without tables."""
        return integrity.revision(self._session)

    def damaged_faces(self) -> list[str]:
        """The ids of faces whose samples are not those that were written, ascending."""
        return integrity.damaged_faces(self._session)

    def complaints(self) -> list[str]:
        """What SQLite finds wrong with its pages, indexes and foreign keys; [] elsewhere."""
        return integrity.complaints(self._session)

    # Writing -------------------------------------------------------------------------

    def add(self, bundle: FamilyBundle) -> None:
        """Write a bundle: the family and files that are there already stay as they are."""
        session = self._session
        if session.get(Family, bundle.family.id) is None:
            created = self.generation() + 1
            session.execute(
                insert(Family).values(**_values(bundle.family), created_generation=created)
            )
        for file in bundle.files:
            if session.get(FontFile, file.sha256) is None:
                session.execute(insert(FontFile).values(**_values(file)))
        self._insert_faces(bundle)
        _insert(session, Sample, bundle.samples)
        if bundle.specimen is not None and session.get(Specimen, bundle.family.id) is None:
            session.add(Specimen(family_id=bundle.family.id, image=bundle.specimen))
            session.flush()

    def change_family(self, family_id: str, *, name: str, public: bool) -> None:
        """Give a family this name, and to everybody or back to its owner."""
        change = update(Family).where(Family.id == family_id)
        self._session.execute(change.values(name=name, public=public))

    def set_specimen(self, family_id: str, image: bytes) -> None:
        """Put a family's picture, WebP, in the place of the one it has."""
        self._session.merge(Specimen(family_id=family_id, image=image))
        self._session.flush()

    def replace_samples(self, face_id: str, samples: Sequence[SampleRecord]) -> None:
        """Put these in the place of a face's samples, under new ids."""
        session = self._session
        session.execute(delete(Sample).where(Sample.face_id == face_id))
        _insert(session, Sample, [replace(s, face_id=face_id) for s in samples])
        found = integrity.samples_sha256((s.kind, s.text, s.raster, s.vector) for s in samples)
        session.execute(update(Face).where(Face.id == face_id).values(samples_sha256=found))

    def remove_family(self, family_id: str) -> tuple[list[int], list[FileRecord]]:
        """Delete a family; returns the ids of its samples and the files nobody needs now."""
        session = self._session
        of_family = select(Face.id).where(Face.family_id == family_id)
        ids = list(session.scalars(select(Sample.id).where(Sample.face_id.in_(of_family))))
        session.execute(delete(Family).where(Family.id == family_id))
        return ids, self._drop_unused_files()

    def clear(self) -> None:
        """Delete every family and file; the state row, and so the generation, stays."""
        self._session.execute(delete(Family))
        self._drop_unused_files()

    def replace_all(self, rows: integrity.Dump) -> None:
        """Delete everything and write these rows, the state among them; samples get new ids."""
        integrity.replace_all(self._session, rows)

    def replace_twins(self, twins: Iterable[TwinRecord]) -> None:
        """Forget all twins and write these."""
        self._session.execute(delete(Twin))
        self.add_twins(twins)

    def add_twins(self, twins: Iterable[TwinRecord]) -> None:
        """Write twins; both directions are the caller's to give."""
        _insert(self._session, Twin, list(twins))

    # Tokens --------------------------------------------------------------------------

    def tokens(self) -> list[TokenRecord]:
        """All tokens, revoked ones too, by name and day."""
        columns = [getattr(Token, name) for name in TokenRecord.__dataclass_fields__]
        query = select(*columns).order_by(Token.name, Token.created, Token.id)
        return [_token(row) for row in self._session.execute(query)]

    def token(self, token_id: str) -> TokenRecord | None:
        """One token; None when there is none."""
        columns = [getattr(Token, name) for name in TokenRecord.__dataclass_fields__]
        row = self._session.execute(select(*columns).where(Token.id == token_id)).one_or_none()
        return None if row is None else _token(row)

    def add_token(self, token: TokenRecord) -> None:
        """Write a new token."""
        values = {**_values(token), "scopes": list(token.scopes)}
        self._session.execute(insert(Token).values(**values))

    def revoke_token(self, token_id: str, day: date) -> None:
        """The token opens nothing from now on; it stays in the list."""
        change = update(Token).where(Token.id == token_id, Token.revoked.is_(None))
        self._session.execute(change.values(revoked=day))

    def use_token(self, token_id: str, day: date) -> None:
        """Note the day of the token's last use."""
        self._session.execute(update(Token).where(Token.id == token_id).values(last_used=day))

    def _insert_faces(self, bundle: FamilyBundle) -> None:
        samples: dict[str, list[tuple[str, str, str, bytes]]] = {f.id: [] for f in bundle.faces}
        for s in bundle.samples:
            samples.setdefault(s.face_id, []).append((s.kind, s.text, s.raster, s.vector))
        values = [
            _values(face) | {"samples_sha256": integrity.samples_sha256(samples[face.id])}
            for face in bundle.faces
        ]
        if values:
            self._session.connection().execute(insert(Face), values)

    def _drop_unused_files(self) -> list[FileRecord]:
        used = select(Face.file_sha256).where(Face.file_sha256.is_not(None))
        unused = list(self._session.scalars(select(FontFile).where(FontFile.sha256.not_in(used))))
        records = [_file(file) for file in unused]
        for file in unused:
            self._session.delete(file)
        self._session.flush()
        return records


def _insert(session: Session, table: type[Base], records: Sequence[Any]) -> None:
    if records:
        # The table, not the class: no objects are made for 80,000 samples.
        session.connection().execute(
            table.__table__.insert(),  # type: ignore[attr-defined]
            [_values(record) for record in records],
        )


def _values(record: Any) -> dict[str, Any]:
    """The fields by name; `dataclasses.asdict` would copy every value deeply."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _file(row: FontFile) -> FileRecord:
    return FileRecord(row.sha256, row.name, row.size, row.path, row.original_sha256)


def _family(row: Sequence[Any]) -> FamilyRecord:
    values = dict(zip(FamilyRecord.__dataclass_fields__, row, strict=True))
    return FamilyRecord(**{**values, "scripts": tuple(values["scripts"])})


def _token(row: Sequence[Any]) -> TokenRecord:
    values = dict(zip(TokenRecord.__dataclass_fields__, row, strict=True))
    return TokenRecord(**{**values, "scopes": tuple(values["scopes"])})


def _face(row: Sequence[Any]) -> FaceRecord:
    values = dict(zip(FaceRecord.__dataclass_fields__, row, strict=True))
    axes = tuple((str(tag), float(value)) for tag, value in values["variation"])
    return FaceRecord(**{**values, "variation": axes})


def _stack(rows: Iterable[Sequence[Any]], dim: int) -> Vectors:
    ids: list[int] = []
    blobs: list[bytes] = []
    for sample_id, blob in rows:
        if len(blob) != 2 * dim:
            raise ValueError(f"sample {sample_id} holds {len(blob)} bytes, not {2 * dim}")
        ids.append(sample_id)
        blobs.append(blob)
    vectors = np.frombuffer(b"".join(blobs), "<f2").reshape(len(ids), dim)
    return Vectors(np.array(ids, np.int64), vectors)
