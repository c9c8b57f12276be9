"""Fixtures with a service: over a catalogue that answers by rule, and over real fonts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.settings import Settings
from tests.api_fake import FakeCatalog, client_of, make_client
from tests.catalog_fixtures import TOKEN
from tests.fake_embedder import FakeEmbedder


@dataclass
class Service:
    """A client, and what stands behind it."""

    client: FlaskClient
    catalog: FontCatalog
    settings: Settings

    @property
    def app(self) -> Flask:
        """For more clients of the same service."""
        return self.client.application


@pytest.fixture
def fake() -> FakeCatalog:
    """A catalogue that answers by rule."""
    return FakeCatalog()


@pytest.fixture
def client(fake: FakeCatalog, tmp_path: Path) -> FlaskClient:
    """A client of the service over it."""
    return make_client(fake, tmp_path)


@pytest.fixture(scope="module")
def service(built_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over the small catalogue of real fonts, one for all tests of a module."""
    data = tmp_path_factory.mktemp("service") / "data"
    shutil.copytree(built_data, data)
    settings = Settings(data=data, prebuilt=data / "none", api_token=TOKEN)
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        yield Service(client_of(catalog, settings), catalog, settings)
