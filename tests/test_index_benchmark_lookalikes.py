"""Who draws the letters of a picture the same: a copy of Lora whose "g" is another letter's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from index.benchmark.lookalikes import with_lookalikes
from index.benchmark.measure import Outcome, judge
from index.benchmark.queries import Query

_QUERY = Query("a.png", "clean", "lora", "serif", True, 400, False, "Hello 27", 40)


@pytest.fixture(scope="module")
def fonts(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' families, and `almost-lora`."""
    folder = tmp_path_factory.mktemp("fonts")
    shutil.copytree(fonts_dir, folder, dirs_exist_ok=True)
    source, target = folder / "lora", folder / "almost-lora"
    target.mkdir()
    shutil.copy(source / "metadata.json", target)
    with TTFont(source / "lora-latin-400-normal.woff2") as font:
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[ord("g")] = table.cmap[ord("M")]
        font.save(target / "almost-lora-latin-400-normal.woff2")
    return folder


def _asked(text: str, *rows: str, weight: int = 400) -> Outcome:
    query = replace(_QUERY, text=text, weight=weight)
    return replace(judge(query, [], 1.0, there=False), rows=rows)


def test_the_same_letters(fonts: Path) -> None:
    """A text without "g" may be either family's, one with it not; who is no row is not named."""
    outcomes = [
        _asked("Hello 27", "cantarell", "almost-lora"),
        _asked("Haggle", "cantarell", "almost-lora"),
        _asked("Hello 27", "cantarell"),
        _asked("Hello 27", "cantarell", "a", "b", "c", "d", "almost-lora"),  # the sixth row
        _asked("Hello 27", "nothing-here", "almost-lora"),
        _asked("!", "almost-lora"),  # nothing to compare
    ]
    found = with_lookalikes(outcomes, fonts)
    assert [outcome.alike for outcome in found] == ["almost-lora", "", "", "", "almost-lora", ""]
    assert [replace(outcome, alike="") for outcome in found] == outcomes


def test_the_same_letters_in_another_weight_are_not_the_same(fonts: Path) -> None:
    """Of almost-lora there is a regular face alone, of Lora a bold one too."""
    (found,) = with_lookalikes([_asked("Hello 27", "almost-lora", weight=700)], fonts)
    assert found.alike == ""
