"""Adding and removing: what is found after it, and what a crash, a rival or a bad file leaves."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from db.rows.samples import SampleRows
from db.session import open_database
from index import live
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import BusyError, MismatchError, UnknownFamilyError
from index.following import Touched, follow
from index.locks import WriterLock
from index.settings import Settings
from index.stores.faiss import FaissStore
from index.view import View, read_view
from tests.bad_fonts import rename
from tests.fake_embedder import FakeEmbedder
from tests.test_index_catalog import picture_of


@pytest.fixture
def small(settings: Settings) -> FontCatalog:
    """The catalogue without Lora and Courier Prime, whose files can be added."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        catalog.remove_family("lora")
        catalog.remove_family("courier-prime")
        yield catalog


def ids(catalog: FontCatalog) -> list[str]:
    """The ids of all families."""
    return sorted(family.id for family in catalog.families(limit=200).items)


def first(catalog: FontCatalog, path: Path) -> tuple[str, str]:
    """The family and face that a word in this font finds first."""
    match = catalog.search(picture_of(path)).matches[0]
    return match.family.id, match.face.id


def test_an_added_font_is_found_at_once(small: FontCatalog, serif_path: Path) -> None:
    """A font that was never seen is first for a word set in it, and the report names it."""
    assert first(small, serif_path)[0] != "lora"
    before = small.stats()["generation"]
    report = small.add_fonts([serif_path])
    (added,) = report.added
    assert (added.family.id, added.family.source) == ("lora", "own")
    assert added.family.license == "OFL-1.1"
    assert [face.id for face in added.faces] == ["lora-400-normal"]
    assert report.generation == small.stats()["generation"] == before + 1
    assert first(small, serif_path) == ("lora", "lora-400-normal")


def test_the_sanitised_file_is_kept_for_previews(
    small: FontCatalog, settings: Settings, serif_path: Path, tmp_path: Path
) -> None:
    """The caller may delete the file: previews are drawn from ours, named by its content."""
    upload = tmp_path / "upload.woff2"
    shutil.copy(serif_path, upload)
    small.add_fonts([upload], names=["client's name.woff2"])
    upload.unlink()
    assert small.preview("lora-400-normal", "abc").mimetype == "image/png"
    (copy,) = (settings.data / "own").iterdir()
    assert copy.name == f"{hashlib.sha256(copy.read_bytes()).hexdigest()}.ttf"
    kept, sent = TTFont(copy), TTFont(serif_path)
    assert kept.flavor is None
    assert kept.getGlyphOrder() == sent.getGlyphOrder()
    assert kept["hmtx"].metrics == sent["hmtx"].metrics
    assert [p.name for p in settings.data.iterdir() if p.name.startswith(("jail", "unp"))] == []


def test_the_same_file_again_is_a_duplicate(
    small: FontCatalog, serif_path: Path, tmp_path: Path
) -> None:
    """Under any name, in one call or in two: reported with its family, nothing changes."""
    twin = tmp_path / "renamed.woff2"
    shutil.copy(serif_path, twin)
    report = small.add_fonts([serif_path, twin])
    assert [(d.name, d.family_id) for d in report.duplicates] == [("renamed.woff2", "lora")]
    again = small.add_fonts([twin])
    assert again.added == () and again.generation == report.generation
    assert [d.family_id for d in again.duplicates] == ["lora"]


def test_a_later_weight_joins_its_family(small: FontCatalog, fonts_dir: Path) -> None:
    """Bold added after Regular is a face of the same family, and both are found."""
    regular, bold = (fonts_dir / "lora" / f"lora-latin-{w}-normal.woff2" for w in (400, 700))
    small.add_fonts([regular])
    small.add_fonts([bold])
    assert [f.id for f in small.family("lora").faces] == ["lora-400-normal", "lora-700-normal"]
    assert first(small, bold) == ("lora", "lora-700-normal")
    assert first(small, regular) == ("lora", "lora-400-normal")


def test_a_name_of_google_fonts_is_not_taken(
    catalog: FontCatalog, serif_path: Path, tmp_path: Path
) -> None:
    """Another file of a family that Google Fonts has becomes a family of its own."""
    other = tmp_path / "saved-again.ttf"
    font = TTFont(serif_path)
    font.flavor = None
    font.save(other)
    (added,) = catalog.add_fonts([other]).added
    assert (added.family.id, added.family.name) == ("lora-own", "Lora")
    assert ids(catalog).count("lora") == 1


def test_bad_files_stop_nothing(small: FontCatalog, serif_path: Path, tmp_path: Path) -> None:
    """Junk, a folder, a pipe and a lost file are refused with codes; the good one is added."""
    junk, folder, pipe = tmp_path / "junk.ttf", tmp_path / "folder.ttf", tmp_path / "pipe.ttf"
    junk.write_bytes(os.urandom(100))
    folder.mkdir()
    os.mkfifo(pipe)
    report = small.add_fonts([junk, folder, pipe, tmp_path / "lost.ttf", serif_path])
    assert [a.family.id for a in report.added] == ["lora"]
    assert [(r.name, r.code) for r in report.refused] == [
        ("junk.ttf", "not-a-font"),
        ("folder.ttf", "not-a-file"),
        ("pipe.ttf", "not-a-file"),
        ("lost.ttf", "not-a-file"),
    ]


def test_nothing_good_changes_nothing(small: FontCatalog, tmp_path: Path) -> None:
    """Only refused files: the generation stays."""
    before = small.stats()["generation"]
    assert small.add_fonts([tmp_path / "lost.ttf"]).generation == before
    assert small.add_fonts([]).generation == before


def test_progress_counts_faces(small: FontCatalog, fonts_dir: Path) -> None:
    """on_progress is called after every face with (done, total)."""
    seen: list[tuple[int, int]] = []
    paths = sorted((fonts_dir / "lora").glob("*.woff2"))
    small.add_fonts(paths, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_a_removed_family_is_gone(small: FontCatalog, settings: Settings, serif_path: Path) -> None:
    """It is not found, listed, or kept as a file; removing it again is an error."""
    small.add_fonts([serif_path])
    small.remove_family("lora")
    assert first(small, serif_path)[0] != "lora"
    assert ids(small) == ["abril-fatface", "cantarell"]
    assert list((settings.data / "own").iterdir()) == []
    with pytest.raises(UnknownFamilyError, match="'lora'"):
        small.remove_family("lora")


def test_removing_a_google_family_keeps_its_files(catalog: FontCatalog, settings: Settings) -> None:
    """The fetched folder is not the catalogue's to delete."""
    catalog.remove_family("lora")
    assert len(list((settings.fonts / "lora").glob("*.woff2"))) == 2


def test_another_process_notices(
    small: FontCatalog, settings: Settings, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalogue opened before the change answers with it at its next look."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as other:
        monkeypatch.setattr(live, "CHECK_SECONDS", 3600)
        small.add_fonts([serif_path])
        assert first(other, serif_path)[0] != "lora"
        monkeypatch.setattr(live, "CHECK_SECONDS", 0)
        assert first(other, serif_path)[0] == "lora"
        other.remove_family("lora")
        assert first(small, serif_path)[0] != "lora"


def test_a_writer_behind_the_times_catches_up_first(
    small: FontCatalog, settings: Settings, fonts_dir: Path, serif_path: Path
) -> None:
    """Two catalogues that add one after the other lose nothing, without a search between."""
    mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as other:
        small.add_fonts([serif_path])
        other.add_fonts([mono])
        assert ids(other) == ["abril-fatface", "cantarell", "courier-prime", "lora"]
        other.ping()


def test_a_restart_answers_the_same_without_work(
    small: FontCatalog, settings: Settings, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The saved index is used as it is: no vector is read from the database."""
    small.add_fonts([serif_path])
    before = small.search(picture_of(serif_path)).matches
    monkeypatch.setattr(SampleRows, "vectors", None)
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as again:
        assert again.search(picture_of(serif_path)).matches == before


@pytest.mark.parametrize("damage", ["flip", "truncate", "no-index", "no-manifest", "old"])
def test_a_damaged_index_is_made_anew(
    small: FontCatalog, settings: Settings, serif_path: Path, damage: str
) -> None:
    """Whatever happens to the derived files, the next start answers the same."""
    old = settings.index_path.read_bytes()
    small.add_fonts([serif_path])
    before = small.search(picture_of(serif_path)).matches
    data = bytearray(settings.index_path.read_bytes())
    data[len(data) // 2] ^= 1
    match damage:
        case "flip":
            settings.index_path.write_bytes(data)
        case "truncate":
            settings.index_path.write_bytes(data[:100])
        case "no-index":
            settings.index_path.unlink()
        case "no-manifest":
            settings.index_path.with_suffix(".json").unlink()
        case "old":
            settings.index_path.write_bytes(old)
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as again:
        assert again.search(picture_of(serif_path)).matches == before
        FaissStore.load(settings.index_path, generation=again.stats()["generation"])


def test_a_crash_after_the_commit_loses_nothing(
    small: FontCatalog, settings: Settings, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dying between the commit and the saved index: the next start has the font."""

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(FaissStore, "save", die)
        small.add_fonts([serif_path])
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as again:
        assert first(again, serif_path) == ("lora", "lora-400-normal")


def test_a_crash_before_the_commit_leaves_nothing(
    small: FontCatalog, settings: Settings, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while the new index is made rolls the rows back; the old catalogue goes on."""

    def fail(*args: object) -> None:
        raise MemoryError

    before = small.stats()
    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr(FaissStore, "add", fail)
        small.add_fonts([serif_path])
    assert small.stats() == before
    small.ping()
    assert [a.family.id for a in small.add_fonts([serif_path]).added] == ["lora"]


def test_a_full_disk_only_costs_the_shortcut(
    small: FontCatalog, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the index cannot be saved the font is in all the same: its rows are committed."""

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FaissStore, "save", full)
    small.add_fonts([serif_path])
    assert first(small, serif_path)[0] == "lora"


def test_a_search_never_waits_for_a_writer(
    small: FontCatalog, settings: Settings, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody holds the writer's lock with a newer generation, searches answer."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0)
    small.warm_up()
    with WriterLock(settings.lock_path, 1).hold():
        with open_database(settings.database_url).begin() as rows:
            rows.state.grow()
        started = time.monotonic()
        assert small.search(picture_of(serif_path)).matches
        assert time.monotonic() - started < settings.lock_seconds / 2
    small.search(picture_of(serif_path))
    small.ping()


def test_a_search_reads_nothing_that_this_process_writes(
    small: FontCatalog, serif_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between commit and answer of a change its own view is near: nobody reads it from the disk."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0)
    small.warm_up()
    seen: list[bool] = []
    save = live.LiveView._save

    def saved(self: live.LiveView, view: View) -> None:
        seen.append(first(small, serif_path)[0] == "lora")  # the committed one is not live yet
        save(self, view)

    monkeypatch.setattr(live.LiveView, "_read", lambda *_: pytest.fail("read anew"))
    monkeypatch.setattr(live.LiveView, "_save", saved)
    small.add_fonts([serif_path])
    assert seen == [False] and first(small, serif_path)[0] == "lora"


def test_a_second_writer_waits_and_then_says_so(
    small: FontCatalog, settings: Settings, serif_path: Path
) -> None:
    """A lock that is not given back in time raises BusyError; nothing was changed."""
    impatient = Settings(data=settings.data, prebuilt=settings.prebuilt, lock_seconds=0.05)
    with closing(open_catalog(impatient, embedder=FakeEmbedder())) as other:
        with WriterLock(settings.lock_path, 1).hold(), pytest.raises(BusyError, match="0.05 s"):
            other.add_fonts([serif_path])
        assert "lora" not in ids(other)


def test_threads_that_add_remove_and_search(small: FontCatalog, fonts_dir: Path) -> None:
    """Four threads adding and removing the same fonts beside searches end consistent."""
    serif = sorted((fonts_dir / "lora").glob("*.woff2"))
    mono = sorted((fonts_dir / "courier-prime").glob("*.woff2"))

    def churn(paths: list[Path], family: str) -> None:
        for _ in range(2):
            small.add_fonts(paths)
            small.search(picture_of(paths[0]))
            with suppress(UnknownFamilyError):
                small.remove_family(family)

    jobs = [(serif, "lora"), (mono, "courier-prime")] * 2
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(churn, *job) for job in jobs]:
            done.result()
    assert ids(small) == ["abril-fatface", "cantarell"]
    small.ping()


def test_another_encoder_is_refused_with_both_names(settings: Settings) -> None:
    """A catalogue of one encoder does not open with another; the remedy is named."""
    other = FakeEmbedder(sha256="0ddba11" + "0" * 57)
    with pytest.raises(MismatchError, match="fa4efa4e.*0ddba11.*rebuild_index"):
        open_catalog(settings, embedder=other)
    with pytest.raises(MismatchError, match="prepare"):
        open_catalog(settings, embedder=FakeEmbedder(prepare_version=99))


def test_a_twin_of_a_known_family_shares_its_row(
    catalog: FontCatalog, serif_path: Path, tmp_path: Path
) -> None:
    """The same letters under another name: one row, either way named as the other's twin."""
    other = tmp_path / "other-name.ttf"
    font = TTFont(serif_path)
    font.flavor = None
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = "Parastoo Latin"
    font.save(other)
    (added,) = catalog.add_fonts([other]).added
    assert added.family.id == "parastoo-latin"
    assert [t.id for t in catalog.family("lora").twins] == ["parastoo-latin"]
    matches = catalog.search(picture_of(serif_path)).matches
    assert {matches[0].family.id, matches[0].twins[0].id} == {"lora", "parastoo-latin"}
    assert {"lora", "parastoo-latin"}.isdisjoint(m.family.id for m in matches[1:])
    catalog.remove_family("parastoo-latin")
    assert catalog.family("lora").twins == ()


def test_ids_of_samples_are_never_used_again(
    small: FontCatalog, settings: Settings, serif_path: Path
) -> None:
    """After a removal the next samples get ids that no older generation knew."""
    seen: set[int] = set()
    for _ in range(2):
        small.add_fonts([serif_path])
        with open_database(settings.database_url).begin() as rows:
            new = set(np.array(rows.samples.lines()[0])[-8:].tolist())
        assert not seen & new
        seen |= new
        small.remove_family("lora")


def test_a_view_that_followed_is_the_one_read_anew(
    small: FontCatalog, serif_path: Path, fonts_dir: Path, tmp_path: Path
) -> None:
    """After each change the live view has what the database says, without reading it all."""
    copies = []
    for name in ("Aardvark", "Zebra"):  # twins, one before and one after Lora
        font = TTFont(serif_path)
        font.flavor = None
        rename(font, name, (1, 4, 6, 16))
        copies.append(tmp_path / f"{name}.ttf")
        font.save(copies[-1])
    mono = fonts_dir / "courier-prime" / "courier-prime-latin-400-normal.woff2"
    bold = fonts_dir / "lora" / "lora-latin-700-normal.woff2"
    twins: list[int] = []
    for change in (
        lambda: small.add_fonts([serif_path]),
        lambda: small.add_fonts([mono]),
        lambda: small.remove_family("lora"),
        lambda: small.remove_family("cantarell"),
        lambda: small.add_fonts([serif_path]),
        lambda: small.add_fonts([bold]),
        lambda: small.add_fonts(copies),
        lambda: small.change_family("zebra", name="Zebra crossing", public=True),
        lambda: small.remove_family("lora"),
        lambda: small.add_fonts([serif_path, bold]),
        lambda: small.remove_family("aardvark"),
    ):
        change()
        view = small._live.view
        twins.append(sum(map(len, view.twins.values())))
        _require_same(view, _read_anew(small))
        np.testing.assert_array_equal(np.sort(view.store.ids()), view.sample_ids)
    assert twins == [0, 0, 0, 0, 0, 0, 6, 6, 2, 6, 2]
    followed, anew = small._live.view, _read_anew(small)
    assert followed.line_of_sample.max() > anew.line_of_sample.max()  # so it was not read


def test_a_view_cannot_follow_what_it_was_not_told(small: FontCatalog) -> None:
    """When samples went that nobody named, all are read."""
    before = small._live.view
    small.remove_family("cantarell")
    with small._database.begin() as rows:
        state = small._live.view.state
        view = read_view(rows, state, before.store, before)
        assert follow(rows, state, before.store, before, Touched({"cantarell"})) is None
    _require_same(view, _read_anew(small))


def _read_anew(catalog: FontCatalog) -> View:
    with catalog._database.begin() as rows:
        return read_view(rows, catalog._live.view.state, catalog._live.view.store)


def _require_same(view: View, other: View) -> None:
    """Equal but for the numbers of the lines, of which the same samples share one."""
    assert (view.families, view.faces, view.twins) == (other.families, other.faces, other.twins)
    for name in ("family_of_face", "sample_ids", "face_of_sample"):
        np.testing.assert_array_equal(getattr(view, name), getattr(other, name), name)
    pairs = set(zip(view.line_of_sample.tolist(), other.line_of_sample.tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
