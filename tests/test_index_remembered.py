"""Remembered answers: the same, only for the same question, bounded, and no part of a picture."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoder.boxes import Box
from index import remembered
from index.answers import CatalogueInfo, SearchAnswer
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.filters import Filters
from index.remembered import Remembered
from index.settings import Settings, SettingsError
from index.viewer import ANYBODY, Viewer
from tests.fake_embedder import FakeEmbedder
from tests.search_page import until
from tests.test_index_catalog import picture_of

ANSWER = SearchAnswer("no_text", 0.0, (), (), CatalogueInfo(1, 1, 1, "e"), 5.0, {"lines": 5.0})


def picture(value: int) -> np.ndarray:
    """A small picture of one colour."""
    return np.full((4, 6, 3), value, np.uint8)


def asked(memory: Remembered, what: np.ndarray, question: object = 1) -> bool:
    """Whether a search was made."""
    searched = []
    memory.answer(what, question, lambda: searched.append(1) or ANSWER)
    return bool(searched)


def test_the_same_is_asked_once() -> None:
    """Another pixel, shape or question is another; equal pixels in another array are the same."""
    memory = Remembered(8)
    assert asked(memory, picture(1)) and not asked(memory, picture(1).copy())
    other = picture(1)
    other[3, 5, 2] = 2
    assert asked(memory, other)
    assert asked(memory, picture(1).reshape(6, 4, 3))
    assert asked(memory, picture(1), 2)
    assert not asked(memory, picture(1))


def test_the_least_lately_used_goes_and_zero_keeps_nothing() -> None:
    """Never more than `most`."""
    memory = Remembered(2)
    for value in (1, 2, 1, 3):
        asked(memory, picture(value))
    assert [asked(memory, picture(value)) for value in (1, 3, 2)] == [False, False, True]
    assert len(memory._answers) == 2
    assert asked(Remembered(0), picture(1))


def test_an_answer_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it is searched for again."""
    memory = Remembered(2)
    asked(memory, picture(1))
    monkeypatch.setattr(remembered.time, "monotonic", lambda: 1e12)
    assert asked(memory, picture(1))


def test_what_nobody_asks_for_again_is_gone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another call, each at its own time: words of a picture do not wait in memory."""
    monkeypatch.setattr(remembered, "SECONDS", 0.3)
    memory = Remembered(8)
    asked(memory, picture(1))
    time.sleep(0.2)
    asked(memory, picture(2))
    assert len(memory._answers) == 2
    until(lambda: len(memory._answers) == 1)
    assert not asked(memory, picture(2))
    until(lambda: not memory._answers)


def test_nothing_of_the_picture_is_kept() -> None:
    """The key holds 32 bytes that another process would not make; shown parts are not kept."""
    memory, other = Remembered(2), Remembered(2)
    asked(memory, picture(1))
    asked(other, picture(1))
    ((ours, _),), ((theirs, _),) = memory._answers, other._answers
    assert len(ours) == 32 and ours != theirs
    shown = replace(ANSWER, differences=("a part of the picture",))
    memory.answer(picture(7), 1, lambda: shown)
    assert asked(memory, picture(7))


def test_a_catalogue_remembers_until_it_changes(catalog: FontCatalog, serif_path: Path) -> None:
    """Every argument counts; a removal makes a new generation, so nothing old is said."""
    page = picture_of(serif_path)
    first = catalog.search(page, proof=False)
    again = catalog.search(page, proof=False)
    assert list(again.steps_ms) == ["remembered"] and again.matches == first.matches
    assert again.took_ms < first.took_ms
    for question in (
        {"k": 2},
        {"filters": Filters.of(category=["serif"])},
        {"crop": Box(0, 0, page.shape[1] - 3, page.shape[0])},
    ):
        assert "remembered" not in catalog.search(page, proof=False, **question).steps_ms
    catalog.remove_family("lora")
    after = catalog.search(page, proof=False)
    assert "remembered" not in after.steps_ms
    assert "lora" not in {match.family.id for match in after.matches}


def test_what_one_viewer_was_told_no_other_is(catalog: FontCatalog, serif_path: Path) -> None:
    """A family that is private to one is in no answer that another gets for the same picture."""
    catalog.remove_family("lora")
    ann, bob = (catalog.seen_by(Viewer(name)) for name in ("ann", "bob"))
    (added,) = ann.add_fonts([serif_path], public=False).added
    page = picture_of(serif_path)
    assert ann.search(page, proof=False).matches[0].family.id == added.family.id
    for other in (bob, catalog.seen_by(ANYBODY)):
        answer = other.search(page, proof=False)
        assert "remembered" not in answer.steps_ms
        assert added.family.id not in {match.family.id for match in answer.matches}
    assert "remembered" in ann.search(page, proof=False).steps_ms


def test_it_can_be_switched_off(settings: Settings, sans_path: Path) -> None:
    """By its setting, and where fetched font files make the next answer better."""
    for off in (replace(settings, remembered_answers=0), replace(settings, fetch_fonts=True)):
        with closing(open_catalog(off, embedder=FakeEmbedder())) as catalog:
            catalog.warm_up()
            for _ in range(2):
                steps = catalog.search(picture_of(sans_path), proof=False).steps_ms
                assert "remembered" not in steps
    with pytest.raises(SettingsError, match="FONTKIN_REMEMBERED_ANSWERS is -1"):
        Settings.from_environment({"FONTKIN_REMEMBERED_ANSWERS": "-1"})
