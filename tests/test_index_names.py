"""Names as people type them: the right families, whatever the case, spaces, accents and typos."""

from __future__ import annotations

from itertools import product

import pytest

from index.names import EXACT, GUESS, INSIDE, PREFIX, WORD, fold, ranks

NAMES = [
    "Open Sans",
    "Open Sans Condensed",
    "IBM Plex Sans",
    "Playfair Display",
    "Röd Grön",
    "Lora",
]


def test_fold() -> None:
    """Letters and digits alone, and where words start among them."""
    assert fold("Playfair  Display") == ("playfairdisplay", (0, 8))
    assert fold("Röd-Grön 2!") == ("rodgron2", (0, 3, 7))
    assert fold("%_") == ("", ())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("opensans", {0: EXACT, 1: PREFIX}),
        (" OPEN  sans", {0: EXACT, 1: PREFIX}),
        ("sans", {0: WORD, 1: WORD, 2: WORD}),
        ("lexsa", {2: INSIDE}),
        ("rod gron", {4: EXACT}),
        ("playfiar", {3: GUESS + 1}),
        ("opne sanz", {0: GUESS + 2, 1: GUESS + 2}),
        ("lorx", {5: GUESS + 1}),
        ("lxrx", {}),
        ("lox", {}),
        ("%", {}),
        ("", dict.fromkeys(range(6), EXACT)),
    ],
)
def test_ranks(query: str, expected: dict[int, int]) -> None:
    """What is written exactly comes before what only starts so, typos are the last resort."""
    assert {at: rank for at, rank in enumerate(ranks(query, NAMES)) if rank is not None} == expected


def slow_distance(one: str, other: str) -> int:
    """Optimal string alignment by its definition, cell by cell."""
    rows = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i, j in product(range(1, len(one) + 1), range(1, len(other) + 1)):
        same = one[i - 1] == other[j - 1]
        cell = min(rows[i - 1, j] + 1, rows[i, j - 1] + 1, rows[i - 1, j - 1] + (not same))
        if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            cell = min(cell, rows[i - 2, j - 2] + 1)
        rows[i, j] = cell
    return rows[len(one), len(other)]


@pytest.mark.parametrize("query", ["montserat", "gergia", "dispaly", "rbooto", "condenced", "plax"])
def test_guesses_against_a_slow_oracle(query: str) -> None:
    """A guess has as many typos as the best start of one of the name's words needs."""
    names = [
        "Montserrat",
        "Georgia Pro",
        "Playfair Display",
        "Roboto Slab",
        "Condensed",
        "IBM Plex",
    ]
    most = 1 if len(query) < 8 else 2
    expected = []
    for name in names:
        words = name.lower().split()
        tails = ["".join(words[at:]) for at in range(len(words))]
        least = min(slow_distance(query, t[:n]) for t in tails for n in range(1, len(t) + 1))
        expected.append(GUESS + least if least <= most else None)
    assert any(expected)
    assert ranks(query, names) == expected
