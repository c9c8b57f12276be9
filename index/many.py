"""Many pictures in one go: which files, an answer or a reason for each, and a CSV of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoder.picture import PictureError, read_picture
from index.answers import SearchAnswer
from index.errors import QueryError

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"))
COLUMNS = (
    "file",
    "verdict",
    "rank",
    "family_id",
    "family",
    "category",
    "license",
    "face",
    "score",
    "confidence",
    "twins",
    "error",
)


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """What became of one picture: an answer, or the reason why there is none."""

    name: str
    answer: SearchAnswer | None
    error: str | None

    def to_json(self) -> dict[str, Any]:
        """The name, the API's answer or null, the reason or null."""
        answer = self.answer.to_json() if self.answer else None
        return {"file": self.name, "answer": answer, "error": self.error}

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row of `COLUMNS` for every match; one without a family where there is none."""
        start = {"file": self.name, "verdict": self.answer.verdict if self.answer else ""}
        matches = self.answer.matches if self.answer else ()
        if not matches:
            yield start | {"error": self.error or ""}
        for rank, match in enumerate(matches, 1):
            family = match.family
            yield start | {
                "rank": rank,
                "family_id": family.id,
                "family": family.name,
                "category": family.category,
                "license": family.license,
                "face": match.face.id,
                "score": round(match.score, 4),
                "confidence": round(match.confidence, 4),
                "twins": " ".join(twin.id for twin in match.twins),
            }


def picture_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those below the folders named that look like pictures, sorted.

    Raises `QueryError` for a path that does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise QueryError(f"{path} does not exist: name pictures, or folders of them")
        inside = path.rglob("*") if path.is_dir() else ()
        found += sorted(p for p in inside if p.suffix.lower() in SUFFIXES and p.is_file())
        if not path.is_dir():
            found.append(path)
    return found


def search_files(
    paths: Iterable[Path], search: Callable[[np.ndarray], SearchAnswer]
) -> Iterator[PictureAnswer]:
    """One answer a file, in order; a picture that cannot be read is an answer too."""
    for path in paths:
        try:
            yield PictureAnswer(str(path), search(read_picture(path.read_bytes())), None)
        except (PictureError, OSError) as error:
            yield PictureAnswer(str(path), None, str(error))


def write_csv(path: Path, answers: Iterable[PictureAnswer]) -> None:
    """All rows of `answers` into `path`, which is replaced at the end or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for answer in answers:
                writer.writerows(answer.rows())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
