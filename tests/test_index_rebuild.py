"""Rebuilding: from fonts, cut off and continued, with own fonts, from vectors, and shipped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from db.session import open_database
from index import pool
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import BusyError, MismatchError, PartError, QueryError
from index.locks import WriterLock
from index.settings import Settings
from index.sources import FolderError
from tests.damage import flip
from tests.fake_embedder import FakeEmbedder
from tests.test_index_catalog import picture_of


@dataclass(frozen=True)
class CountingEmbedder(FakeEmbedder):
    """Counts the lines that it is asked for."""

    calls: list[int] = field(default_factory=list)

    def embed_line(self, picture: np.ndarray) -> np.ndarray:
        self.calls.append(1)
        return super().embed_line(picture)


@dataclass(frozen=True)
class KillingEmbedder(FakeEmbedder):
    """Ends its process at the first very black line: Abril Fatface's."""

    def embed_line(self, picture: np.ndarray) -> np.ndarray:
        if (picture < 128).mean() > 0.14:
            os._exit(1)
        return super().embed_line(picture)


@contextmanager
def opened(settings: Settings, **kwargs: object) -> Iterator[FontCatalog]:
    """A catalogue on the fake embedder, closed at the end."""
    embedder = kwargs.pop("embedder", FakeEmbedder())
    with closing(open_catalog(settings, embedder=embedder, **kwargs)) as catalog:  # type: ignore[arg-type]
        yield catalog


@pytest.fixture
def empty(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a new data folder."""
    return replace(settings, data=tmp_path / "new", database_url="")


def families(catalog: FontCatalog) -> list[str]:
    """All ids."""
    return sorted(family.id for family in catalog.families(limit=200).items)


def vectors(settings: Settings) -> dict[tuple[str, str, str], bytes]:
    """(face, kind, text) -> vector of the whole database."""
    with open_database(settings.database_url).begin() as rows:
        samples = [s for bundle in rows.bundles() for s in bundle.samples]
        return {(s.face_id, s.kind, s.text): s.vector for s in samples}


def stop_after(count: int) -> Callable[[int, int], None]:
    """Progress that is interrupted once `count` families are done."""

    def on_progress(done: int, total: int) -> None:
        if done == count:
            raise KeyboardInterrupt

    return on_progress


def test_a_folder_becomes_a_catalogue(catalog: FontCatalog) -> None:
    """Names, categories, licences, links and faces come from the folder's own words."""
    detail = catalog.family("courier-prime")
    assert detail.family.to_json() == {
        "id": "courier-prime",
        "name": "Courier Prime",
        "category": "monospace",
        "license": "OFL-1.1",
        "source": "google",
        "url": "https://fonts.google.com/specimen/Courier+Prime",
        "public": True,
        "mine": False,
    }
    assert [(f.id, f.weight, f.italic) for f in catalog.family("cantarell").faces] == [
        ("cantarell-400-normal", 400, False),
        ("cantarell-400-italic", 400, True),
        ("cantarell-700-normal", 700, False),
        ("cantarell-700-italic", 700, True),
    ]
    assert catalog.stats()["samples"] == 8 * 8


def test_an_interrupted_rebuild_goes_on(empty: Settings, fonts_dir: Path) -> None:
    """Two families before the interruption: only the other two are drawn, all four are there."""
    with opened(empty) as catalog:
        with pytest.raises(KeyboardInterrupt):
            catalog.rebuild_from_fonts(fonts_dir, jobs=1, chromium=False, on_progress=stop_after(2))
        assert families(catalog) == []
    embedder = CountingEmbedder()
    with opened(empty, embedder=embedder) as catalog:
        report = catalog.rebuild_from_fonts(fonts_dir, jobs=1, chromium=False)
        assert (report.families, report.faces, report.refused) == (4, 8, ())
    assert len(embedder.calls) == 8 * 3  # courier-prime and lora: three faces
    assert list(empty.data.glob("rebuild-*.db*")) == []


def test_another_encoder_starts_from_nothing(empty: Settings, fonts_dir: Path) -> None:
    """What one encoder left half done is of no use to another, and is deleted."""
    with opened(empty) as catalog, pytest.raises(KeyboardInterrupt):
        catalog.rebuild_from_fonts(fonts_dir, jobs=1, chromium=False, on_progress=stop_after(2))
    embedder = CountingEmbedder(sha256="0ddba11" * 9 + "0")
    with opened(empty, embedder=embedder) as catalog:
        catalog.rebuild_from_fonts(fonts_dir, jobs=1, chromium=False)
    assert len(embedder.calls) == 8 * 8


def test_processes_draw_what_one_draws(
    empty: Settings, settings: Settings, fonts_dir: Path
) -> None:
    """Two processes give the very vectors of one."""
    with opened(empty) as catalog:
        catalog.rebuild_from_fonts(fonts_dir, jobs=2, chromium=False)
    assert vectors(empty) == vectors(settings)


def test_a_face_that_kills_its_process_costs_its_family(empty: Settings, fonts_dir: Path) -> None:
    """The others are drawn; the killer is reported."""
    embedder = KillingEmbedder()
    with opened(empty, embedder=embedder) as catalog:
        report = catalog.rebuild_from_fonts(
            fonts_dir, only=["abril-fatface", "courier-prime"], jobs=2, chromium=False
        )
        assert families(catalog) == ["courier-prime"]
    assert [(r.name, r.code) for r in report.refused] == [("abril-fatface", "crashed")]


def test_own_fonts_survive(settings: Settings, fonts_dir: Path, serif_path: Path) -> None:
    """A rebuild draws the own fonts again from the copies that are kept."""
    with opened(settings) as catalog:
        catalog.remove_family("lora")
        catalog.add_fonts([serif_path])
        catalog.rebuild_from_fonts(only=["cantarell"], jobs=1, chromium=False)
        assert families(catalog) == ["cantarell", "lora"]
        assert catalog.family("lora").family.source == "own"
        assert catalog.search(picture_of(serif_path)).matches[0].family.id == "lora"


def test_a_font_added_meanwhile_survives(
    settings: Settings, fonts_dir: Path, serif_path: Path
) -> None:
    """Somebody adds a font while the rebuild draws: it is in the new catalogue too."""
    with opened(settings) as catalog, opened(settings) as other:
        catalog.remove_family("lora")

        def add_now(done: int, total: int) -> None:
            if done == 1:
                other.add_fonts([serif_path])

        catalog.rebuild_from_fonts(
            only=["cantarell", "abril-fatface"], jobs=1, chromium=False, on_progress=add_now
        )
        assert families(catalog) == ["abril-fatface", "cantarell", "lora"]


def test_a_new_encoder_takes_over(settings: Settings, serif_path: Path) -> None:
    """Refused before, opened for rebuilding, and at home afterwards; the old one is refused."""
    embedder = FakeEmbedder(sha256="0ddba11" * 9 + "0")
    with pytest.raises(MismatchError):
        open_catalog(settings, embedder=embedder)
    with opened(settings, embedder=embedder, rebuilding=True) as catalog:
        catalog.rebuild_from_fonts(jobs=1, chromium=False)
    with opened(settings, embedder=embedder) as catalog:
        assert catalog.search(picture_of(serif_path)).matches[0].family.id == "lora"
    with pytest.raises(MismatchError):
        open_catalog(settings, embedder=FakeEmbedder())


def test_a_running_service_says_that_its_encoder_is_gone(settings: Settings) -> None:
    """After another encoder took over, the old service's ping fails with both names."""
    embedder = FakeEmbedder(sha256="0ddba11" * 9 + "0")
    with opened(settings) as old:
        with opened(settings, embedder=embedder, rebuilding=True) as new:
            new.rebuild_from_fonts(jobs=1, chromium=False)
        with pytest.raises(PartError, match="0ddba11.*fa4e") as caught:
            old.ping()
        assert caught.value.part == "database"


def test_broken_families_are_reported(empty: Settings, fonts_dir: Path, tmp_path: Path) -> None:
    """A folder without fonts, bad metadata and a junk file: the good family is built."""
    fonts = tmp_path / "fonts"
    for name in ("empty", "junk", "meta"):
        (fonts / name).mkdir(parents=True)
        (fonts / name / "metadata.json").write_text('{"family": "X", "category": "serif"}')
    (fonts / "junk" / "junk-latin-400-normal.woff2").write_bytes(b"wOF2 but no more")
    (fonts / "meta" / "metadata.json").write_text("[1, 2")
    os.symlink(fonts_dir / "lora", fonts / "lora")
    with opened(empty) as catalog:
        report = catalog.rebuild_from_fonts(fonts, jobs=1, chromium=False)
        assert families(catalog) == ["lora"]
    assert {(r.name, r.code) for r in report.refused} >= {
        ("empty", "bad-folder"),
        ("meta", "bad-folder"),
    }
    assert "junk-latin-400-normal.woff2" in {r.name for r in report.refused}


def test_what_cannot_be_asked(catalog: FontCatalog, tmp_path: Path) -> None:
    """No such folder, no such family."""
    with pytest.raises(FolderError, match="fetch_fonts"):
        catalog.rebuild_from_fonts(tmp_path / "nowhere")
    with pytest.raises(QueryError, match="comic-sans"):
        catalog.rebuild_from_fonts(only=["comic-sans"])


def test_one_rebuild_at_a_time(catalog: FontCatalog, settings: Settings) -> None:
    """A second rebuild is told at once that one is running."""
    with WriterLock(settings.data / "rebuild.lock", 0).hold(), pytest.raises(BusyError):
        catalog.rebuild_from_fonts(jobs=1, chromium=False)


def test_from_vectors_draws_nothing(settings: Settings, serif_path: Path) -> None:
    """The index is lost: it comes back from the rows alone, and answers the same."""
    embedder = CountingEmbedder()
    with opened(settings, embedder=embedder) as catalog:
        before = catalog.search(picture_of(serif_path)).matches
        settings.index_path.unlink()
        report = catalog.rebuild_from_vectors()
        assert catalog.search(picture_of(serif_path)).matches == before
    assert (report.families, report.samples) == (4, 64)
    assert settings.index_path.exists() and embedder.calls == []


def test_twins_are_found(empty: Settings, fonts_dir: Path, tmp_path: Path) -> None:
    """A family with Lora's letters in another file is its twin after a rebuild."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    for name in ("lora", "cantarell"):
        os.symlink(fonts_dir / name, fonts / name)
    copy = fonts / "parastoo"
    copy.mkdir()
    meta = json.loads((fonts_dir / "lora" / "metadata.json").read_text())
    (copy / "metadata.json").write_text(json.dumps({**meta, "family": "Parastoo"}))
    font = TTFont(fonts_dir / "lora" / "lora-latin-400-normal.woff2")
    font["head"].fontRevision = 9.0
    font.save(copy / "parastoo-latin-400-normal.woff2")
    with opened(empty) as catalog:
        catalog.rebuild_from_fonts(fonts, jobs=1, chromium=False)
        assert [t.id for t in catalog.family("lora").twins] == ["parastoo"]
        assert catalog.family("cantarell").twins == ()
        assert catalog.stats()["twin_families"] == 2


def test_the_shipped_catalogue_needs_no_fonts(
    settings: Settings, empty: Settings, serif_path: Path
) -> None:
    """Written, then opened in a new folder without fonts: same answers, specimens, no own fonts."""
    with opened(settings) as catalog:
        answer = catalog.search(picture_of(serif_path), proof=False).matches
        catalog.remove_family("courier-prime")
        catalog.add_fonts(
            [settings.fonts / "courier-prime" / "courier-prime-latin-400-normal.woff2"]
        )
        manifest = catalog.write_prebuilt(empty.prebuilt)
    assert (manifest["families"], manifest["faces"]) == (3, 7)
    with opened(empty) as shipped:
        assert families(shipped) == ["abril-fatface", "cantarell", "lora"]
        assert shipped.search(picture_of(serif_path)).matches[0] == answer[0]
        assert shipped.preview("lora-400-normal", "abc").mimetype == "image/webp"
        shipped.add_fonts(
            [settings.fonts / "courier-prime" / "courier-prime-latin-400-normal.woff2"]
        )
    with opened(empty) as again:
        assert len(families(again)) == 4  # the second start does not copy it again


def test_a_damaged_shipped_catalogue_is_refused(settings: Settings, empty: Settings) -> None:
    """A flipped bit: MismatchError, and no database is left behind."""
    with opened(settings) as catalog:
        catalog.write_prebuilt(empty.prebuilt)
    flip(empty.prebuilt / "catalog.db")
    with pytest.raises(MismatchError, match="manifest"):
        open_catalog(empty, embedder=FakeEmbedder())
    assert not (empty.data / "catalog.db").exists()


def test_the_second_rasteriser_adds_four_lines(
    empty: Settings, fonts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a browser every face has one more sample of each kind."""

    class FakeBrowser:
        def __enter__(self) -> FakeBrowser:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def draw_lines(
            self, font_path: Path, texts: list[str], size_px: float, *, variation: object = ()
        ) -> list[np.ndarray]:
            return [picture_of(font_path, text) for text in texts]

    monkeypatch.setattr(pool, "Chromium", FakeBrowser)
    with opened(empty) as catalog:
        catalog.rebuild_from_fonts(fonts_dir, only=["lora"], jobs=1, chromium=True)
    with open_database(empty.database_url).begin() as rows:
        found = sorted(
            (s.kind, s.raster) for s in rows.samples.of_family("lora") if "400" in s.face_id
        )
    kinds = ("digits", "lower", "title", "upper")
    assert found == [(k, r) for k in kinds for r in ("chromium", "freetype", "freetype")]
