"""What the commands share: colour, a progress bar, errors as one line and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from tqdm import tqdm


def console(*, stderr: bool = False) -> Console:
    """Colour on a terminal without NO_COLOR; what a pipe or file gets is never wrapped."""
    shown = Console(stderr=stderr, highlight=False)
    return shown if shown.is_terminal else Console(stderr=stderr, highlight=False, width=400)


@contextmanager
def progress(unit: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr; the block gets the function to call with (done, total)."""
    with tqdm(unit=unit, disable=quiet) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def run(name: str, work: Callable[[], int], *, usage: tuple[type[Exception], ...] = ()) -> int:
    """What `work` returns; 2 for wrong arguments, settings and `usage`, 1 for what else fails."""
    try:
        return work()
    except BrokenPipeError:  # `fontkin families | head`: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        text, code = "stopped", 1
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        # Imported here: the errors' kinds bring the catalogue's code, which `serve` has no use for.
        from scripts.remedies import USAGE_ERRORS, remedy

        text, code = f"{error}{remedy(error)}", 2 if isinstance(error, USAGE_ERRORS + usage) else 1
    console(stderr=True).print(f"[bold red]{name}:[/] {escape(text)}", soft_wrap=True)
    return code
