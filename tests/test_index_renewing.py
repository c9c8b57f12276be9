"""After an update with another encoder: the shipped families, own fonts drawn anew, or nothing."""

from __future__ import annotations

import logging
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from db.session import open_database
from index.bootstrap import open_catalog
from index.errors import MismatchError
from index.settings import Settings
from index.viewer import Viewer
from tests.fake_embedder import FakeEmbedder
from tests.test_index_catalog import picture_of

NEW = FakeEmbedder(sha256="b" * 64)
ACME = Viewer("acme")


@pytest.fixture
def updated(settings: Settings, sans_path: Path, tmp_path: Path) -> Settings:
    """A catalogue with a private, renamed own font, and a shipped one of the next encoder."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        catalog.remove_family("courier-prime")  # the shipped catalogue has it
        acme = catalog.seen_by(ACME)
        added = acme.add_fonts([own_font(sans_path, tmp_path)], public=False).added
        acme.change_family(added[0].family.id, name="House Sans")
        catalog.tokens.create("acme", ("read", "write"))
    other = tmp_path / "other"
    shutil.copytree(settings.fonts, other / "fonts")
    made = Settings(data=other, prebuilt=other / "none")
    with closing(open_catalog(made, embedder=NEW, rebuilding=True)) as catalog:
        catalog.rebuild_from_fonts(jobs=1, chromium=False)
        catalog.write_prebuilt(settings.prebuilt)
    return settings


def own_font(sans_path: Path, folder: Path) -> Path:
    """A font file that the catalogue lacks: another name for the same letters."""
    font = TTFont(sans_path)
    font.flavor = None
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = "House"
    font.save(folder / "house.ttf")
    return folder / "house.ttf"


def rows_of(settings: Settings) -> dict[str, object]:
    with closing(open_database(settings.database_url)) as database, database.begin() as rows:
        own = [bundle for bundle in rows.bundles("own")]
        return {
            "encoder": rows.state.get(),
            "families": [family.id for family in rows.families.all()],
            "own": [(b.family, b.files, [f.id for f in b.faces]) for b in own],
            "samples": [s.vector for b in own for s in b.samples],
            "columns": [c.columns for b in own for c in b.columns],
            "tokens": rows.tokens.all(),
        }


def test_an_update_brings_the_shipped_families_and_draws_own_ones(
    updated: Settings, serif_path: Path
) -> None:
    """Name, owner, files and tokens stay; own vectors are the new encoder's; all is found."""
    before = rows_of(updated)
    with closing(open_catalog(updated, embedder=NEW)) as catalog:
        assert catalog.search(picture_of(serif_path)).matches[0].family.id == "lora"
        (own,) = catalog.seen_by(ACME).families(q="House Sans").items
        assert not own.public and catalog.families(q="House Sans").items == (own,)
    after = rows_of(updated)
    assert after["encoder"].encoder_sha256 == NEW.sha256  # type: ignore[attr-defined]
    assert after["encoder"].generation > before["encoder"].generation  # type: ignore[attr-defined]
    assert "courier-prime" in after["families"] and "courier-prime" not in before["families"]
    for kept in ("own", "tokens", "samples", "columns"):  # both fakes draw the same vectors
        assert after[kept] == before[kept] != []
    with closing(open_catalog(updated, embedder=NEW)):
        pass
    assert rows_of(updated) == after  # once


@pytest.mark.parametrize("missing", ["copy", "shipped"])
def test_what_cannot_be_renewed_stays_as_it_is(
    updated: Settings, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost copy of an own font, or another shipped encoder: the remedy is named, nothing done."""
    before = rows_of(updated)
    embedder = NEW
    if missing == "copy":
        (copy,) = (updated.data / "own").glob("*.ttf")
        copy.unlink()
    else:
        embedder = replace(NEW, sha256="c" * 64)
    with caplog.at_level(logging.WARNING), pytest.raises(MismatchError, match="rebuild_index"):
        open_catalog(updated, embedder=embedder)
    assert ("drawn again" in caplog.text) == (missing == "copy")
    assert rows_of(updated) == before
