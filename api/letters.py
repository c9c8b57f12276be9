"""The characters of a face in rows that a person can look through."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_ROW = 40  # characters a picture: what fits the page at a size that can be read


@dataclass(frozen=True, slots=True)
class Letters:
    """A kind of characters, cut into rows."""

    title: str
    count: int
    rows: tuple[str, ...]


def letter_rows(characters: str) -> list[Letters]:
    """Capitals, small letters, figures ... of a face's characters; kinds without any are left out.

    >>> [(kind.title, kind.rows) for kind in letter_rows("aBc1")]
    [('Capitals', ('B',)), ('Small letters', ('ac',)), ('Figures', ('1',))]
    """
    left = [c for c in characters if not c.isspace() and c.isprintable()]
    kinds = []
    for title, belongs in _KINDS:
        taken = [c for c in left if belongs(c)]
        left = [c for c in left if not belongs(c)]
        if taken:
            rows = tuple("".join(taken[i : i + _ROW]) for i in range(0, len(taken), _ROW))
            kinds.append(Letters(title, len(taken), rows))
    return kinds


def _is(*categories: str) -> Callable[[str], bool]:
    return lambda c: unicodedata.category(c) in categories


_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Capitals", lambda c: c.isascii() and c.isupper()),
    ("Small letters", lambda c: c.isascii() and c.islower()),
    ("Figures", _is("Nd", "No", "Nl")),
    ("Letters with marks, and others", lambda c: c.isalpha()),
    ("Punctuation", _is("Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Pc")),
    ("Money and signs", lambda _: True),
)
