"""Searches from the command line that fetch font files before they answer, or say what lacked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from encoder import fontsource
from index.settings import Settings
from scripts import asking
from tests.test_scripts_catalog import environment, searched, word

__all__ = ["environment", "word"]


@pytest.fixture
def away(settings: Settings) -> Path:
    """The font files of the catalogue, where they are not found."""
    folder = settings.data / "away"
    settings.fonts.rename(folder)
    settings.fonts.mkdir()
    return folder


@pytest.fixture
def registry(away: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A registry that serves those files after a while; the families that were asked for."""
    asked: list[str] = []

    def fetch(target: Path, *, only: Sequence[str], jobs: int) -> fontsource.FetchReport:
        time.sleep(0.3)
        asked.extend(only)
        for family in only:
            (away / family).rename(target / family)
        return fontsource.FetchReport(tuple(only), (), ())

    monkeypatch.setattr(fontsource, "fetch", fetch)
    return asked


def proofs(printed: str) -> list[float | None]:
    return [match["proof"] for match in json.loads(printed)["matches"]]


def test_without_font_files_it_is_said(
    word: str, away: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer is the vote's, and stderr says so and what helps; JSON stays JSON."""
    assert searched(word, "--json") == 0
    printed = capsys.readouterr()
    assert set(proofs(printed.out)) == {None}
    assert "not compared by drawing" in printed.err and "1 picture(s)," in printed.err
    assert "--fetch" in printed.err and "make fonts" in printed.err
    assert searched(word, word) == 0
    assert "2 picture(s)," in capsys.readouterr().err


def test_with_font_files_nothing_is_said(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert searched(word, "--json") == 0
    printed = capsys.readouterr()
    assert proofs(printed.out)[0] is not None and printed.err == ""


@pytest.mark.parametrize("way", ["option", "setting"])
def test_files_are_fetched_before_the_answer(
    word: str,
    registry: list[str],
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first answer that is printed is proved, each family was asked for once."""
    if way == "setting":
        monkeypatch.setenv("FONTKIN_FETCH_FONTS", "1")
    assert searched(word, "--json", *["--fetch"] * (way == "option")) == 0
    printed = capsys.readouterr()
    assert proofs(printed.out)[0] is not None
    assert "not compared" not in printed.err
    assert sorted(registry) == sorted(set(registry)) and "lora" in registry


def test_a_registry_that_does_not_answer_is_waited_for_no_longer(
    word: str,
    away: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After the patience is gone the vote answers, and it is said that nothing was compared."""
    over = threading.Event()

    def fetch(*_: object, **__: object) -> fontsource.FetchReport:
        over.wait(30)
        raise OSError("the registry did not answer")

    monkeypatch.setattr(asking, "_PATIENCE", 0.5)
    monkeypatch.setattr(fontsource, "fetch", fetch)
    started = time.monotonic()
    assert searched(word, "--json", "--fetch") == 0
    assert time.monotonic() - started < 20
    over.set()
    printed = capsys.readouterr()
    assert set(proofs(printed.out)) == {None} and "not compared by drawing" in printed.err


def test_without_npm_the_vote_answers_at_once(
    word: str,
    away: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reason is logged, which a command shows on stderr."""
    monkeypatch.setenv("PATH", "")
    assert searched(word, "--json", "--fetch") == 0
    assert "npm was not found" in caplog.text
    assert "not compared by drawing" in capsys.readouterr().err
