"""What the pages call things, and how the values of the catalogue are said in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATEGORIES = {
    "sans-serif": "Sans",
    "serif": "Serif",
    "display": "Display",
    "handwriting": "Handwriting",
    "monospace": "Mono",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """What a row, a filter and the page of a family say of a licence."""

    said: str  # what it allows, in few words, and its short name
    name: str
    terms: str  # what a person may do, in a sentence or two; the text itself decides


_FREE = "Free, also commercially"
_USE = f"{_FREE}: use it in print, on pages, in products."
LICENCES = {
    "OFL-1.1": Licence(
        f"{_FREE}: OFL",
        "SIL Open Font License",
        f"{_USE} It may be changed and passed on with its licence, but not sold by itself; "
        "a changed font needs another name where the old one is reserved.",
    ),
    "Apache-2.0": Licence(
        f"{_FREE}: Apache 2.0",
        "Apache License 2.0",
        f"{_USE} It may be changed and passed on with its licence and notices.",
    ),
    "UFL-1.0": Licence(
        f"{_FREE}: Ubuntu Font Licence",
        "Ubuntu Font Licence",
        f"{_USE} It may be changed and passed on with its licence; a changed font needs "
        "another name.",
    ),
    "CC0-1.0": Licence(
        "Free for any use: public domain (CC0)",
        "Public domain (CC0)",
        "Free for any use; nobody needs to be named.",
    ),
    "MIT": Licence(f"{_FREE}: MIT", "MIT License", f"{_USE} Its copyright line goes along."),
    "GPL": Licence(
        "Free, but read its terms before you embed it: GPL",
        "GNU GPL",
        "Read its terms before you embed it: they may reach what it is embedded in.",
    ),
    "other": Licence(
        "A licence of its own: read it before you use it",
        "Another licence",
        "It has a licence of its own: read it before you use it.",
    ),
    "unknown": Licence(
        "Licence unknown: check before you use it",
        "Licence unknown",
        "Its licence is not known: ask whoever made it before you use it.",
    ),
}
_TEXTS = Path(__file__).with_name("licences")
_MOST_LICENCES = 12
_NO_LETTERS = {"emoji", "math", "music", "symbols", "symbols2"}


def category(value: str) -> str:
    """ "serif" -> "Serif"; "" for a family that nobody has sorted."""
    return CATEGORIES.get(value, "" if value == "unknown" else value)


def licence(value: str) -> Licence:
    """A licence in words; one without words of its own is called by its code."""
    return LICENCES.get(value) or Licence(value, value, LICENCES["other"].terms)


def spoken() -> dict[str, dict[str, str]]:
    """The words of codes for a page whose scripts say them."""
    licences = {value: licence.said for value, licence in LICENCES.items()}
    return {"licences": licences, "categories": {**CATEGORIES, "unknown": ""}}


def licence_text(value: str) -> str | None:
    """The whole text of a standard licence; None for one that is not kept here."""
    path = _TEXTS / f"{value}.txt"
    return path.read_text() if value in LICENCES and path.is_file() else None


def scripts(names: Iterable[str]) -> list[str]:
    """The scripts in words, by name: ("greek-ext", "latin") -> ["Greek Ext", "Latin"]."""
    return sorted(script(name) for name in names if name not in _NO_LETTERS)


def script(name: str) -> str:
    """ "latin-ext" -> "Latin Ext"."""
    return name.replace("-", " ").title()


def choices(stats: Mapping[str, Any]) -> dict[str, Any]:
    """The catalogue's size, and what its filters offer: (value, words)."""
    counted = Counter(stats["licenses"]).most_common(_MOST_LICENCES)
    return {
        "stats": stats,
        "categories": _named(CATEGORIES, stats["categories"], category),
        "licences": _named(LICENCES, dict(counted), lambda value: licence(value).said),
        "scripts": sorted(
            (name, script(name))
            for name in stats["scripts"]
            if name not in _NO_LETTERS | {"latin"} and not name.endswith("-ext")
        ),
    }


def _named(
    order: Iterable[str], present: Iterable[str], say: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Those of `order` that are present, then the others, each with what `say` calls it."""
    there = [value for value in present if value != "unknown"]
    known = [value for value in order if value in there]
    return [(value, say(value)) for value in (*known, *(v for v in there if v not in known))]
