"""A whole run over four families with a fake embedder: what it asks, finds and leaves alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from db.records import TwinRecord
from db.session import open_database
from encoder import browser
from index.benchmark import compare, faces, own, report, runner, sandbox, tables
from index.benchmark.queries import LEVELS, QuerySet, draw_queries
from index.benchmark.scenes import SCENES
from index.bootstrap import open_catalog
from index.settings import Settings
from tests.catalog_fixtures import *  # noqa: F403
from tests.fake_embedder import FakeEmbedder

pytestmark = pytest.mark.skipif(not browser.available(), reason="no Chromium here")


def _own_font(folder: Path, fonts: Path) -> Path:
    """Courier Prime as a desktop font of another name, in a folder of its own."""
    folder.mkdir()
    with TTFont(next((fonts / "courier-prime").glob("*.woff2"))) as font:
        font.flavor = None
        for record in font["name"].names:
            if record.nameID in (1, 16):
                record.string = "House Mono"
        font.save(folder / "house.ttf")
    return folder


@pytest.fixture(scope="module")
def made(built_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A finished run: (record, notices, every progress call, settings)."""
    folder = tmp_path_factory.mktemp("run")
    settings = Settings(data=built_data, prebuilt=folder / "none")
    plan = runner.Plan(
        fonts=built_data / "fonts",
        cache=folder / "queries",
        families=8,
        levels=("clean", "word"),
        own=[_own_font(folder / "own", built_data / "fonts")],
        real=folder / "nowhere",
        baselines=True,
    )
    calls: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "_imagenet", lambda: None)  # half a minute of torch
        record, notices = runner.run(
            settings,
            plan,
            embedder=FakeEmbedder(),
            progress=lambda *call: calls.append(call),
        )
    yield record, notices, calls, settings, folder / "queries"


def test_every_family_is_asked_at_every_level(made: tuple):
    """Four seen families make four queries a level, none unseen; the own font two."""
    levels = made[0]["levels"]
    assert {name: sides["all"]["n"] for name, sides in levels.items()} == {
        "clean": 4,
        "word": 4,
        "own": 2,
    }
    assert levels["clean"]["seen"]["n"] == 4
    assert levels["own"]["unseen"]["n"] == 2


def test_the_right_families_are_found(made: tuple):
    """Five families in all: among the first five rows everything must be right."""
    levels = made[0]["levels"]
    assert levels["clean"]["all"]["twin"]["5"] == 1.0
    assert levels["own"]["all"]["twin"]["5"] == 1.0


def test_the_record_says_what_was_measured(made: tuple):
    """Seed, encoder, catalogue, exact search, rejection, time and memory are all there."""
    record = made[0]
    assert record["seed"] == 0
    assert record["catalogue"]["encoder"] == FakeEmbedder().sha256
    assert record["catalogue"]["families"] == 4
    assert record["ann_recall_at_5"] > 0.99
    assert record["auroc"]["own"] is None  # no unseen family to hold the own font against
    for level in ("clean", "word"):
        told = record["proof"]["auroc"]["levels"][level]["seen"]
        assert (told["families"], told["present"], told["absent"]) == (4, 4, 4)
        assert told["auroc"] > 0.5
    assert 0 < record["latency_ms"]["p50"] <= record["latency_ms"]["p99"]
    assert record["peak_memory_mb"] > 10
    assert record["machine"]["cores"] >= 1
    assert json.loads(json.dumps(record)) == record


def test_several_fonts_in_one_picture(made: tuple):
    """Two pages, posters and signs each, where the four families suffice; all text is found."""
    found = made[0]["scenes"]
    for level, sides in found.items():
        assert sides["all"]["scenes"] <= 2
        assert sides["all"]["found"] > 0.8, level
        assert 0 <= sides["all"]["blended"] <= 1
    assert set(found) <= set(SCENES)


def test_baselines_answer_the_same_queries(made: tuple):
    """All finders over the same four references, on the same eight queries."""
    found = made[0]["baselines"]
    assert found["families"] == 4
    assert {"the encoder", "mean pictures", "PCA of pixels, 256 numbers"} <= set(found["finders"])
    for levels in found["finders"].values():
        assert {name: summary["n"] for name, summary in levels.items()} == {"clean": 4, "word": 4}
        assert levels["clean"]["twin"]["5"] == 1.0


def test_every_outcome_is_kept(made: tuple):
    """A line of JSON a query, with the truth and what came first."""
    for way in runner.WAYS:
        (path,) = made[4].glob(f"outcomes-*-{way}.jsonl")
        outcomes = [json.loads(line) for line in path.read_text().splitlines()]
        assert [o["there"] for o in outcomes] == [True] * 8 + [False] * 8 + [True] * 2
        assert all((o["first"] == o["query"]["family"]) == (o["strict"] == 1) for o in outcomes)
        assert not any(o["twin"] for o in outcomes if not o["there"])
        assert any(o["verified"] is not None for o in outcomes) == (way == "proof")


def test_both_ways_are_measured_on_the_same_queries(made: tuple):
    """The vote alone and the proof have the same levels, sizes and kinds of numbers."""
    record = made[0]
    proof = record["proof"]
    counts = [
        {name: sides["all"]["n"] for name, sides in part["levels"].items()}
        for part in (record, proof)
    ]
    assert counts[0] == counts[1]
    assert set(proof) < set(record)


def test_what_is_missing_is_said(made: tuple):
    """No folder of real pictures is a notice, not an error."""
    assert any("nowhere" in notice for notice in made[1])


def test_progress_reaches_its_end(made: tuple):
    """The last call of asking says all are done."""
    for way in runner.WAYS:
        asking = [call for call in made[2] if call[0] == f"asking: {way}"]
        assert asking[-1] == (f"asking: {way}", 8, 8)


def test_the_catalogue_is_left_alone(made: tuple):
    """The own font was added to a copy: the catalogue still holds four families."""
    with closing(open_catalog(made[3], embedder=FakeEmbedder())) as catalog:
        assert catalog.stats()["families"] == 4


def test_the_report_is_written(made: tuple, tmp_path: Path):
    """A record, a page whose table has a row a level, and the plots that it shows."""
    path = report.write(made[0], tmp_path, made[3].fonts, tmp_path / "no-card.json")
    assert json.loads(path.read_text())["seed"] == 0
    page = (tmp_path / "README.md").read_text()
    assert "| headlines | - | - | - | - |" in page  # nothing unseen was asked
    assert "| own fonts, added for the run |" in page
    assert "| mean pictures |" in page
    assert "`python -m scripts.scale --sizes" in page
    for name in ("levels", "categories", "lengths", "sizes", "confusions"):
        assert f"({name}.png)" in page
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "### Other pictures" not in page


def test_another_seed_of_the_encoder_is_shown_beside(made: tuple, tmp_path: Path):
    """60 and 80 % of 100 and 300 are 75 %; a record of another encoder is none of it."""

    def seen(seed: int, share: float, count: int) -> dict:
        side = {"n": count, "twin": {"1": share, "5": 1.0}}
        levels = {level: {"unseen": side} for level in ("word", "real")}
        return {"seed": seed, "proof": {"levels": levels}}

    table = tables.seeds_table([seen(0, 0.6, 100), seen(7, 0.8, 300)])
    head, _, *rows = table.splitlines()
    assert head.count("seed 7") == 2 and len(rows) == 1
    cells = [cell.strip() for cell in rows[0].split("|")[1:-1]]
    # sqrt(.6 * .4 / 100), sqrt(.8 * .2 / 300), sqrt(.75 * .25 / 400)
    assert cells == [
        "single words",
        *("60.0 ± 4.9", "100.0 ± 0.0"),
        *("80.0 ± 2.3", "100.0 ± 0.0"),
        *("75.0 ± 2.2", "100.0 ± 0.0"),
        "400",
    ]
    encoder = made[0]["name"].removeprefix("seed0-")
    for name, seed in ((f"seed7-{encoder}", 7), ("seed8-other", 8)):
        (tmp_path / f"{name}.json").write_text(json.dumps(made[0] | {"name": name, "seed": seed}))
    report.write(made[0], tmp_path, made[3].fonts, tmp_path / "no-card.json")
    page = (tmp_path / "README.md").read_text()
    assert "### Other pictures" in page
    assert "seed 0 @1 | seed 0 @5 | seed 7 @1" in page and "seed 8" not in page


@pytest.mark.parametrize(
    ("count", "encoder", "noted"), [(250, "a", True), (249, "a", False), (250, "b", False)]
)
def test_a_full_run_is_noted_in_the_encoder_s_card(
    tmp_path: Path, count: int, encoder: str, noted: bool
):
    """Recall by level and side beside what stood there; not a partial run, nor another's card."""
    asked = {"n": count, "twin": {"1": 0.5, "5": 0.75, "10": 0.8}}
    sides = {"all": asked, "unseen": asked, "seen": {"n": 0}}
    levels = {level: sides for level in LEVELS} | {"real": sides}
    record = {"name": "r", "date": "d", "levels": levels, "catalogue": {"encoder": "a"}}
    card = tmp_path / "card.json"
    card.write_text(json.dumps({"onnx_sha256": encoder, "dim": 8}))
    report.note_in_card(record, card)
    stated = json.loads(card.read_text())
    assert stated["dim"] == 8 and ("benchmark" in stated) == noted
    if noted:
        assert set(stated["benchmark"]["levels"]) == {*LEVELS, "real"}
        assert stated["benchmark"]["levels"]["word"] == {
            "unseen": {"recall_at_1": 0.5, "recall_at_5": 0.75}
        }


def test_a_copy_may_be_changed(built_data: Path, tmp_path: Path):
    """Removing a family from the copy leaves it in the original."""
    settings = Settings(data=built_data, prebuilt=tmp_path)
    with sandbox.temporary_copy(settings, FakeEmbedder()) as (copied, catalog):
        assert copied.data != settings.data
        catalog.remove_family("lora")
        assert catalog.stats()["families"] == 3
    assert not copied.data.exists()
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        assert catalog.stats()["families"] == 4


def test_families_are_taken_out_of_a_copy(built_data: Path, tmp_path: Path):
    """Two of four, and the twin of one of them; what is left is found, what is gone is not."""
    data = tmp_path / "data"
    shutil.copytree(built_data, data)
    settings = Settings(data=data, prebuilt=tmp_path)
    with closing(open_database(settings.database_url)) as database, database.write() as rows:
        pair = ("lora", "courier-prime")
        rows.twins.add([TwinRecord(*pair, 0.01), TwinRecord(*pair[::-1], 0.01)])
    out = {"lora", "abril-fatface"}
    with sandbox.temporary_copy(settings, FakeEmbedder(), without=out) as (_, catalog):
        assert [family.id for family in catalog.families().items] == ["cantarell"]
        assert [match.family.id for match in catalog.similar("cantarell")] == []
        assert catalog.stats()["families"] == 1
        catalog.ping()
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as catalog:
        assert catalog.stats()["families"] == 4


def test_own_queries_get_the_ids_of_the_catalogue(built_data: Path, tmp_path: Path):
    """The truth is the id that adding gave; a family that was not taken is not asked."""
    settings = Settings(data=built_data, prebuilt=tmp_path)
    (family,) = faces.own_families([_own_font(tmp_path / "own", built_data / "fonts")])
    drawn = draw_queries([family], tmp_path / "q", seed=0, levels=["word"])
    with sandbox.temporary_copy(settings, FakeEmbedder()) as (_, catalog):
        ids = own.add(catalog, [family])
        assert ids == {"House Mono": "house-mono"}
        assert own.add(catalog, [family]) == ids  # a duplicate is known under its id
    (query,) = own.under_their_ids(drawn, ids).queries
    assert (query.family, query.level, query.seen) == ("house-mono", "own", False)
    assert own.under_their_ids(drawn, {}) == QuerySet(drawn.folder, (), ())


def test_nothing_to_ask_is_an_error(built_data: Path, tmp_path: Path):
    """Fonts that the catalogue does not hold cannot be looked for."""
    (tmp_path / "fonts").mkdir()
    settings = Settings(data=built_data, prebuilt=tmp_path)
    plan = runner.Plan(fonts=tmp_path / "fonts", cache=tmp_path / "q", real=tmp_path / "none")
    with pytest.raises(runner.NothingToAskError, match="fetch_fonts"):
        runner.run(settings, plan, embedder=FakeEmbedder())
