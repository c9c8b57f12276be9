"""Families that draw the letters of a picture just as another one does, though no twins.

Noto Sans Gurmukhi and Noto Sans Coptic differ in an "i" and a few more: a headline without these
may be either. When the one is taken out of the catalogue, no picture of it can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from encoder.glyphs import LETTERS, NOISE, Signature, letters_apart
from index.benchmark.confusions import nearest
from index.benchmark.faces import AskedFace, AskedFamily, google_family, letters
from index.benchmark.measure import Outcome
from index.benchmark.queries import Query

LOOKED_AT = 5  # rows of an answer


def with_lookalikes(
    outcomes: Sequence[Outcome],
    fonts: Path,
    *,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[Outcome]:
    """The outcomes, each with the first of its five rows that draws the query's letters the same.

    The same is what twins are, on the letters and digits of the query alone: a mean distance below
    `glyphs.NOISE`, of the faces nearest to the one that was asked for.
    """
    marked = []
    for done, outcome in enumerate(outcomes, 1):
        alike = _alike(outcome.query, outcome.rows[:LOOKED_AT], fonts)
        marked.append(replace(outcome, alike=alike))
        on_progress(done)
    return marked


def _alike(query: Query, families: Sequence[str], fonts: Path) -> str:
    own = _drawn(fonts, query.family, query)
    asked = [at for at, letter in enumerate(LETTERS) if letter in query.text]
    if own is None or not asked:
        return ""
    for family in families:
        other = _drawn(fonts, family, query)
        if (
            other is not None
            and (own.drawn & other.drawn)[asked].all()
            and letters_apart(own, other)[asked].mean() < NOISE
        ):
            return family
    return ""


def _drawn(fonts: Path, family_id: str, query: Query) -> Signature | None:
    family = _family(fonts, family_id)
    return _letters(nearest(family, query.weight, query.italic)) if family is not None else None


@lru_cache(maxsize=4096)
def _family(fonts: Path, family_id: str) -> AskedFamily | None:
    return google_family(fonts, family_id)


@lru_cache(maxsize=2048)  # of 0.1 MB each
def _letters(face: AskedFace) -> Signature | None:
    return letters(face)
