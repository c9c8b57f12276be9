"""Tables of matches and families: colour and links on a terminal, plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

from index import words
from index.answers import FamilyInfo, Match

_COLOURS = {"the same letters": "green", "very close": "cyan", "similar": "yellow"}


def table(*heads: str) -> Table:
    """An empty one; heads with ">" are of numbers, only the last column is ever wrapped."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        side: JustifyMethod = "right" if head.startswith(">") else "left"
        made.add_column(head.lstrip(">"), justify=side, no_wrap=head != heads[-1])
    return made


def matches_table(matches: Sequence[Match], width: int) -> Table:
    """A row a match, the best first; below 100 columns without the category."""
    wide, twins = width >= 100, any(match.twins for match in matches)
    category, last = ["category"] * wide, ["twins"] * twins
    made = table(">#", "family", "face", *category, "licence", ">alike", "", ">sure", *last)
    for rank, match in enumerate(matches, 1):
        family, word = match.family, words.score(match.score)
        colour = _COLOURS.get(word, "default")
        same = f"[dim]{escape(', '.join(twin.name for twin in match.twins))}[/]"
        made.add_row(
            f"{rank}",
            *(f"[bold]{_linked(family)}[/]", words.face(match.face)),
            *[family.category] * wide,
            escape(family.license),
            *(f"[{colour}]{match.score:.3f}[/]", f"[{colour}]{word}[/]"),
            f"{match.confidence:.0%}",
            *[same] * twins,
        )
    return made


def families_table(families: Iterable[FamilyInfo]) -> Table:
    """A row a family."""
    made = table("id", "family", "category", "licence", "source")
    for f in families:
        made.add_row(f"[bold]{f.id}[/]", _linked(f), f.category, escape(f.license), f.source)
    return made


def _linked(family: FamilyInfo) -> str:
    name = escape(family.name)
    return f"[link={family.url}]{name}[/link]" if family.url else name
