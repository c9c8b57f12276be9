"""What the pages call things, and how the values of the catalogue are said in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CATEGORIES = {
    "sans-serif": "Sans",
    "serif": "Serif",
    "display": "Display",
    "handwriting": "Handwriting",
    "monospace": "Mono",
}
LICENCES = {
    "OFL-1.1": "SIL Open Font License",
    "Apache-2.0": "Apache License 2.0",
    "UFL-1.0": "Ubuntu Font Licence",
    "CC0-1.0": "Public domain (CC0)",
    "MIT": "MIT License",
    "GPL": "GNU GPL",
    "other": "Another licence",
}
_FREE = "Free, also commercially: use it in print, on pages, in products."
# What a person may do, in a sentence or two; the text itself decides.
_TERMS = {
    "OFL-1.1": f"{_FREE} It may be changed and passed on with its licence, but not sold by itself; "
    "a changed font needs another name where the old one is reserved.",
    "Apache-2.0": f"{_FREE} It may be changed and passed on with its licence and notices.",
    "UFL-1.0": f"{_FREE} It may be changed and passed on with its licence; a changed font needs "
    "another name.",
    "CC0-1.0": "Free for any use; nobody needs to be named.",
    "MIT": f"{_FREE} Its copyright line goes along.",
    "GPL": "Read its terms before you embed it: they may reach what it is embedded in.",
    "other": "It has a licence of its own: read it before you use it.",
}
_ASK = "Its licence is not known: ask whoever made it before you use it."
_TEXTS = Path(__file__).with_name("licences")
_MOST_LICENCES = 12
_NO_LETTERS = {"emoji", "math", "music", "symbols", "symbols2"}


def category(value: str) -> str:
    """ "serif" -> "Serif"; "" for a family that nobody has sorted."""
    return CATEGORIES.get(value, "" if value == "unknown" else value)


def licence(value: str) -> str:
    """The licence's name."""
    return LICENCES.get(value, "Licence unknown" if value == "unknown" else value[:60])


def terms(value: str) -> str:
    """What the licence lets a person do."""
    return _TERMS.get(value, _ASK if value == "unknown" else _TERMS["other"])


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
        "categories": _named(CATEGORIES, stats["categories"]),
        "licences": _named(LICENCES, [value for value, _ in counted]),
        "scripts": sorted(
            (name, script(name))
            for name in stats["scripts"]
            if name not in _NO_LETTERS | {"latin"} and not name.endswith("-ext")
        ),
    }


def _named(words: Mapping[str, str], present: Iterable[str]) -> list[tuple[str, str]]:
    """Those of `words` that are present, in their order, then the others as they are."""
    there = [value for value in present if value != "unknown"]
    known = [(value, text) for value, text in words.items() if value in there]
    return known + [(value, value[:60]) for value in there if value not in words]
