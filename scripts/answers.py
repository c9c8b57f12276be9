"""How `scripts.search` shows what was found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from index.answers import SearchAnswer
from index.many import PictureAnswer, write_csv


def table(answer: SearchAnswer) -> str:
    """The verdict, what was read, and a line a match."""
    read = " / ".join(region.text for region in answer.regions if region.text)
    lines = [f"{answer.verdict} ({answer.took_ms:.0f} ms){f': {read}' if read else ''}"]
    for rank, match in enumerate(answer.matches, 1):
        twins = f"  = {', '.join(t.name for t in match.twins)}" if match.twins else ""
        family = f"{match.family.name:<28.28} {match.family.category:<12}"
        numbers = f"{match.score:.3f} {match.confidence:4.0%}  {match.family.license:<10}"
        lines.append(f"{rank:2} {family} {numbers} {match.face.id}{twins}")
    return "\n".join(lines)


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

    if csv:
        write_csv(csv, shown())
    else:
        for _ in shown():
            pass
    if read < count or not count:
        print(f"{read} of {count} pictures could be read", file=sys.stderr)
    return 0 if read else 1


def _line(found: PictureAnswer) -> str:
    if found.answer is None:
        return f"{found.name}: {found.error}"
    names = ", ".join(match.family.name for match in found.answer.matches)
    return f"{found.name}: {found.answer.verdict}: {names or '-'}"
