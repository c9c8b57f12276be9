"""Pages of families: found as they are meant, in an order that a cursor can follow."""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTFont

from index.catalog import FontCatalog
from index.filters import Filters
from index.ranking import preview_url
from tests.bad_fonts import plain


def ids(page: object) -> list[str]:
    return [family.id for family in page.items]  # type: ignore[attr-defined]


def test_a_name_with_typos(catalog: FontCatalog) -> None:
    """Spelt right it is found, spelt nearly so it is guessed, spelt otherwise it is not there."""
    right = catalog.families(q="courierprime")
    assert (ids(right), right.total, right.guessed) == (["courier-prime"], 1, False)
    nearly = catalog.families(q="curier prime")
    assert (ids(nearly), nearly.total, nearly.guessed) == (["courier-prime"], 1, True)
    nothing = catalog.families(q="helvetica")
    assert (ids(nothing), nothing.total, nothing.guessed) == ([], 0, False)


def test_an_id_is_a_name(catalog: FontCatalog) -> None:
    """A family is found by its id, too."""
    assert ids(catalog.families(q="abril-fatface")) == ["abril-fatface"]


def test_pages_follow_the_best_fit(catalog: FontCatalog) -> None:
    """Names that start so come before names that hold it, over the seam between two pages."""
    first = catalog.families(q="r", limit=2)
    rest = catalog.families(q="r", limit=2, cursor=first.next_cursor)
    assert first.total == rest.total == 4
    # A word that starts with r: none; so all four by name.
    assert ids(first) + ids(rest) == ["abril-fatface", "cantarell", "courier-prime", "lora"]
    first = catalog.families(q="c", limit=1)
    rest = catalog.families(q="c", limit=9, cursor=first.next_cursor)
    assert ids(first) + ids(rest) == ["cantarell", "courier-prime", "abril-fatface"]


def test_a_row_shows_the_regular_face(catalog: FontCatalog) -> None:
    """Each row has its family's number of faces and the preview of the regular-most one."""
    page = catalog.families()
    for family, preview, count in zip(page.items, page.previews, page.face_counts, strict=True):
        faces = catalog.family(family.id).faces
        assert count == len(faces)
        best = min(faces, key=lambda face: (face.italic, abs(face.weight - 400)))
        assert preview == best.preview_url
    assert page.to_json()["items"][0]["faces"] == page.face_counts[0]


def test_width_counts_before_weight(catalog: FontCatalog, sans_path: Path, tmp_path: Path) -> None:
    """The list shows the face that stands for the family everywhere else: not the narrow one."""

    def narrow(font: TTFont) -> None:
        font["OS/2"].usWidthClass = 3  # 75 %

    def bold(font: TTFont) -> None:
        font["OS/2"].usWeightClass = 700

    paths = [tmp_path / "narrow.ttf", tmp_path / "bold.ttf"]
    for path, change in zip(paths, (narrow, bold), strict=True):
        path.write_bytes(plain(sans_path, change, "Two Widths"))
    catalog.add_fonts(paths)
    assert {f.id for f in catalog.family("two-widths").faces} == {
        "two-widths-400-normal-75",
        "two-widths-700-normal",
    }
    page = catalog.families(q="two widths")
    assert page.previews == (preview_url("two-widths-700-normal"),)


def test_typos_do_not_leak_through_filters(catalog: FontCatalog) -> None:
    """A name that exists among what is filtered away is no reason to guess another."""
    mono = Filters.of(category=["monospace"])
    page = catalog.families(q="lora", filters=mono)
    assert (page.total, page.guessed) == (0, False)
