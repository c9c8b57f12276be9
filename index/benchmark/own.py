"""Fonts that are in no public catalogue: asked before and after they are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from index.benchmark.faces import AskedFamily, own_families
from index.benchmark.queries import Query, QuerySet
from index.catalog import FontCatalog

# Debian packages that hold them; each is one family or a few that no one would confuse.
DEBIAN = {
    "fonts-adf-accanthis": ("Accanthis ADF Std",),
    "fonts-adf-baskervald": ("Baskervald ADF Std",),
    "fonts-adf-gillius": ("Gillius ADF",),
    "fonts-adf-libris": ("Libris ADF Std",),
    "fonts-adf-tribun": ("Tribun ADF Std",),
    "fonts-adf-universalis": ("Universalis ADF Std",),
    "fonts-beteckna": ("Beteckna",),
    "fonts-clear-sans": ("Clear Sans",),
    "fonts-cmu": ("CMU Bright", "CMU Concrete", "CMU Serif", "CMU Typewriter Text"),
    "fonts-dejavu": ("DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif"),
    "fonts-dustin": ("Balker", "Domestic Manners", "Dustismo", "Dustismo Roman"),
    "fonts-essays1743": ("Essays1743",),
    "fonts-eurofurence": ("eurofurence",),
    "fonts-fantasque-sans": ("Fantasque Sans Mono",),
    "fonts-georgewilliams": ("Caslon",),
    "fonts-go": ("Go", "Go Mono"),
    "fonts-hermit": ("Hermit",),
    "fonts-isabella": ("Isabella",),
    "fonts-junicode": ("Junicode Two Beta",),
    "fonts-monofur": ("monofur",),
    "fonts-okolaks": ("okolaks",),
    "fonts-opendin": ("OSP-DIN",),
    "fonts-rufscript": ("Rufscript",),
}
_DEBIAN_FOLDERS = (
    Path("/usr/share/fonts/truetype"),
    Path("/usr/share/fonts/opentype"),
    Path("/usr/share/fonts/fonts-go"),
)


def choose(folders: Sequence[Path]) -> tuple[AskedFamily, ...]:
    """All families of `folders`, or without folders those of `DEBIAN` that are installed."""
    if folders:
        return own_families(folders)
    wanted = {name for names in DEBIAN.values() for name in names}
    return tuple(family for family in own_families(_DEBIAN_FOLDERS) if family.id in wanted)


def add(catalog: FontCatalog, families: Sequence[AskedFamily]) -> dict[str, str]:
    """Add the families' asked files; family name -> id in the catalogue.

    A family none of whose files was taken is not in the answer.
    """
    name_of = {face.path.name: family.id for family in families for face in family.faces}
    paths = [face.path for family in families for face in family.faces]
    report = catalog.add_fonts(list(dict.fromkeys(paths)))
    ids = {name_of[d.name]: d.family_id for d in report.duplicates if d.name in name_of}
    return ids | {added.family.name: added.family.id for added in report.added}


def under_their_ids(queries: QuerySet, ids: dict[str, str]) -> QuerySet:
    """The queries of the families in `ids` (name -> id), with the ids as the truth."""
    renamed: list[Query] = [
        replace(query, family=ids[query.family], level="own")
        for query in queries.queries
        if query.family in ids
    ]
    return replace(queries, queries=tuple(renamed))
