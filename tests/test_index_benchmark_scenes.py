"""Pictures with several fonts: how they are drawn, and how an answer to one is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoder import browser
from encoder.boxes import Box
from encoder.picture import read_picture
from index.answers import CatalogueInfo, FaceInfo, FamilyInfo, Match, Region, SearchAnswer, TwinInfo
from index.benchmark import effects, scenes, spots
from index.benchmark.faces import google_family
from index.benchmark.scenes import Scene, Spot, draw_scenes


def _match(family: str, twins: tuple[str, ...] = ()) -> Match:
    info = FamilyInfo(family, family.title(), "serif", "OFL-1.1", "google", None)
    named = tuple(TwinInfo(twin, twin) for twin in twins)
    return Match(info, FaceInfo(f"{family}-400", 400, False), 0.9, 0.9, named, "/preview")


def _answer(*regions: tuple[tuple[int, int, int, int], list[Match]]) -> SearchAnswer:
    found = tuple(Region(Box(*box), "x", 0.9, tuple(rows)) for box, rows in regions)
    rows = found[0].matches if found else ()
    return SearchAnswer("match", 0.9, rows, found, CatalogueInfo(1, 4, 4, "e"), 12.0, {})


HEAD = Spot((10, 10, 400, 70), "Head", "lora")
BODY = Spot((10, 100, 400, 300), "Body text", "inter")
SCENE = Scene(Path("x.png"), "page", False, (HEAD, BODY))


def test_every_block_right() -> None:
    """A heading, two lines of a paragraph: all found, first, unblended; a whole picture."""
    lora, inter = [_match("lora"), _match("arvo")], [_match("inter"), _match("lora")]
    answer = _answer(
        ((12, 12, 380, 66), lora), ((12, 104, 390, 130), inter), ((12, 140, 300, 170), inter)
    )
    outcome = spots.judge(SCENE, answer)
    assert [(s.found, s.rank, s.blended) for s in outcome.spots] == [(True, 1, False)] * 2
    assert (outcome.regions, outcome.stray, outcome.ms) == (3, 0, 12.0)
    assert spots.summary([outcome]) == {
        "scenes": 1,
        "blocks": 2,
        "found": 1.0,
        "right": {"1": 1.0, "5": 1.0},
        "blended": 0.0,
        "whole": 1.0,
        "stray": 0.0,
        "latency_ms": {"p50": 12.0, "p99": 12.0},
    }


def test_a_blend_is_wrong_for_both() -> None:
    """Both blocks share rows that name one of them: neither counts as right."""
    rows = [_match("lora"), _match("inter")]
    outcome = spots.judge(SCENE, _answer(((12, 12, 380, 66), rows), ((12, 104, 390, 130), rows)))
    assert [s.blended for s in outcome.spots] == [True, True]
    found = spots.summary([outcome])
    assert found["right"] == {"1": 0.0, "5": 0.0} and found["whole"] == 0.0


def test_what_is_missed_and_what_is_astray() -> None:
    """A block without a region, a region over both blocks, and one beside them."""
    answer = _answer(((0, 0, 420, 310), [_match("lora")]), ((600, 10, 700, 40), [_match("lora")]))
    outcome = spots.judge(SCENE, answer)
    assert [s.found for s in outcome.spots] == [False, False]
    assert (outcome.regions, outcome.stray) == (2, 2)
    assert spots.judge(SCENE, _answer()).spots[0].rank == 0


def test_a_line_through_a_menu_is_each_entrys() -> None:
    """Three entries of one family on a line are found with it; one in another family is not."""
    menu = tuple(Spot((10 + 100 * at, 10, 80 + 100 * at, 40), "Go", "lora") for at in range(3))
    answer = _answer(((10, 14, 280, 36), [_match("lora")]))
    outcome = spots.judge(replace(SCENE, spots=menu), answer)
    assert [(s.found, s.rank, s.blended) for s in outcome.spots] == [(True, 1, False)] * 3
    assert outcome.stray == 0
    mixed = (*menu[:2], replace(menu[2], family="inter"))
    outcome = spots.judge(replace(SCENE, spots=mixed), answer)
    assert [s.found for s in outcome.spots] == [False] * 3 and outcome.stray == 1


def test_twins_and_lower_ranks_are_credited() -> None:
    """The right family second, and as a twin of the first."""
    answer = _answer(
        ((12, 12, 380, 66), [_match("arvo"), _match("lora")]),
        ((12, 104, 390, 130), [_match("inter-tight", ("inter",))]),
    )
    outcome = spots.judge(SCENE, answer)
    assert [s.rank for s in outcome.spots] == [2, 1]
    assert spots.summary([outcome])["right"] == {"1": 0.5, "5": 1.0}
    seen = replace(outcome, scene=replace(SCENE, seen=True))
    sides = spots.by_level([outcome, seen])["page"]
    assert (sides["all"]["scenes"], sides["seen"]["scenes"], sides["unseen"]["scenes"]) == (2, 1, 1)
    assert spots.summary([]) == {"scenes": 0}


def test_a_tilted_picture_moves_its_boxes() -> None:
    """A dark rectangle is where its box says after the turn."""
    picture = np.full((400, 600, 3), 255, np.uint8)
    picture[150:250, 200:400] = 0
    rng = np.random.default_rng(3)
    tilted, boxes = effects.tilt(picture, np.array([[200.0, 150.0, 400.0, 250.0]]), rng)
    dark = np.argwhere(tilted.max(axis=2) < 110)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0)
    assert boxes[0] == pytest.approx([x0, y0, x1, y1], abs=5)
    assert x1 - x0 < 300 and y1 - y0 > 110


@pytest.mark.skipif(not browser.available(), reason="no Chromium here")
def test_scenes_are_drawn_once(fonts_dir: Path, tmp_path: Path) -> None:
    """Two fonts a page, three a poster; the same again from the folder; ink where the boxes are."""
    named = ("lora", "cantarell", "courier-prime")
    families = [found for name in named if (found := google_family(fonts_dir, name))]
    sides = [replace(f, category="own") for f in families] + families  # unseen ones, seen ones
    drawn = draw_scenes(sides, tmp_path, seed=0, count=2)
    assert [(s.level, s.seen) for s in drawn] == [
        (level, seen) for level in scenes.SCENES for seen in (False, True)
    ]
    count = {s.level: len({spot.family for spot in s.spots}) for s in drawn}
    assert count == {"page": 2, "poster": 3, "tilted": 2}
    before = {s.file: s.file.stat().st_mtime_ns for s in drawn}
    assert draw_scenes(sides, tmp_path, seed=0, count=2) == drawn
    assert {file: file.stat().st_mtime_ns for file in before} == before
    for scene in drawn:
        picture = read_picture(scene.file.read_bytes())
        for spot in scene.spots:
            x0, y0, x1, y1 = map(round, spot.box)
            part = picture[max(0, y0) : y1, max(0, x0) : x1].astype(int)
            assert part.size and np.ptp(part.mean(axis=2)) > 60


@pytest.mark.skipif(not browser.available(), reason="no Chromium here")
def test_too_few_families_make_no_scene(fonts_dir: Path, tmp_path: Path) -> None:
    """Two families of one side: pages and signs, no posters."""
    found = [google_family(fonts_dir, name) for name in ("lora", "cantarell")]
    drawn = draw_scenes([f for f in found if f], tmp_path, seed=0, count=2)
    assert [(s.level, s.seen) for s in drawn] == [("page", True), ("tilted", True)]
