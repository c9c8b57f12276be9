"""Fixtures that several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fonts_dir() -> Path:
    """A small fonts folder laid out like `data/fonts`: four families, eight faces."""
    return Path(__file__).with_name("fonts")


@pytest.fixture(scope="session")
def sans_path(fonts_dir: Path) -> Path:
    """Cantarell Regular."""
    return fonts_dir / "cantarell" / "cantarell-latin-400-normal.woff2"


@pytest.fixture(scope="session")
def serif_path(fonts_dir: Path) -> Path:
    """Lora Regular."""
    return fonts_dir / "lora" / "lora-latin-400-normal.woff2"
