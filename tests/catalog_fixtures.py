"""Fixtures with a small real catalogue: real fonts, real database, real FAISS, fake embedder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.settings import Settings
from tests.fake_embedder import FakeEmbedder

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="session")
def built_data(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a catalogue of the four families on the fake embedder."""
    data = tmp_path_factory.mktemp("built")
    shutil.copytree(fonts_dir, data / "fonts")
    settings = Settings(data=data, prebuilt=data / "none")
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        catalog.rebuild_from_fonts(data / "fonts", jobs=1, chromium=False)
    return data


@pytest.fixture
def settings(built_data: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of that folder, the test's own."""
    data = tmp_path / "data"
    shutil.copytree(built_data, data)
    return Settings(data=data, prebuilt=tmp_path / "prebuilt", lock_seconds=10, api_token=TOKEN)


@pytest.fixture
def catalog(settings: Settings) -> Iterator[FontCatalog]:
    """The catalogue in that copy, open."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as opened:
        yield opened
