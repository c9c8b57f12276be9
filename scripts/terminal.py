"""What the commands share: a progress bar, and errors as one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from tqdm import tqdm

from encoder.boxes import Box
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import QueryError
from index.settings import Settings, SettingsError


def box(text: str) -> Box:
    """A rectangle from x0,y0,x1,y1 in pixels; `ValueError` for anything else."""
    return Box(*map(int, text.split(",")))


@contextmanager
def opened(*, rebuilding: bool = False) -> Iterator[FontCatalog]:
    """The catalogue that the environment names, closed at the end."""
    settings = Settings.from_environment()
    with closing(open_catalog(settings, rebuilding=rebuilding)) as catalog:
        yield catalog


@contextmanager
def progress(unit: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr; the block gets the function to call with (done, total)."""
    with tqdm(unit=unit, disable=quiet) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def run(name: str, work: Callable[[], int]) -> int:
    """What `work` returns; 2 for arguments and settings out of range, 1 for what else fails."""
    try:
        return work()
    except (QueryError, SettingsError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
