"""How `scripts.search` shows what was found."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from tqdm import tqdm

from index import words
from index.answers import SearchAnswer
from index.many import PictureAnswer, write_csv
from scripts.tables import matches_table

_COLOURS = {"match": "green", "similar": "yellow", "unknown": "red", "no_text": "red"}


def show(answer: SearchAnswer, console: Console) -> None:
    """The verdict in words, what was read, and a table of the matches."""
    head, below = map(escape, words.headline(answer))
    console.print(f"[bold {_COLOURS[answer.verdict]}]{head}[/]  {below}")
    read = " / ".join(region.text for region in answer.regions if region.text)
    facts = f"{answer.verdict}, {answer.took_ms:.0f} ms{f', reads: {read}' if read else ''}"
    console.print(f"[dim]{escape(facts)}[/]")
    if answer.matches:
        console.print(matches_table(answer.matches, console.width))


def show_many(
    answers: Iterable[PictureAnswer], count: int, *, csv: Path | None, as_json: bool
) -> int:
    """A line a picture under a bar, a CSV when asked; 1 when none of `count` could be read."""
    read = 0

    def shown() -> Iterator[PictureAnswer]:
        nonlocal read
        for answer in tqdm(answers, total=count, unit="picture"):
            read += answer.answer is not None
            if as_json or csv is None:
                tqdm.write(json.dumps(answer.to_json()) if as_json else _line(answer))
            yield answer

    write_csv(csv, shown()) if csv else deque(shown(), maxlen=0)
    if read < count or not count:
        print(f"{read} of {count} pictures could be read", file=sys.stderr)
    return 0 if read else 1


def _line(found: PictureAnswer) -> str:
    if found.answer is None:
        return f"{found.name}: {found.error}"
    names = ", ".join(match.family.name for match in found.answer.matches) or "-"
    return f"{found.name}: {found.answer.verdict}: {names}"
