"""What the pages to look around in hold before any script runs, and the calls behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

from api.letters import letter_rows
from api.replies import FamilyReply, MapReply
from api.words import LICENCES, licence, licence_text
from index.catalog import FontCatalog
from index.errors import NotYoursError, QueryError, UnknownFamilyError
from tests.api_fake import AUTHORIZED, FakeCatalog, check_problem


def test_browse_is_whole_without_scripts(client: FlaskClient, fake: FakeCatalog) -> None:
    """Name, filter and text stand in the address; rows, count and the next page in the answer."""
    html = client.get("/browse?q=play&category=serif&text=Hi+%26+you&limit=7").text
    assert 'href="/families/playfair-display?text=Hi+%26+you"' in html
    assert 'src="/v1/faces/playfair-display-400/preview.png?text=Hi%20%26%20you"' in html
    assert "1 family" in html and "Roboto Slab" not in html
    assert '<option value="serif" selected>' in html
    assert fake.calls["limit"] == 7
    assert 'href="/browse?cursor=2&amp;limit=2"' in client.get("/browse?limit=2").text
    assert "No family has this name." in client.get("/browse?q=zzz").text


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "sort=x", "q=" + "x" * 201])
def test_browse_refuses(client: FlaskClient, query: str) -> None:
    """An address that cannot be is a sentence on a page."""
    answer = client.get(f"/browse?{query}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert query.partition("=")[0] in answer.text


def test_a_family_is_whole_without_scripts(client: FlaskClient) -> None:
    """Faces, letters, licence with its text and holder, kin: all in the first answer."""
    html = client.get("/families/roboto-slab?text=Hi").text
    for part in (
        "<h1>Roboto Slab</h1>",
        'src="/v1/faces/roboto-slab-400/preview.png?text=Hi&amp;size=14"',
        'alt="ABC"',
        '<span class="licence">Free, also commercially: Apache 2.0</span>',
        "Apache License 2.0",
        "Copyright 2020 Someone",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        'href="/families/space-mono?text=Hi"',
        'href="/map?family=roboto-slab"',
    ):
        assert part in html, part
    assert client.get("/families/nobody").status_code == 404


def test_kin_keep_to_the_filters(client: FlaskClient, fake: FakeCatalog) -> None:
    """The filters of the address are the catalogue's."""
    client.get("/families/roboto-slab?category=serif&weight=600-700&k=3")
    assert fake.calls["k"] == 3
    assert fake.calls["filters"].category == {"serif"}
    assert fake.calls["filters"].weights == (600, 700)


@pytest.mark.parametrize("spdx", LICENCES)
def test_every_licence_is_said_in_words(spdx: str) -> None:
    """Each has its terms; the three of Google Fonts have their text, beginning and end."""
    assert len(licence(spdx).terms) > 20
    starts = {"OFL-1.1": "SIL OPEN FONT", "Apache-2.0": "Apache License", "UFL-1.0": "UBUNTU FONT"}
    text = licence_text(spdx)
    if spdx in starts:
        assert text is not None and starts[spdx] in text[:200] and len(text) > 4000
    else:
        assert text is None


def test_an_unknown_licence_is_said_to_be_unknown() -> None:
    """Whatever a font file calls its licence, no path is made of it."""
    assert "not known" in licence("unknown").terms
    assert licence("../words").said == "../words"
    assert licence_text("../words") is None and licence_text("unknown") is None


def test_letters_are_sorted_by_kind() -> None:
    """Every character is in one kind, forty a row, blanks in none."""
    characters = "".join(map(chr, range(32, 127))) + "ÄßĐ€«»¼ \u00ad"
    kinds = letter_rows(characters)
    by_title = {kind.title: "".join(kind.rows) for kind in kinds}
    assert by_title["Capitals"] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert by_title["Figures"] == "0123456789¼"
    assert by_title["Letters with marks, and others"] == "ÄßĐ"
    assert "«»" in by_title["Punctuation"] and "€" in by_title["Money and signs"]
    visible = sorted(c for c in characters if not c.isspace() and c.isprintable())
    assert sorted("".join(by_title.values())) == visible
    assert all(len(row) <= 40 for kind in kinds for row in kind.rows)


def test_the_map_in_columns(client: FlaskClient, fake: FakeCatalog) -> None:
    """Every column has every family, own ones are named; unchanged, it is not sent again."""
    fake.members["space-mono"] = replace(fake.members["space-mono"], source="own")
    answer = client.get("/v1/map")
    columns = MapReply.model_validate(answer.json)
    assert columns.ids == ["playfair-display", "abril-fatface", "roboto-slab", "space-mono"]
    assert columns.names[2] == "Roboto Slab" and columns.own == [3]
    assert columns.x == columns.y == [1000, 3000, 5000, 7000]
    assert columns.faces[0] == "playfair-display-400"
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/v1/map", headers=tag).status_code == 304


@pytest.mark.parametrize("path", ["/browse", "/static/style.css", "/openapi.json"])
def test_text_travels_small(client: FlaskClient, path: str) -> None:
    """Pages, styles and JSON are compressed for whoever reads that, and are the same."""
    plain = client.get(path)
    small = client.get(path, headers={"Accept-Encoding": "br"})
    assert small.headers["Content-Encoding"] == "br"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert brotli.decompress(small.data) == plain.data
    assert len(small.data) < 0.6 * len(plain.data)


def test_rename(client: FlaskClient, fake: FakeCatalog) -> None:
    """With the token an own family is called something else."""
    fake.members["space-mono"] = replace(fake.members["space-mono"], source="own")
    answer = client.patch("/v1/families/space-mono", json={"name": "My Mono"}, headers=AUTHORIZED)
    assert FamilyReply.model_validate(answer.json).name == "My Mono"
    bare = client.patch("/v1/families/space-mono", json={"name": "Other"})
    check_problem(bare, 401, "wrong-token", "Bearer")


@pytest.mark.parametrize("body", [{}, {"name": "x" * 121}, {"name": 5}, {"nom": "x"}])
def test_rename_refuses(client: FlaskClient, body: object) -> None:
    """What is no name is said to be none."""
    answer = client.patch("/v1/families/space-mono", json=body, headers=AUTHORIZED)
    check_problem(answer, 400, "invalid-parameter")


def test_renaming_in_the_real_catalogue(catalog: FontCatalog, serif_path: Path) -> None:
    """An own family changes its name and keeps its id; Google's and nobody's are refused."""
    catalog.remove_family("lora")
    (added,) = catalog.add_fonts([serif_path]).added
    assert catalog.change_family(added.family.id, name="  My\nSerif ").family.name == "My Serif"
    assert catalog.families(q="my serif").items[0].id == added.family.id
    with pytest.raises(QueryError, match="printable"):
        catalog.change_family(added.family.id, name=" \n")
    with pytest.raises(NotYoursError, match="Google Fonts"):
        catalog.change_family("cantarell", name="Mine")
    with pytest.raises(UnknownFamilyError):
        catalog.change_family("nobody", name="Mine")
