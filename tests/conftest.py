"""Fixtures that several test files share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation

from tests.api_fixtures import client, fake, service
from tests.catalog_fixtures import built_data, catalog, settings
from tests.page_fixtures import address, browser, page, phone

__all__ = [
    "address",
    "browser",
    "built_data",
    "catalog",
    "client",
    "fake",
    "page",
    "phone",
    "service",
    "settings",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-k 82-` finds `test_82_...` as it finds the cases whose ids begin with a number so."""
    for item in items:
        if numbered := re.match(r"test_(\d\d)_", item.name):
            item.extra_keyword_matches.add(f"{numbered[1]}-")


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


@pytest.fixture(scope="session")
def variable_path(sans_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cantarell made variable: weight 100..900 (default 100), width, slant; three instances.

    Every glyph grows by 200 units to the right at the heaviest weight.
    """
    font = TTFont(sans_path)
    font.flavor = None
    font["name"].names = [n for n in font["name"].names if n.nameID not in (16, 17)]
    font["name"].setName("Test Variable", 16, 3, 1, 0x409)
    builder = FontBuilder(font=font)
    axes = [
        ("wght", 100, 100, 900, "Weight"),
        ("wdth", 75, 100, 100, "Width"),
        ("slnt", -10, 0, 0, "Slant"),
    ]
    places = {
        "Thin": (100, 100, 0),
        "Bold": (700, 100, 0),
        "Condensed Bold Slanted": (700, 75, -10),
    }
    tags = [axis[0] for axis in axes]
    builder.setupFvar(
        axes,
        [
            {"stylename": name, "location": dict(zip(tags, place, strict=True))}
            for name, place in places.items()
        ],
    )
    wider = {name: [_grown(font["glyf"][name])] for name in font.getGlyphOrder()}
    builder.setupGvar(wider)
    path = tmp_path_factory.mktemp("variable") / "TestVariable.ttf"
    builder.save(path)
    return path


def _grown(glyph: Any) -> TupleVariation:
    """Points in the right half of a glyph, and its advance, move 200 units to the right."""
    if glyph.isComposite() or glyph.numberOfContours == 0:
        deltas = [(0, 0)] * (len(glyph.components) if glyph.isComposite() else 0)
    else:
        middle = (glyph.xMin + glyph.xMax) / 2
        deltas = [(200 if x > middle else 0, 0) for x, _ in glyph.coordinates]
    return TupleVariation({"wght": (0.0, 1.0, 1.0)}, deltas + [(0, 0), (200, 0), (0, 0), (0, 0)])
