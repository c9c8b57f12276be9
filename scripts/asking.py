"""How `scripts.search` asks: again when font files came, and with a word where none are here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import numpy as np

from index.answers import SearchAnswer
from index.catalog import FontCatalog
from scripts.bars import Bars
from scripts.terminal import console

_PATIENCE = 60.0  # seconds that the font files of a picture may take
_LACKS = (
    "[yellow]not compared by drawing[/], so less often right: {} picture(s), as the likely fonts' "
    "files are not here; --fetch brings them through npm, `make fonts` all"
)


@contextmanager
def asking(catalog: FontCatalog, **options: Any) -> Iterator[Callable[[np.ndarray], SearchAnswer]]:
    """`FontCatalog.search` with these options; at the end stderr tells of what lacked.

    Where the catalogue fetches font files, an answer waits for those that it wants.
    """
    undrawn = 0

    def ask(picture: np.ndarray) -> SearchAnswer:
        nonlocal undrawn
        answer = catalog.search(picture, **options)
        end = time.monotonic() + _PATIENCE
        while _fonts_came(catalog, end - time.monotonic()):
            answer = catalog.search(picture, **options)
        undrawn += _is_undrawn(catalog, answer)
        return answer

    yield ask
    if undrawn:
        console(stderr=True).print(_LACKS.format(undrawn), soft_wrap=True)


def _fonts_came(catalog: FontCatalog, seconds: float) -> bool:
    with closing(Bars()) as bars:
        show = partial(bars.part, "font files")
        return catalog.await_fonts(seconds, on_progress=show) > 0


def _is_undrawn(catalog: FontCatalog, answer: SearchAnswer) -> bool:
    faces = [match.face.id for match in answer.matches]
    proved = any(match.proof is not None for match in answer.matches)
    return not proved and len(catalog.drawable(faces)) < len(faces)
