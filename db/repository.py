"""Every read and write of the catalogue's rows, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db import integrity
from db.models import Face, Family, FontFile, Sample
from db.records import FamilyBundle, FileRecord, SampleRecord, TwinRecord
from db.rows.columns import ColumnRows
from db.rows.faces import FaceRows
from db.rows.families import FamilyRows
from db.rows.files import FileRows
from db.rows.samples import SampleRows
from db.rows.state import StateRow
from db.rows.tokens import TokenRows
from db.rows.twins import TwinRows


class Repository:
    """Reads and writes of one transaction; whoever opened it commits.

    Each kind of row by itself (`rows.faces.get(...)`), and here what touches several kinds.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.state = StateRow(session)
        self.families = FamilyRows(session)
        self.faces = FaceRows(session)
        self.files = FileRows(session)
        self.samples = SampleRows(session)
        self.columns = ColumnRows(session)
        self.twins = TwinRows(session)
        self.tokens = TokenRows(session)

    def counts(self) -> dict[str, int]:
        """How many families, faces, samples, files there are."""
        tables = {"families": Family, "faces": Face, "samples": Sample, "files": FontFile}
        return {
            name: self._session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }

    def bundles(self, source: str | None = None) -> Iterator[FamilyBundle]:
        """Every family with all that hangs on it, by id; `source` keeps one kind."""
        files = self.files.by_family()
        for family in self.families.all():
            if source in (None, family.source):
                yield FamilyBundle(
                    family,
                    tuple(files.get(family.id, {}).values()),
                    tuple(self.faces.of_family(family.id)),
                    tuple(self.samples.of_family(family.id)),
                    tuple(self.columns.of_family(family.id)),
                    self.families.specimen(family.id),
                )

    def add(self, bundle: FamilyBundle) -> None:
        """Write a bundle: the family, picture and files that are there already stay."""
        self.families.add(bundle.family, self.state.generation() + 1)
        for file in bundle.files:
            self.files.add(file)
        self.faces.add(bundle.faces, bundle.samples, bundle.columns)
        self.samples.add(bundle.samples)
        self.columns.add(bundle.columns)
        family_id = bundle.family.id
        if bundle.specimen is not None and self.families.specimen(family_id) is None:
            self.families.set_specimen(family_id, bundle.specimen)

    def replace_samples(
        self, face_id: str, samples: Sequence[SampleRecord], columns: bytes
    ) -> None:
        """Put these in the place of a face's samples, under new ids, and of its columns."""
        self.samples.replace(face_id, samples)
        self.columns.replace(face_id, columns)
        self.faces.set_checksum(face_id, samples, columns)

    def replace_families(
        self, bundles: Iterable[FamilyBundle], twins: Iterable[TwinRecord]
    ) -> None:
        """Put these in the place of all families and files, with those twins that are both there.

        The state row, and so the generation, stays.
        """
        self._session.execute(delete(Family))
        self.files.drop_unused()
        there = set()
        for bundle in bundles:
            self.add(bundle)
            there.add(bundle.family.id)
        self.twins.add(t for t in twins if {t.family_id, t.twin_id} <= there)

    def remove_family(self, family_id: str) -> tuple[NDArray[np.int64], list[FileRecord]]:
        """Delete a family; returns the ids of its samples and the files nobody needs now."""
        ids = self.samples.ids_of_family(family_id)
        self._session.execute(delete(Family).where(Family.id == family_id))
        return ids, self.files.drop_unused()

    # The database as a whole ---------------------------------------------------------

    def dump(self) -> integrity.Dump:
        """All rows of all tables, for `replace_all`."""
        return integrity.dump(self._session)

    def replace_all(self, rows: integrity.Dump) -> None:
        """Delete everything and write these rows, the state among them; samples get new ids."""
        integrity.replace_all(self._session, rows)

    def revision(self) -> str | None:
        """The schema's revision; None in a database without tables."""
        return integrity.revision(self._session)

    def complaints(self) -> list[str]:
        """What SQLite finds wrong with its pages, indexes and foreign keys; [] elsewhere."""
        return integrity.complaints(self._session)
