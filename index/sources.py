"""Where families come from: folders of Google Fonts, and anybody's own font files."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

from db.records import FamilyRecord, Variation
from encoder.fontfile import FontFace
from index.viewer import OWN

UNKNOWN = "unknown"
GOOGLE = "google"
_FILE = re.compile(r"-latin-(?P<weight>\d+)-(?P<style>normal|italic)$")
# What a licence text says about itself, for files that come without an SPDX id.
_LICENSES = (
    (re.compile(r"\bOFL\b|open\s*font\s*licen[sc]e|scripts\.sil\.org", re.I), "OFL-1.1"),
    (re.compile(r"apache", re.I), "Apache-2.0"),
    (re.compile(r"ubuntu\s*font\s*licen[sc]e", re.I), "UFL-1.0"),
    (re.compile(r"\bCC0\b|public\s*domain", re.I), "CC0-1.0"),
    (re.compile(r"\bMIT\b"), "MIT"),
    (re.compile(r"\bGPL|general\s*public\s*licen[sc]e", re.I), "GPL"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FontSource:
    """A font file of a family, with what its name says where that is surer than the file.

    `stored` is its path relative to the data folder; `weight` and `italic` are None for
    files whose own tables are to be believed. `only` names the faces that are wanted by
    (index, variation); None means all. `original` is the sha256 of what was sent in its place.
    """

    path: Path
    stored: str
    weight: int | None = None
    italic: bool | None = None
    only: frozenset[tuple[int, Variation]] | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class FamilySource:
    """A family that can be drawn: its record and its files."""

    family: FamilyRecord
    files: tuple[FontSource, ...]


class FolderError(ValueError):
    """A folder is not a family of Google Fonts; the message names it and what is missing."""


def google_folders(fonts: Path) -> list[Path]:
    """The family folders below `fonts`, by name; `FolderError` when there is no such folder."""
    if not fonts.is_dir():
        raise FolderError(f"{fonts} is no folder; run `python -m scripts.fetch_fonts` first")
    return sorted(path.parent for path in fonts.glob("[!.]*/metadata.json"))


def google_family(folder: Path) -> FamilySource:
    """The family in `folder`: metadata.json and `<id>-latin-<weight>-<style>.woff2` files.

    Raises `FolderError` when the metadata cannot be read or there is no such file.
    """
    try:
        meta = json.loads((folder / "metadata.json").read_text())
        # An older form of metadata.json says fontName, and a link instead of the licence.
        name = str(meta.get("family") or meta["fontName"])
        spdx, url = _google_license(meta.get("license"))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise FolderError(f"{folder / 'metadata.json'} cannot be read: {error!r}") from error
    files = tuple(_google_files(folder))
    if not files:
        raise FolderError(f"{folder} holds no file named {folder.name}-latin-400-normal.woff2")
    family = FamilyRecord(
        id=folder.name,
        name=name,
        category=str(meta.get("category") or UNKNOWN),
        license=spdx,
        license_url=url,
        source=GOOGLE,
        url=f"https://fonts.google.com/specimen/{quote_plus(name)}",
        designer=None,
        scripts=tuple(sorted(str(subset) for subset in meta.get("subsets") or ())),
    )
    return FamilySource(family, files)


def own_family(face: FontFace, family_id: str, owner: str | None, public: bool) -> FamilyRecord:
    """The family that a file which nobody else knows founds."""
    return FamilyRecord(
        id=family_id,
        name=clean(face.family_name) or family_id,
        category=UNKNOWN,
        license=license_id(face.license, face.license_url),
        license_url=face.license_url,
        source=OWN,
        url=None,
        designer=clean(face.designer or "") or None,
        scripts=tuple(sorted(face.scripts)),
        owner=owner,
        public=public,
    )


def license_id(*texts: str | None) -> str:
    """The SPDX id that a licence text or link amounts to; "other" or, without text, "unknown"."""
    given = " ".join(text for text in texts if text)
    for pattern, spdx in _LICENSES:
        if pattern.search(given):
            return spdx
    return "other" if given.strip() else UNKNOWN


def slug(name: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens; "" when nothing remains."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].rstrip("-")


def clean(name: str) -> str:
    """A name on one line without control and direction characters, at most 120 long."""
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    return " ".join(kept.split())[:120].rstrip()


def face_id(family_id: str, face: FontFace, taken: Container[str]) -> str:
    """ "inter-700-italic"; the width follows when it is not 100, "-2" and on when taken."""
    wanted = f"{family_id}-{face.weight}-{'italic' if face.italic else 'normal'}"
    if face.width != 100:
        wanted += f"-{face.width}"
    return unique(wanted, taken)


def unique(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted`-2, -3 ... that is not taken."""
    number, candidate = 1, wanted
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate


def _google_license(value: object) -> tuple[str, str | None]:
    if isinstance(value, dict):
        return str(value["type"]), value.get("url")
    return UNKNOWN, value if isinstance(value, str) else None


def _google_files(folder: Path) -> Iterator[FontSource]:
    for path in sorted(folder.glob("*.woff2")):
        if match := _FILE.search(path.stem):
            yield FontSource(
                path,
                f"fonts/{folder.name}/{path.name}",
                weight=int(match["weight"]),
                italic=match["style"] == "italic",
            )
