"""FontCatalog on a fake embedder: what it finds, what it refuses, what it lists."""

from __future__ import annotations

import io
import shutil
import string
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.session import open_database
from encoder.boxes import Box
from encoder.fontfile import FaceRef
from encoder.prepare import prepare
from encoder.reference import reference_lines
from encoder.typeset import draw_line
from index.answers import FaceInfo
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.errors import QueryError, UnknownFaceError, UnknownFamilyError
from index.filters import Filters
from index.ranking import rank_lines
from index.settings import Settings
from index.verdict import verdict
from index.view import View
from index.voting import SHARES
from tests.fake_embedder import FakeEmbedder, FakeLine

# The fake embedder compares pictures, so queries show texts that the samples show.
LETTERS = frozenset(string.ascii_letters)
TEXTS = [line.text for line in reference_lines(LETTERS) if line.kind == "lower"]


def picture_of(path: Path, text: str = TEXTS[0], size: int = 64) -> np.ndarray:
    """Text drawn in a font file, uint8 [H, W, 3]."""
    line = np.asarray(draw_line(FaceRef(path), text, size))
    return np.repeat(line[:, :, None], 3, axis=2)


def two_lines(first: Path, second: Path) -> np.ndarray:
    """A line in each font, one above the other with a gap."""
    above, below = picture_of(first, TEXTS[0], 70), picture_of(second, TEXTS[-1], 24)
    height, width = above.shape[0] + below.shape[0] + 40, max(above.shape[1], below.shape[1])
    page = np.full((height, width, 3), 255, np.uint8)
    page[: above.shape[0], : above.shape[1]] = above
    page[height - below.shape[0] :, : below.shape[1]] = below
    return page


def naive_scores(
    settings: Settings, lines: list[FakeLine], weights: list[float]
) -> dict[str, float]:
    """Every family's score from the definition: loops over all vectors of the database."""
    with open_database(settings.database_url).begin() as rows:
        columns = rows.columns.of_faces([face.id for face in rows.faces.all()])
        found = rows.samples.vectors(64)
        _, faces, _ = rows.samples.lines()
        family_of = {face.id: face.family_id for face in rows.faces.all()}
    each_line, late = [], []
    for line in lines:
        best = dict.fromkeys(family_of.values(), -1.0)
        late.append(dict.fromkeys(family_of.values(), -1.0))
        for face, family in family_of.items():
            mine = [found.vectors[i].astype(np.float64) for i, f in enumerate(faces) if f == face]
            rows = [sorted((float(v @ w) for v in mine), reverse=True) for w in line.vectors]
            each = [sum(s * v for s, v in zip(SHARES, row, strict=False)) for row in rows]
            best[family] = max(best[family], sum(each) / len(each))
            late[-1][family] = max(late[-1][family], naive_late(line, columns[face]))
        each_line.append(best)
    standing = [w * max(b.values()) ** 4 for w, b in zip(weights, each_line, strict=True)]
    leader = late[standing.index(max(standing))]
    family = max(leader, key=lambda f: leader[f])
    joined = [
        i
        for i, fit in enumerate(late)
        if fit[family] >= leader[family] - 0.2 and fit[family] >= max(fit.values()) - 0.05
    ]
    total = sum(weights[i] for i in joined)
    return {
        f: sum(weights[i] * (0.3 * each_line[i][f] + 0.7 * late[i][f]) for i in joined) / total
        for f in each_line[0]
    }


def naive_late(line: FakeLine, packed: bytes) -> float:
    """Each column's best cosine among the face's, the mean by the columns' shares."""
    codes = np.frombuffer(packed, np.uint8).reshape(-1, 16)
    rows = np.stack([codes % 16, codes // 16], axis=2).reshape(-1, 32) - 8.0
    best = [
        max(float(column @ row / np.linalg.norm(row)) for row in rows) for column in line.columns
    ]
    return sum(share * each for share, each in zip(line.shares, best, strict=True))


@pytest.mark.parametrize(
    "face",
    ["lora-400-normal", "lora-700-normal", "cantarell-700-italic", "abril-fatface-400-normal"],
)
def test_the_face_that_drew_a_word_comes_first(
    catalog: FontCatalog, settings: Settings, face: str
) -> None:
    """The family and the very face are first; the verdict is that of the rows' confidences."""
    family, weight, style = face.rsplit("-", 2)
    path = settings.fonts / family / f"{family}-latin-{weight}-{style}.woff2"
    answer = catalog.search(picture_of(path))
    assert answer.matches[0].family.id == family
    assert answer.matches[0].face.id == face
    assert answer.matches[0].preview_url == f"/v1/faces/{face}/preview.png"
    assert answer.verdict == verdict(answer.matches[0].confidence, answer.known)


def test_the_vote_is_the_definition(
    catalog: FontCatalog, settings: Settings, sans_path: Path, serif_path: Path
) -> None:
    """Scores and order for two lines are those of a loop over all vectors."""
    page = two_lines(sans_path, serif_path)
    lines = FakeEmbedder().embed_lines(prepare(page))
    assert len(lines) == 2
    weights = [float(line.line.box.area) for line in lines]
    expected = naive_scores(settings, lines, weights)
    answer = catalog.search(page, proof=False)
    assert [m.family.id for m in answer.matches] == sorted(expected, key=lambda f: -expected[f])
    for match in answer.matches:
        assert match.score == pytest.approx(expected[match.family.id], abs=1e-5)


def test_each_region_has_its_own_matches(
    catalog: FontCatalog, sans_path: Path, serif_path: Path
) -> None:
    """Two lines in two fonts: each region names and reads its own, from the top down."""
    page = two_lines(sans_path, serif_path)
    answer = catalog.search(page)
    assert [r.text for r in answer.regions] == [TEXTS[0], TEXTS[-1]]
    said = catalog.search(page, text="The one\nThe other")
    assert [r.text for r in said.regions] == ["The one", "The other"]
    only = catalog.search(page, text="The one")
    assert [r.text for r in only.regions] == ["The one", TEXTS[-1]]
    assert [r.matches[0].family.id for r in answer.regions] == ["cantarell", "lora"]
    assert answer.regions[0].box.y1 <= answer.regions[1].box.y0
    assert answer.matches[0].family.id == "cantarell"  # by far the larger line
    head = answer.regions[0].box.y1 + 20
    turned = catalog.search(np.concatenate([page[head:], page[:head]]), text="The one")
    assert [r.text for r in turned.regions] == [TEXTS[-1], "The one"]
    assert (only.lead, turned.lead) == (0, 1)


def test_a_crop_asks_for_its_part_only(
    catalog: FontCatalog, sans_path: Path, serif_path: Path
) -> None:
    """A crop around the second line answers the second font, in the picture's pixels."""
    page = two_lines(sans_path, serif_path)
    second = catalog.search(page).regions[1].box
    crop = Box(0, second.y0 - 5, page.shape[1], page.shape[0])
    answer = catalog.search(page, crop=crop)
    assert [r.matches[0].family.id for r in answer.regions] == ["lora"]
    assert answer.regions[0].box.y0 >= crop.y0


def test_an_empty_picture_has_no_text(catalog: FontCatalog) -> None:
    """White paper: verdict no_text, nothing found, but the catalogue is described."""
    answer = catalog.search(np.full((50, 200, 3), 255, np.uint8))
    assert (answer.verdict, answer.matches, answer.regions) == ("no_text", (), ())
    assert answer.catalogue.families == 4 and answer.catalogue.faces == 8


def test_filters_are_applied_inside_the_search(catalog: FontCatalog, serif_path: Path) -> None:
    """A serif word among sans only: the sans comes, with the same score as without a filter."""
    picture = picture_of(serif_path)
    plain = {m.family.id: m.score for m in catalog.search(picture, proof=False).matches}
    filters = Filters(category=frozenset({"sans-serif"}), source=frozenset({"google"}))
    (match,) = catalog.search(picture, filters=filters, proof=False).matches
    assert match.family.id == "cantarell"
    assert match.score == pytest.approx(plain["cantarell"], abs=1e-6)


def test_only_faces_of_the_wanted_weight_answer(catalog: FontCatalog, serif_path: Path) -> None:
    """Bold faces alone: of the families that have one, and with that face."""
    bold = Filters(weights=(600, 900))
    rows = catalog.search(picture_of(serif_path), filters=bold).matches
    assert {row.face.id for row in rows} <= {
        "lora-700-normal",
        "cantarell-700-normal",
        "cantarell-700-italic",
    }
    assert rows[0].family.id == "lora"
    assert [f.id for f in catalog.families(filters=bold).items] == ["cantarell", "lora"]
    assert {m.face.weight for m in catalog.similar("abril-fatface", filters=bold)} == {700}
    # Lora's own bold asks for bold kin, not its regular.
    (asked_in_bold,) = catalog.similar("lora", filters=bold)
    assert asked_in_bold.face.id == "cantarell-700-normal"
    (regular, *_) = catalog.similar("lora", filters=Filters(weights=(400, 900)))
    assert asked_in_bold.score != pytest.approx(regular.score, abs=1e-4)
    assert catalog.search(picture_of(serif_path), filters=Filters(weights=(1, 99))).matches == ()


def test_families_with_all_of_the_wanted_scripts(catalog: FontCatalog, serif_path: Path) -> None:
    """Lora has Cyrillic by its metadata; no family of the tests has Cyrillic and Greek."""
    cyrillic = Filters(scripts=frozenset({"cyrillic", "latin"}))
    rows = catalog.search(picture_of(serif_path), filters=cyrillic).matches
    assert [row.family.id for row in rows] == ["lora"]
    assert "cyrillic" in catalog.family("lora").to_json()["scripts"]
    both = Filters(scripts=frozenset({"cyrillic", "greek"}))
    assert catalog.families(filters=both).items == ()


@pytest.mark.parametrize("values", [frozenset(), frozenset({"no such licence"})])
def test_filters_that_leave_nothing(
    catalog: FontCatalog, serif_path: Path, values: frozenset[str]
) -> None:
    """No family passes: unknown, no matches, and still a region for the line."""
    answer = catalog.search(picture_of(serif_path), filters=Filters(license=values))
    assert (answer.verdict, answer.matches) == ("unknown", ())
    assert len(answer.regions) == 1 and answer.regions[0].matches == ()


@pytest.mark.parametrize("k", [-1, 0, 51])
def test_k_out_of_range(catalog: FontCatalog, serif_path: Path, k: int) -> None:
    """k outside 1..50 raises QueryError naming it, for search and for similar."""
    with pytest.raises(QueryError, match=f"k is {k}"):
        catalog.search(picture_of(serif_path), k=k)
    with pytest.raises(QueryError, match=f"k is {k}"):
        catalog.similar("lora", k=k)


def test_confidence_does_not_depend_on_k(catalog: FontCatalog, serif_path: Path) -> None:
    """The first row is as sure of itself alone as beside others; each region's too."""
    picture = picture_of(serif_path)
    alone, beside = (catalog.search(picture, k=k) for k in (1, 3))
    assert alone.matches == beside.matches[:1] and len(beside.matches) == 3
    assert alone.regions[0].matches == beside.regions[0].matches[:1]
    assert alone.verdict == beside.verdict


def test_kin_are_found_once(catalog: FontCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same question is not asked of the index again, until the catalogue changes."""
    asked: list[int] = []

    def counted(*args: object, **named: object) -> object:
        asked.append(len(asked))
        return rank_lines(*args, **named)

    monkeypatch.setattr("index.similar.rank_lines", counted)
    kin = catalog.similar("cantarell")
    assert catalog.similar("cantarell") == kin and len(asked) == 1
    assert catalog.similar("cantarell", k=1) == kin[:1] and len(asked) == 2
    catalog.remove_family("lora")
    assert [m.family.id for m in catalog.similar("cantarell")] == [
        m.family.id for m in kin if m.family.id != "lora"
    ]
    assert len(asked) == 3


def test_k_rows_come_back(catalog: FontCatalog, serif_path: Path) -> None:
    """k bounds the rows; all families when it is larger."""
    assert len(catalog.search(picture_of(serif_path), k=2).matches) == 2
    assert len(catalog.search(picture_of(serif_path), k=50).matches) == 4


def test_a_crop_outside_is_refused(catalog: FontCatalog, serif_path: Path) -> None:
    """A crop beside the picture raises QueryError with both sizes."""
    with pytest.raises(QueryError, match="5000"):
        catalog.search(picture_of(serif_path), crop=Box(5000, 0, 5010, 10))


def test_similar_leaves_the_family_itself_out(catalog: FontCatalog) -> None:
    """Kin of Cantarell: the three others, the filter respected, unknown ids refused."""
    found = [m.family.id for m in catalog.similar("cantarell")]
    assert sorted(found) == ["abril-fatface", "courier-prime", "lora"]
    assert catalog.similar("cantarell", filters=Filters(license=frozenset({"MIT"}))) == ()
    serifs = Filters(category=frozenset({"serif"}), source=frozenset({"google"}))
    assert [m.family.id for m in catalog.similar("cantarell", filters=serifs)] == ["lora"]
    with pytest.raises(UnknownFamilyError, match="'nobody'"):
        catalog.similar("nobody")


def test_kin_answer_with_the_face_nearest_in_style(catalog: FontCatalog) -> None:
    """Cantarell has four faces: the upright one of the asked weight, or of that next to it."""

    def of_cantarell(asked: str, *weights: int) -> FaceInfo:
        filters = Filters(weights=(weights[0], weights[1]) if weights else None)
        return next(m.face for m in catalog.similar(asked, filters=filters) if "cant" in m.face.id)

    for asked in ("abril-fatface", "courier-prime", "lora"):
        assert of_cantarell(asked).id == "cantarell-400-normal"
        assert of_cantarell(asked, 500, 900).id == "cantarell-700-normal"


def test_one_face_of_each_other_family_in_the_asked_style(catalog: FontCatalog) -> None:
    """The slope counts before the weight, only what passes is chosen, the asked family is not."""
    view = catalog._view()

    def chosen(view: View, asked: str, *weights: int) -> set[str]:
        filters = Filters(weights=(weights[0], weights[1]) if weights else None)
        return {view.faces[at].id for at in np.flatnonzero(view.in_the_style_of(asked, filters))}

    others = {"abril-fatface-400-normal", "courier-prime-400-normal"}
    assert chosen(view, "cantarell-700-italic") == {*others, "lora-700-normal"}
    assert chosen(view, "lora-700-normal") == {*others, "cantarell-700-normal"}
    assert chosen(view, "lora-700-normal", 1, 400) == {*others, "cantarell-400-normal"}
    slanted = replace(
        view,
        faces=tuple(
            replace(f, italic=f.italic or f.weight == 400 and "cant" in f.id) for f in view.faces
        ),
    )
    assert chosen(slanted, "lora-400-normal") == {*others, "cantarell-700-normal"}


def test_pages_hold_every_family_once(catalog: FontCatalog) -> None:
    """Pages of three: all four names in order, then no cursor."""
    first = catalog.families(limit=3)
    rest = catalog.families(limit=3, cursor=first.next_cursor)
    names = [f.name for f in (*first.items, *rest.items)]
    assert names == ["Abril Fatface", "Cantarell", "Courier Prime", "Lora"]
    assert first.next_cursor is not None and rest.next_cursor is None


def test_pages_are_filtered(catalog: FontCatalog) -> None:
    """Name parts in any case and categories narrow a page."""
    serif = Filters(category=frozenset({"serif"}))
    assert [f.id for f in catalog.families(q=" PRIME ").items] == ["courier-prime"]
    assert [f.id for f in catalog.families(filters=serif).items] == ["lora"]
    assert catalog.families(q="%").items == ()


@pytest.mark.parametrize("cursor", ["", "x", "ä", "W10", "WzEsMl0", "e30", "bnVsbA", "A" * 5000])
def test_a_forged_cursor_is_refused(catalog: FontCatalog, cursor: str) -> None:
    """What no page gave raises QueryError."""
    with pytest.raises(QueryError, match="cursor"):
        catalog.families(cursor=cursor)


@pytest.mark.parametrize("limit", [0, 201])
def test_a_limit_out_of_range(catalog: FontCatalog, limit: int) -> None:
    """Limits outside 1..200 raise QueryError."""
    with pytest.raises(QueryError, match="limit"):
        catalog.families(limit=limit)


def test_a_family_in_detail(catalog: FontCatalog) -> None:
    """Faces from light to bold with their previews; unknown ids are refused."""
    detail = catalog.family("lora")
    assert [face.id for face in detail.faces] == ["lora-400-normal", "lora-700-normal"]
    assert detail.license_url == "https://openfontlicense.org"
    assert detail.to_json()["url"] == "https://fonts.google.com/specimen/Lora"
    with pytest.raises(UnknownFamilyError):
        catalog.family("nobody")


def test_a_preview_draws_the_text(catalog: FontCatalog) -> None:
    """A longer text makes a wider PNG; characters that the face lacks are left out."""
    short, long = (catalog.preview("lora-400-normal", text) for text in ("ab", "abcdefgh"))
    assert short.mimetype == "image/png"
    assert _size(long.data)[0] > 2 * _size(short.data)[0]
    assert catalog.preview("lora-400-normal", "ab\u2603").data == short.data


def test_a_preview_without_the_file_is_the_specimen(
    catalog: FontCatalog, settings: Settings
) -> None:
    """No font file, or a text of which nothing can be drawn: the stored WebP."""
    by_text = catalog.preview("lora-400-normal", "\u4e2d")
    shutil.rmtree(settings.fonts)
    by_file = catalog.preview("lora-400-normal", "abc")
    assert by_text == by_file and by_file.mimetype == "image/webp"
    width, height = _size(by_file.data)
    assert 20 < width <= 480 and 20 < height <= 64
    with pytest.raises(UnknownFaceError):
        catalog.preview("nobody-400-normal")


def test_an_empty_catalogue_answers(tmp_path: Path, serif_path: Path) -> None:
    """Nothing in it: searches say unknown, lists are empty."""
    settings = Settings(data=tmp_path / "new", prebuilt=tmp_path / "none")
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as empty:
        answer = empty.search(picture_of(serif_path))
        assert (answer.verdict, answer.matches) == ("unknown", ())
        assert empty.families().items == () and empty.stats()["families"] == 0
        empty.ping()


def test_the_answer_is_the_apis_json(catalog: FontCatalog, serif_path: Path) -> None:
    """to_json has exactly the keys that the HTTP contract names."""
    answer = catalog.search(picture_of(serif_path)).to_json()
    assert list(answer) == [
        "verdict",
        "known",
        "matches",
        "regions",
        "lead",
        "catalogue",
        "took_ms",
        "steps_ms",
        "differences",
    ]
    match = answer["matches"][0]
    facts = ["family", "face", "score", "confidence", "twins", "preview_url", "proof"]
    assert list(match) == facts
    family = ["id", "name", "category", "license", "source", "url", "public", "mine"]
    assert list(match["family"]) == family
    assert list(match["face"]) == ["id", "weight", "italic"]
    assert list(answer["regions"][0]) == ["box", "text", "text_confidence", "matches"]
    assert list(answer["catalogue"]) == ["generation", "families", "faces", "encoder"]


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size
