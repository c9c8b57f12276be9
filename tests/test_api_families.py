"""The catalogue over HTTP: families, kin, previews, removing."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.replies import FamiliesReply, FamilyReply, SimilarReply
from index.errors import QueryError
from index.filters import Filters
from tests.api_fake import AUTHORIZED, FakeCatalog, check_problem


def test_list(client: FlaskClient, fake: FakeCatalog) -> None:
    """Families are found by part of their name and by every filter, a page at a time."""
    answer = client.get("/v1/families?q=PLAY&category=serif&license=OFL-1.1&limit=7&cursor=abc")
    page = FamiliesReply.model_validate(answer.json)
    assert [family.name for family in page.items] == ["Playfair Display"]
    assert fake.calls["limit"] == 7
    assert fake.calls["cursor"] == "abc"
    assert client.get("/v1/families?limit=1").json["next_cursor"] == "1"
    nobody = {"items": [], "next_cursor": None, "total": 0, "guessed": False}
    assert client.get("/v1/families?q=zzz").json == nobody


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("limit=0", "limit = '0'"),
        ("limit=201", "limit = '201'"),
        ("limit=ten", "limit = 'ten'"),
        ("q=" + "x" * 201, "at most 200"),
        ("cursor=" + "x" * 501, "at most 500"),
        ("sort=name", "sort = 'name'"),
    ],
)
def test_list_refuses(client: FlaskClient, query: str, word: str) -> None:
    """Parameters out of range are named with their value."""
    check_problem(client.get(f"/v1/families?{query}"), 400, "invalid-parameter", word)


def test_refusal_of_the_catalogue(
    client: FlaskClient, fake: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the catalogue itself refuses, like a forged cursor, is the caller's error too."""

    def refuse(**_: object) -> None:
        raise QueryError("cursor 'abc' is not one of ours")

    monkeypatch.setattr(fake, "families", refuse)
    answer = client.get("/v1/families?cursor=abc")
    check_problem(answer, 400, "invalid-parameter", "cursor 'abc'")


def test_family(client: FlaskClient) -> None:
    """One family comes with its faces."""
    answer = client.get("/v1/families/space-mono")
    family = FamilyReply.model_validate(answer.json)
    assert (family.name, family.category) == ("Space Mono", "monospace")
    assert [face.preview_url for face in family.faces] == ["/v1/faces/space-mono-400/preview.png"]


def test_similar(client: FlaskClient, fake: FakeCatalog) -> None:
    """Kin of a family, never the family itself."""
    answer = client.get("/v1/families/space-mono/similar?k=2&license=OFL-1.1,Apache-2.0")
    rows = SimilarReply.model_validate(answer.json).matches
    assert [row.family.id for row in rows] == ["playfair-display", "abril-fatface"]
    allowed = Filters(license=frozenset({"OFL-1.1", "Apache-2.0"}))
    assert fake.calls == {"k": 2, "filters": allowed}
    bad = client.get("/v1/families/space-mono/similar?k=51")
    check_problem(bad, 400, "invalid-parameter", "k = '51'")


@pytest.mark.parametrize(
    "path", ["/v1/families/nix", "/v1/families/nix/similar", "/v1/families/%2e%2e%00"]
)
def test_unknown_family(client: FlaskClient, path: str) -> None:
    """A family that is not there is a 404 that names it."""
    check_problem(client.get(path), 404, "unknown-family", "nix" if "nix" in path else "\\x00")


def test_long_id(client: FlaskClient) -> None:
    """An id of ten thousand characters is refused without being echoed."""
    answer = client.get("/v1/families/" + "x" * 10_000)
    check_problem(answer, 400, "invalid-parameter", "id = 'xxx")
    assert len(answer.data) < 1000


def test_preview(client: FlaskClient) -> None:
    """A preview is a picture that a browser may keep and ask for again by its ETag."""
    answer = client.get("/v1/faces/space-mono-400/preview.png?text=Hello")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.data)).size == (600, 60)
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    tag = {"If-None-Match": answer.headers["ETag"]}
    again = client.get("/v1/faces/space-mono-400/preview.png?text=Hello", headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/v1/faces/space-mono-400/preview.png?size=20").status_code == 200
    other = client.get("/v1/faces/space-mono-400/preview.png", headers=tag)
    assert other.status_code == 200
    assert other.data != answer.data


def test_preview_refuses(client: FlaskClient) -> None:
    """Unknown faces and long texts are refused; control characters are left out."""
    check_problem(client.get("/v1/faces/nix-400/preview.png"), 404, "unknown-face", "'nix-400'")
    long = client.get("/v1/faces/space-mono-400/preview.png?text=" + "x" * 121)
    check_problem(long, 400, "invalid-parameter", "at most 120")
    assert client.get("/v1/faces/space-mono-400/preview.png?text=%00%0d%0a").status_code == 200


def test_remove(client: FlaskClient) -> None:
    """With the token a family is removed; a second time it is not there."""
    answer = client.delete("/v1/families/space-mono", headers=AUTHORIZED)
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get("/v1/families/space-mono").status_code == 404
    again = client.delete("/v1/families/space-mono", headers=AUTHORIZED)
    check_problem(again, 404, "unknown-family", "'space-mono'")


def test_remove_needs_the_token(client: FlaskClient, fake: FakeCatalog) -> None:
    """Nothing is removed without the right token."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = client.delete("/v1/families/space-mono", headers=headers)
        check_problem(answer, 401, "wrong-token", "Authorization: Bearer TOKEN")
    assert "space-mono" in fake.members
