"""Names out of a font file, made safe to store, show and compare."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from fontTools.ttLib import TTFont

MAX_NAME = 100
MAX_TEXT = 300
_MAX_RECORDS = 5000
_MAX_NAME_BYTES = 4 * 2**20  # forged records may overlap and expand to gigabytes

_FAMILY, _STYLE, _VERSION, _DESIGNER, _LICENSE, _LICENSE_URL = 1, 2, 5, 9, 13, 14
_TYPOGRAPHIC_FAMILY, _TYPOGRAPHIC_STYLE = 16, 17

_KNOWN_LICENSES = (
    (re.compile(r"sil open font licen[cs]e|scripts\.sil\.org/ofl|openfontlicense\.org", re.I),
     "OFL-1.1"),
    (re.compile(r"apache licen[cs]e|apache\.org/licenses", re.I), "Apache-2.0"),
    (re.compile(r"ubuntu font licen[cs]e", re.I), "UFL-1.0"),
    (re.compile(r"creative commons zero|\bcc0\b", re.I), "CC0-1.0"),
    (re.compile(r"\bmit licen[cs]e", re.I), "MIT"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one face; None where the file is silent."""

    family: str
    style: str
    license: str | None
    license_url: str | None
    designer: str | None
    version: str | None


def read_names(font: TTFont, fallback: str) -> Names:
    """The typographic names (ID 16, 17) before the older four-style ones (1, 2).

    `fallback` names the family when the file does not. A licence is given by its SPDX
    id where it is a known one, else in the file's own words.
    """
    table = _name_table(font)
    family = _text(table, _TYPOGRAPHIC_FAMILY) or _text(table, _FAMILY)
    url = _text(table, _LICENSE_URL, MAX_TEXT)
    words = _text(table, _LICENSE, MAX_TEXT)
    return Names(
        family=family or clean(fallback) or "Unnamed",
        style=_text(table, _TYPOGRAPHIC_STYLE) or _text(table, _STYLE) or "Regular",
        license=_license(words, url),
        license_url=web_address(url),
        designer=_text(table, _DESIGNER),
        version=_text(table, _VERSION),
    )


def name_of(font: TTFont, name_id: int) -> str | None:
    """One cleaned name by its id, as `fvar` instances refer to it; None when absent."""
    return _text(_name_table(font), name_id)


def web_address(url: str | None) -> str | None:
    """`url` where it leads to the web; None for a script and the like."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:  # a bracket without its partner
        return None


def clean(text: str, limit: int = MAX_NAME) -> str:
    """Printable text on one line: no control, bidirectional or surrogate characters.

    Spaces are single and the length is at most `limit`; "" when nothing is left.
    """
    text = unicodedata.normalize("NFC", text[: 20 * limit])
    spaced = (" " if c.isspace() else c for c in text)
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit].rstrip()


def _name_table(font: TTFont) -> Any | None:
    """The decoded name table; None when it is missing, damaged or forged."""
    try:
        raw = font.reader["name"]
        count = int.from_bytes(raw[2:4], "big")
        if count > _MAX_RECORDS:
            return None
        records = np.frombuffer(raw, ">u2", 6 * count, 6).reshape(-1, 6)
        if int(records[:, 4].sum(dtype=np.int64)) > _MAX_NAME_BYTES:
            return None
        return font["name"]
    except Exception:  # fontTools raises many types; a face without names is still a face
        return None


def _text(table: Any | None, name_id: int, limit: int = MAX_NAME) -> str | None:
    found = table.getDebugName(name_id) if table is not None else None
    return (clean(found, limit) or None) if found else None


def _license(words: str | None, url: str | None) -> str | None:
    text = f"{words or ''} {url or ''}"
    for pattern, spdx in _KNOWN_LICENSES:
        if pattern.search(text):
            return spdx
    return words
