"""Draw a family's faces and embed the lines: everything that is done outside the lock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from db.records import (
    ColumnsRecord,
    FaceRecord,
    FamilyBundle,
    FamilyRecord,
    FileRecord,
    SampleRecord,
)
from db.vectors import quantised
from encoder.fontfile import FontFace, FontRefusedError
from encoder.prepare import Line
from encoder.reference import ReferenceLine, reference_lines
from index.columns import packed
from index.drawing import Drawer
from index.jail import BreachError
from index.regular import regular_first
from index.reports import Refusal
from index.sources import UNKNOWN, FamilySource, FontSource, face_id, license_id

log = logging.getLogger(__name__)

FREETYPE = "freetype"
CHROMIUM = "chromium"


class LineVectors(Protocol):
    """A line of a picture, `vectors` float32 [n, D] of its windows, and its columns.

    `columns` float32 [m, d] are unit rows, `shares` float32 [m] what each counts, `window_of`
    int64 [m] whose each is.
    """

    @property
    def line(self) -> Line: ...
    @property
    def vectors(self) -> np.ndarray: ...
    @property
    def columns(self) -> np.ndarray: ...
    @property
    def shares(self) -> np.ndarray: ...
    @property
    def window_of(self) -> np.ndarray: ...


class ReferenceVectors(Protocol):
    """Of a drawn line: `vector` float32 [D] and `columns` float32 [m, d], unit rows."""

    @property
    def vector(self) -> np.ndarray: ...
    @property
    def columns(self) -> np.ndarray: ...


class Embedder(Protocol):
    """What the index needs of `encoder.embed.Embedder`; tests give a fake."""

    @property
    def dim(self) -> int: ...
    @property
    def column_dim(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def prepare_version(self) -> int: ...
    def embed_lines(self, lines: Sequence[Line]) -> Sequence[LineVectors]: ...
    def embed_columns(self, windows: np.ndarray) -> list[np.ndarray]: ...
    def embed_line(self, picture: np.ndarray) -> ReferenceVectors: ...
    def embed_windows(self, windows: np.ndarray) -> np.ndarray: ...


class Browser(Protocol):
    """What the index needs of `encoder.browser.Chromium`."""

    def draw_lines(
        self,
        font_path: Path,
        texts: Sequence[str],
        size_px: float,
        *,
        variation: Sequence[tuple[str, float]] = (),
    ) -> Sequence[np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A face that was read, and where its file lies below the data folder.

    `original` is the sha256 of the file that was sent, where this is the sanitised one.
    """

    face: FontFace
    stored: str | None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A family ready to be written, and what was left out. No face: nothing to write."""

    bundle: FamilyBundle
    refused: tuple[Refusal, ...]


def draw_source(
    source: FamilySource, embedder: Embedder, browser: Browser | None, drawer: Drawer
) -> Drawn:
    """Read and draw all files of a family; a bad file or face is reported, never fatal.

    Raises `BreachError` when `drawer` does.
    """
    placed: list[PlacedFace] = []
    refused: list[Refusal] = []
    for file in source.files:
        try:
            placed += _placed(file, drawer)
        except BreachError:
            raise
        except FontRefusedError as error:
            refused.append(Refusal(file.path.name, error.code, str(error)))
        except OSError as error:
            refused.append(Refusal(file.path.name, "unreadable", str(error)))
    drawn = draw_family(source.family, placed, embedder, browser, drawer)
    return Drawn(drawn.bundle, (*refused, *drawn.refused))


def draw_family(
    family: FamilyRecord,
    faces: Sequence[PlacedFace],
    embedder: Embedder,
    browser: Browser | None,
    drawer: Drawer,
    *,
    taken: Iterable[str] = (),
    on_face: Callable[[], None] = lambda: None,
) -> Drawn:
    """Draw and embed faces of one family; `taken` are face ids that exist already.

    `on_face` is called after every face. Raises `BreachError` when `drawer` does: the file is
    then not to be drawn again.
    """
    ids = set(taken)
    records: list[FaceRecord] = []
    kept: list[PlacedFace] = []
    samples: list[SampleRecord] = []
    columns: list[ColumnsRecord] = []
    refused: list[Refusal] = []
    for placed in faces:
        record = _face_record(family.id, placed.face, face_id(family.id, placed.face, ids))
        found = _attempt(record, placed.face, embedder, browser, drawer)
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            ids.add(record.id)
            records.append(record)
            kept.append(placed)
            samples += found.samples
            columns.append(ColumnsRecord(record.id, found.columns))
        on_face()
    bundle = FamilyBundle(
        _filled(family, kept),
        _files(kept),
        tuple(records),
        tuple(samples),
        tuple(columns),
        _specimen(family, kept, drawer),
    )
    return Drawn(bundle, tuple(refused))


def _placed(file: FontSource, drawer: Drawer) -> Iterator[PlacedFace]:
    for face in drawer.faces(file.path):
        if file.only is not None and (face.ref.index, face.ref.variation) not in file.only:
            continue
        if file.weight is not None and file.italic is not None:
            face = replace(face, weight=file.weight, italic=file.italic)
        yield PlacedFace(face, file.stored, file.original)


def _attempt(
    record: FaceRecord,
    face: FontFace,
    embedder: Embedder,
    browser: Browser | None,
    drawer: Drawer,
) -> _Lines | Refusal:
    try:
        lines = _lines(record, face, embedder, browser, drawer)
    except BreachError:
        raise
    except FontRefusedError as error:
        return Refusal(record.id, error.code, error.message)
    except Exception as error:  # a broken font may raise anything: reported, never fatal
        log.info("face %s was left out", record.id, exc_info=True)
        return Refusal(record.id, "cannot-draw", f"{type(error).__name__}: {error}")
    if not lines.samples:
        return Refusal(record.id, "no-ink", "none of its lines left any ink")
    return lines


@dataclass(frozen=True, slots=True)
class _Lines:
    """The samples of a face, and the packed columns of those that FreeType drew."""

    samples: tuple[SampleRecord, ...]
    columns: bytes


def _lines(
    record: FaceRecord,
    face: FontFace,
    embedder: Embedder,
    browser: Browser | None,
    drawer: Drawer,
) -> _Lines:
    lines = reference_lines(face.coverage)
    samples: list[SampleRecord] = []
    columns: list[np.ndarray] = []
    for line in lines:
        found = _vectors(embedder, drawer.line(face.ref, line))
        if found is not None:
            samples.append(_sample(record, line, FREETYPE, found))
            columns.append(found.columns)
    # The browser cannot reach the later faces of a collection.
    if browser is not None and lines and face.ref.index == 0:
        samples += _browser_samples(record, face, lines, embedder, browser)
    return _Lines(tuple(samples), b"".join(map(packed, columns)))


def _browser_samples(
    record: FaceRecord,
    face: FontFace,
    lines: Sequence[ReferenceLine],
    embedder: Embedder,
    browser: Browser,
) -> Iterator[SampleRecord]:
    """One line of each kind, the first, in the second rasteriser."""
    firsts = list({line.kind: line for line in reversed(lines)}.values())
    pictures = browser.draw_lines(
        face.ref.path,
        [line.text for line in firsts],
        firsts[0].size,
        variation=face.ref.variation,
    )
    for line, picture in zip(firsts, pictures, strict=True):
        found = _vectors(embedder, picture)
        if found is not None:
            yield _sample(record, line, CHROMIUM, found)


def _vectors(embedder: Embedder, picture: np.ndarray) -> ReferenceVectors | None:
    """What stands for a drawn line; None without ink (blank glyphs)."""
    if int(picture.max()) - int(picture.min()) < 16:
        return None
    return embedder.embed_line(picture)


def _sample(
    record: FaceRecord, line: ReferenceLine, raster: str, found: ReferenceVectors
) -> SampleRecord:
    return SampleRecord(record.id, line.kind, line.text, raster, quantised(found.vector))


def _face_record(family_id: str, face: FontFace, new_id: str) -> FaceRecord:
    return FaceRecord(
        id=new_id,
        family_id=family_id,
        weight=face.weight,
        italic=face.italic,
        width=face.width,
        style_name=face.style_name,
        file_sha256=face.sha256,
        file_index=face.ref.index,
        variation=face.ref.variation,
        coverage="".join(sorted(face.coverage)),
    )


def _files(placed: Sequence[PlacedFace]) -> tuple[FileRecord, ...]:
    files = {p.face.sha256: p for p in placed}
    return tuple(
        FileRecord(sha256, path.name, path.stat().st_size, p.stored, p.original)
        for sha256, p in files.items()
        for path in (p.face.ref.path,)
    )


def _filled(family: FamilyRecord, placed: Sequence[PlacedFace]) -> FamilyRecord:
    """The family with designer and licence from its files where it has none."""
    if not placed:
        return family
    face = regular_first(p.face for p in placed)[0]
    license_ = family.license
    if license_ == UNKNOWN:
        license_ = license_id(face.license, face.license_url)
    return replace(family, designer=family.designer or face.designer, license=license_)


def _specimen(family: FamilyRecord, placed: Sequence[PlacedFace], drawer: Drawer) -> bytes | None:
    for face in regular_first(p.face for p in placed):
        try:
            return drawer.specimen(face.ref, family.name, face.coverage)
        except BreachError:
            raise
        except ValueError as error:
            log.info("no specimen of %s from %s: %s", family.id, face.ref.path.name, error)
    return None
