"""Whose font files are drawn where in a rebuild: Google's here, strangers' in the jail."""

from __future__ import annotations

from db.records import FamilyBundle
from index.builder import Browser, Drawn, Embedder, draw_source
from index.drawing import Here
from index.jail import BreachError, Jail
from index.reports import Refusal
from index.sources import OWN, FamilySource


def draw_guarded(source: FamilySource, embedder: Embedder, browser: Browser | None) -> Drawn:
    """See `draw_source`; a family whose file breaks the jail's limits is left out."""
    if source.family.source != OWN or not source.files:
        return draw_source(source, embedder, browser, Here())
    try:
        with Jail(source.files[0].path.parent) as jail:
            return draw_source(source, embedder, browser, jail)
    except BreachError as error:
        refusal = Refusal(error.path.name, error.code, error.message)
        return Drawn(FamilyBundle(source.family, (), (), (), (), None), (refusal,))
