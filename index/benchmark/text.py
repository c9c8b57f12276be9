"""What the benchmark's pictures say: words and strings that no catalogue sample uses.

Every function draws from a `random.Random`, so that a seed fixes the text, and keeps to
letters that the face has.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Set
from functools import cache
from pathlib import Path
from random import Random

from encoder.reference import reference_lines

_WORDS = Path(__file__).with_name("vocabulary.txt")
_LETTERS = frozenset(string.ascii_letters)


class CoverageError(ValueError):
    """A face without the letters that a query needs."""


@cache
def reserved() -> frozenset[str]:
    """Every text of the catalogue's samples and each of its words, in lower case."""
    lines = reference_lines(frozenset(string.ascii_letters + string.digits + " "))
    return frozenset(part for line in lines for part in _parts(line.text))


@cache
def vocabulary() -> tuple[str, ...]:
    """The benchmark's words: 3 to 10 lower-case letters, none of them in a sample.

    A fixed list, so that a seed means the same pictures for good; a test holds it apart
    from the samples' words.
    """
    return tuple(_WORDS.read_text().split())


def headline(rng: Random, coverage: Set[str], *, words: tuple[int, int] = (2, 4)) -> str:
    """So many words (at most 24 characters) in title, sentence, upper or lower case."""
    _need(coverage, " ")
    picked = _words(rng, rng.randint(*words))
    while sum(map(len, picked)) + len(picked) > 25:
        picked = _words(rng, len(picked))
    styles = {
        " ".join(w.capitalize() for w in picked): 40,
        " ".join(picked).capitalize(): 25,
        " ".join(picked).upper(): 25,
        " ".join(picked): 10,
    }
    return _pick(rng, styles, coverage)


def word(rng: Random, coverage: Set[str], *, shortest: int = 4) -> str:
    """One word of `shortest` to 10 letters, in lower, title or upper case."""
    picked = rng.choice([w for w in vocabulary() if len(w) >= shortest])
    return _pick(rng, {picked: 35, picked.capitalize(): 40, picked.upper(): 25}, coverage)


def letters(rng: Random, coverage: Set[str]) -> str:
    """5 to 10 random letters: lower, upper, title or mixed case, a quarter each."""
    count = rng.randint(5, 10)
    while (picked := "".join(rng.choices(string.ascii_lowercase, k=count))) in reserved():
        pass
    mixed = "".join(rng.choice((c, c.upper())) for c in picked)
    styles = {picked: 25, picked.upper(): 25, picked.capitalize(): 25, mixed: 25}
    return _pick(rng, styles, coverage)


def body(rng: Random, coverage: Set[str]) -> str:
    """Two lines of running text, 26 to 45 characters each, with the face's punctuation."""
    _need(coverage, " ")
    lines = [_body_line(rng, coverage), _body_line(rng, coverage)]
    lines[0] = lines[0][0].upper() + lines[0][1:]
    if "." in coverage:
        lines[1] += "."
    text = "\n".join(lines)
    return _pick(rng, {text: 1, text.upper(): 0}, coverage)


def _body_line(rng: Random, coverage: Set[str]) -> str:
    line, wanted = "", rng.randint(26, 34)
    while len(line) < wanted:
        comma = "," if line and "," in coverage and rng.random() < 0.15 else ""
        line = f"{line}{comma} {rng.choice(vocabulary())}".strip()
    return line


def _words(rng: Random, count: int) -> list[str]:
    return rng.sample(vocabulary(), count)


def _pick(rng: Random, weighted: dict[str, int], coverage: Set[str]) -> str:
    """One of the texts by weight among those that the face can draw whole.

    A weight of 0 is a last resort. Raises `CoverageError` when none can be drawn.
    """
    able = [text for text in weighted if set(text) & _LETTERS <= coverage]
    if not able:
        raise CoverageError(f"the face lacks letters of {next(iter(weighted))!r} in any case")
    weights = [weighted[text] for text in able]
    return rng.choices(able, weights)[0] if sum(weights) else able[0]


def _need(coverage: Collection[str], letter: str) -> None:
    if letter not in coverage:
        raise CoverageError(f"the face lacks {letter!r}")


def _parts(text: str) -> set[str]:
    lowered = text.lower()
    return {lowered, *lowered.split()}
