"""Font files that come in the background: from the real registry, or not at all."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoder import fontsource
from encoder.fontfile import FaceRef
from encoder.typeset import draw_line
from index.bootstrap import open_catalog
from index.fetching import FontFetcher
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder


def _wait_for(path: Path, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not path.exists():
        time.sleep(0.05)
    return path.exists()


def test_a_family_comes_and_is_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real package arrives; unknown ids and a second wish ask for nothing."""
    calls: list[list[str]] = []
    real = fontsource.fetch

    def counted(target: Path, *, only: list[str], jobs: int) -> fontsource.FetchReport:
        calls.append(only)
        return real(target, only=only, jobs=jobs)

    monkeypatch.setattr(fontsource, "fetch", counted)
    fetcher = FontFetcher(tmp_path)
    fetcher.want(["no-such-family", "abril-fatface"])
    assert _wait_for(tmp_path / "abril-fatface")
    fetcher.want(["abril-fatface", "no-such-family"])
    assert calls == [["abril-fatface"]]
    assert list((tmp_path / "abril-fatface").glob("*-latin-400-normal.woff2"))


def test_whoever_waits_sees_every_batch_and_waits_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven families come in two calls; what cannot be had does not count, nor twice."""
    lost = "lora"

    def fetch(target: Path, *, only: list[str], jobs: int) -> fontsource.FetchReport:
        time.sleep(0.1)
        return fontsource.FetchReport(tuple(i for i in only if i != lost), (), (lost,))

    monkeypatch.setattr(fontsource, "fetch", fetch)
    fetcher = FontFetcher(tmp_path)
    seen: list[tuple[int, int]] = []
    assert fetcher.wait(5, lambda done, total: seen.append((done, total))) == 0 and not seen
    fetcher.want([*list(fontsource.pinned())[:6], lost])
    assert fetcher.wait(5, lambda done, total: seen.append((done, total))) == 6
    assert list(dict.fromkeys(seen)) == [(0, 7), (6, 7), (7, 7)]
    assert fetcher.wait(5, lambda done, total: None) == 0


def test_without_npm_nothing_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search goes on; the wish is noted and not repeated."""
    monkeypatch.setenv("PATH", "")
    fetcher = FontFetcher(tmp_path)
    fetcher.want(["abril-fatface"])
    fetcher.want(["abril-fatface"])
    assert not _wait_for(tmp_path / "abril-fatface", 0.5)


def test_the_next_search_is_proved(settings: Settings, serif_path: Path) -> None:
    """A catalogue without files answers by the vote, fetches, and then proves."""
    picture = np.asarray(draw_line(FaceRef(serif_path), "fjordmen", 64).convert("RGB"))
    folder = settings.fonts / "lora"
    for path in settings.fonts.iterdir():
        path.rename(settings.data / f"away-{path.name}")
    fetching = replace(settings, fetch_fonts=True)
    with closing(open_catalog(fetching, embedder=FakeEmbedder())) as catalog:
        assert all(match.proof is None for match in catalog.search(picture).matches)
        assert _wait_for(folder)
        assert _wait_for(settings.fonts / "cantarell")
        assert catalog.search(picture).matches[0].proof is not None
