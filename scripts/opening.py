"""The catalogue that a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.settings import Settings


@contextmanager
def opened(*, rebuilding: bool = False, fetching: bool = False) -> Iterator[FontCatalog]:
    """The catalogue that the environment names, closed at the end; `fetching` sets FETCH_FONTS."""
    settings = Settings.from_environment()
    settings = replace(settings, fetch_fonts=settings.fetch_fonts or fetching)
    with closing(open_catalog(settings, rebuilding=rebuilding)) as catalog:
        yield catalog
