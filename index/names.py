"""Which families a person means who types a name: tolerant of case, spaces, accents, typos."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

EXACT, PREFIX, WORD, INSIDE, GUESS = range(5)  # a guess adds its typos: 5, 6


@lru_cache(maxsize=32_768)
def fold(text: str) -> tuple[str, tuple[int, ...]]:
    """Letters and digits alone, without case and accents, and where words start in them.

    "Playfair Display" -> ("playfairdisplay", (0, 8)).
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept: list[str] = []
    starts: list[int] = []
    inside = False
    for char in plain:
        if unicodedata.combining(char):
            continue
        if char.isalnum():
            if not inside:
                starts.append(len(kept))
            kept.append(char)
        inside = char.isalnum()
    return "".join(kept), tuple(starts)


def ranks(query: str, names: Sequence[str]) -> list[int | None]:
    """How well each name fits: one of the constants above, None for not at all.

    Only when no name holds the query are typos forgiven: one from four characters on, two from
    eight, counted as optimal string alignment does (a swap of neighbours is one).
    """
    needle, _ = fold(query)
    if not needle:
        blank = EXACT if not query.strip() else None
        return [blank] * len(names)
    found = [_literal(needle, name) for name in names]
    return _guesses(needle, names) if not any(rank is not None for rank in found) else found


def _literal(needle: str, name: str) -> int | None:
    text, starts = fold(name)
    at = text.find(needle)
    if at < 0:
        return None
    if at == 0:
        return EXACT if text == needle else PREFIX
    return WORD if any(text.startswith(needle, start) for start in starts) else INSIDE


def _guesses(needle: str, names: Sequence[str]) -> list[int | None]:
    most = 0 if len(needle) < 4 else 1 if len(needle) < 8 else 2
    found: list[int | None] = [None] * len(names)
    if not most:
        return found
    owners, parts = [], []
    for owner, name in enumerate(names):
        text, starts = fold(name)
        for start in starts:
            rest = text[start:]
            for length in range(len(needle) - most, min(len(needle) + most, len(rest)) + 1):
                owners.append(owner)
                parts.append(rest[:length])
    if not parts:
        return found
    typos = process.cdist([needle], parts, scorer=OSA.distance, score_cutoff=most)[0]
    for at in np.flatnonzero(typos <= most):
        rank = GUESS + int(typos[at])
        known = found[owners[at]]
        found[owners[at]] = rank if known is None else min(known, rank)
    return found
