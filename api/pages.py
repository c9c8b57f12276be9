"""The pages: search, own fonts, browse, and the list of problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, render_template

from api.context import current_catalog, current_settings
from api.problems import KINDS
from index.filters import Filters

bp = Blueprint("pages", __name__)

_CATEGORIES = {
    "sans-serif": "Sans",
    "serif": "Serif",
    "display": "Display",
    "handwriting": "Handwriting",
    "monospace": "Mono",
}
_LICENCES = {
    "OFL-1.1": "SIL Open Font License",
    "Apache-2.0": "Apache License 2.0",
    "UFL-1.0": "Ubuntu Font Licence",
    "CC0-1.0": "Public domain (CC0)",
    "MIT": "MIT License",
    "GPL": "GNU GPL",
    "other": "Another licence",
}
_MOST_LICENCES = 12
_NO_LETTERS = {"emoji", "math", "music", "symbols", "symbols2"}
_KIN = 8


@bp.get("/")
def search_page() -> str:
    """Drop a picture, read the families."""
    return render_template("search.html", **_choices())


@bp.get("/fonts")
def fonts_page() -> str:
    """Add and remove fonts of one's own."""
    return render_template("fonts.html", writable=bool(current_settings().api_token))


@bp.get("/browse")
def browse_page() -> str:
    """Is my font in here?"""
    return render_template("browse.html", **_choices())


@bp.get("/families/<family_id>")
def family_page(family_id: str) -> str:
    """One family: its faces, licence, twins and kin."""
    catalog = current_catalog()
    detail = catalog.family(family_id)
    family = detail.family
    return render_template(
        "family.html",
        detail=detail,
        category=_CATEGORIES.get(family.category, family.category),
        licence=_LICENCES.get(family.license, family.license),
        license_url=_web(detail.license_url),
        url=_web(family.url),
        scripts=sorted(_script(name) for name in family.scripts if name not in _NO_LETTERS),
        kin=catalog.similar(family_id, k=_KIN, filters=Filters()),
    )


@bp.get("/problems")
def problems_page() -> str:
    """Where the `type` of a problem leads."""
    return render_template("problems.html", kinds=KINDS)


def _choices() -> dict[str, Any]:
    """The catalogue's size, and what its filters offer: (value, words)."""
    stats = current_catalog().stats()
    counted = Counter(stats["licenses"]).most_common(_MOST_LICENCES)
    return {
        "stats": stats,
        "categories": _named(_CATEGORIES, stats["categories"]),
        "licences": _named(_LICENCES, [licence for licence, _ in counted]),
        "scripts": sorted(
            (name, _script(name))
            for name in stats["scripts"]
            if name not in _NO_LETTERS | {"latin"} and not name.endswith("-ext")
        ),
    }


def _named(words: Mapping[str, str], present: Iterable[str]) -> list[tuple[str, str]]:
    """Those of `words` that are present, in their order, then the others as they are."""
    there = [value for value in present if value != "unknown"]
    known = [(value, text) for value, text in words.items() if value in there]
    return known + [(value, value[:60]) for value in there if value not in words]


def _script(name: str) -> str:
    """ "latin-ext" -> "Latin Ext"."""
    return name.replace("-", " ").title()


def _web(url: str | None) -> str | None:
    """The address if a browser may be sent there; a font file says what it likes."""
    return url if url and url.startswith(("https://", "http://")) else None
