"""The shipped catalogue with the shipped encoder: what only thousands of faces show."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.typeset import draw_line
from index.answers import Match
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.filters import Filters
from index.settings import Settings

pytestmark = pytest.mark.slow
K = 10
# Black faces of families with Greek: hardly one is among the first rows of a plain search.
FILTERS = Filters.of(license=["OFL-1.1"], script=["greek"], weight="800-900")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shipped")


@pytest.fixture(scope="module")
def shipped(data: Path) -> Iterator[FontCatalog]:
    with closing(open_catalog(Settings(data=data))) as opened:
        yield opened


@pytest.fixture(scope="module")
def admitted(shipped: FontCatalog, data: Path) -> frozenset[str]:
    """The faces that pass, as the database itself says it."""
    query = """
        SELECT face.id FROM face JOIN family ON family.id = face.family_id
        WHERE license = 'OFL-1.1' AND weight BETWEEN 800 AND 900
        AND EXISTS (SELECT 1 FROM json_each(scripts) WHERE value = 'greek')
    """
    with closing(sqlite3.connect(data / "catalog.db")) as database:
        return frozenset(face for (face,) in database.execute(query))


def passing(matches: Sequence[Match], admitted: frozenset[str]) -> int:
    return sum(match.face.id in admitted for match in matches)


def test_kin_are_filtered_without_losing_k(shipped: FontCatalog, admitted: frozenset[str]) -> None:
    """Ten kin of Inter, all of them admitted, though fewer are among its fifty nearest."""
    assert passing(shipped.similar("inter", k=50), admitted) < K
    kin = shipped.similar("inter", k=K, filters=FILTERS)
    assert len({match.family.id for match in kin} - {"inter"}) == K
    assert passing(kin, admitted) == len(kin) == K


@pytest.mark.parametrize("proof", [True, False])
def test_a_search_is_filtered_without_losing_k(
    shipped: FontCatalog, admitted: frozenset[str], sans_path: Path, proof: bool
) -> None:
    """The same of a picture, in its regions too."""
    picture = np.asarray(draw_line(FaceRef(sans_path), "Hamburgefons", 64).convert("RGB"))
    assert passing(shipped.search(picture, k=50, proof=proof).matches, admitted) < K
    answer = shipped.search(picture, k=K, filters=FILTERS, proof=proof)
    for matches in (answer.matches, *(region.matches for region in answer.regions)):
        assert len({match.family.id for match in matches}) == K
        assert passing(matches, admitted) == len(matches) == K
