"""Tokens over HTTP: who may do what, and that a private family is nobody else's."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.settings import Settings
from tests.api_fake import TOKEN, FakeCatalog, check_problem, client_of, make_client, picture
from tests.catalog_fixtures import built_data, settings
from tests.fake_embedder import FakeEmbedder
from tests.test_api_real import line

__all__ = ["built_data", "settings"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


FIRST = bearer(TOKEN)
WRITES = [("post", "/v1/fonts"), ("delete", "/v1/families/lora"), ("patch", "/v1/families/lora")]
READS = [
    ("get", "/v1/families"),
    ("get", "/v1/families/space-mono"),
    ("get", "/v1/families/space-mono/similar"),
    ("get", "/v1/faces/space-mono-400/preview.png"),
    ("get", "/v1/map"),
    ("get", "/browse"),
    ("get", "/families/space-mono"),
    ("get", "/metrics"),
    ("get", "/v1/token"),
    ("post", "/v1/search"),
    ("post", "/v1/search/batch"),
]


@pytest.fixture
def catalog(settings: Settings) -> Iterator[FontCatalog]:
    """The real catalogue without Lora, which two token holders are about to add."""
    with closing(open_catalog(settings, embedder=FakeEmbedder())) as opened:
        opened.remove_family("lora")
        yield opened


@pytest.fixture
def client(settings: Settings, catalog: FontCatalog) -> FlaskClient:
    return client_of(catalog, settings)


def add(
    client: FlaskClient, path: Path, headers: dict[str, str], query: str = ""
) -> dict[str, Any]:
    form = {"file": (io.BytesIO(path.read_bytes()), "x.woff2")}
    answer = client.post(f"/v1/fonts{query}", data=form, headers=headers)
    assert answer.status_code == 201, answer.data
    return answer.get_json()["added"][0]["family"]


def everything(client: FlaskClient, path: Path, headers: dict[str, str]) -> str:
    """All that the service says about its catalogue, in one text, without times."""
    parts = [
        client.get("/v1/families?limit=200", headers=headers).text,
        client.get("/v1/families?q=lora", headers=headers).text,
        client.get("/v1/families/cantarell", headers=headers).text,
        client.get("/v1/families/cantarell/similar?k=50", headers=headers).text,
        client.get("/families/cantarell", headers=headers).text,
        client.get("/", headers=headers).text,
        client.get("/browse", headers=headers).text,
        client.get("/v1/map", headers=headers).text,
        *re.findall("fontkin_catalogue.*", client.get("/metrics", headers=headers).text),
    ]
    for query in ("", "?k=50", "?source=own", "?weight=100-900"):
        answer = client.post(f"/v1/search{query}", data=line(path), headers=headers).get_json()
        del answer["took_ms"], answer["steps_ms"]
        parts.append(json.dumps(answer))
    return re.sub(r'generation"?: ?\d+|catalogue_generation.*|verdicts_.*', "", "\n".join(parts))


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "no token was sent"),
        ("Bearer ", "no token was sent"),
        ("Bearer wrong", "not one of this server's"),
        (f"Basic {TOKEN}", "Authorization: Bearer TOKEN"),
        (f"Bearer {TOKEN}x", "not one of this server's"),
        (f"Bearer {TOKEN[:-1]}", "not one of this server's"),
        ("Bearer \u00fc", "not one of this server's"),
    ],
)
def test_writing_needs_the_token(
    tmp_path: Path, method: str, path: str, header: str | None, words: str
) -> None:
    """Anything but the token is 401, and nothing is looked at."""
    fake = FakeCatalog()
    headers = {"Authorization": header} if header else {}
    answer = make_client(fake, tmp_path).open(path, method=method, headers=headers)
    check_problem(answer, 401, "wrong-token", words)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="fontkin"'
    assert fake.calls == {} and len(fake.members) == 4


def test_scheme_has_no_case(tmp_path: Path) -> None:
    """`bearer` is as good as `Bearer` (RFC 9110)."""
    headers = {"Authorization": f"bearer {TOKEN}"}
    answer = make_client(FakeCatalog(), tmp_path).delete("/v1/families/space-mono", headers=headers)
    assert answer.status_code == 204


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_server_without_tokens_is_closed(tmp_path: Path, method: str, path: str) -> None:
    """Without any token on the server the writing calls are 403, whatever is sent."""
    client = make_client(FakeCatalog(), tmp_path, token=None)
    for headers in ({}, FIRST):
        answer = client.open(path, method=method, headers=headers)
        check_problem(answer, 403, "writing-disabled", "FONTKIN_API_TOKEN", "scripts.tokens")


@pytest.mark.parametrize(("method", "path"), READS)
def test_anonymous_reading_can_be_switched_off(tmp_path: Path, method: str, path: str) -> None:
    """Then every call that shows something of the catalogue is 401 without a token."""
    client = make_client(FakeCatalog(), tmp_path, anonymous=False)
    headers = {"Accept": "application/json"}
    answer = client.open(path, method=method, headers=headers)
    check_problem(answer, 401, "wrong-token", "Authorization: Bearer TOKEN")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="fontkin"'
    assert client.open(path, method=method, headers=headers | FIRST).status_code in (200, 400)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/fonts", "/map", "/docs"])
def test_a_closed_server_still_answers_health_and_pages(tmp_path: Path, path: str) -> None:
    """Load balancers have no token, and a person needs a page to put one in."""
    assert make_client(FakeCatalog(), tmp_path, anonymous=False).get(path).status_code == 200


def test_every_view_is_in_one_of_the_tables(tmp_path: Path) -> None:
    """A view that nobody thought of needs a token: the open ones are these."""
    app = make_client(FakeCatalog(), tmp_path, anonymous=False).application
    open_paths = {"/", "/fonts", "/map", "/problems", "/docs", "/openapi.json"}
    open_paths |= {"/healthz", "/readyz", "/static/<path:filename>"}
    open_paths |= {"/docs/swagger/<path:filename>"}
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            path = re.sub(r"<[^>]+>", "x", rule.rule)
            versionless = re.sub("/v-[0-9a-f]{12}", "", rule.rule)
            status = client.open(path, method=method, buffered=True).status_code
            assert (status == 401) != (versionless in open_paths), (method, rule.rule, status)


def test_a_bad_token_is_not_taken_for_none(tmp_path: Path) -> None:
    """Whoever sends a token means it: 401 also where anybody may read; `Basic` is a proxy's."""
    client = make_client(FakeCatalog(), tmp_path)
    check_problem(client.get("/v1/families", headers=bearer("x" * 20)), 401, "wrong-token")
    assert client.get("/v1/families", headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_scopes(client: FlaskClient, catalog: FontCatalog) -> None:
    """A token opens what its scopes say, and `/v1/token` says what that is."""
    reader, _ = catalog.tokens.create("acme", ["read"], days=3)
    writer, _ = catalog.tokens.create("acme", ["write"])
    for method, path in WRITES:
        answer = client.open(path, method=method, headers=bearer(reader))
        check_problem(answer, 403, "wrong-scope", "'write'", "--scopes write")
    check_problem(client.get("/v1/families", headers=bearer(writer)), 403, "wrong-scope", "'read'")
    search = client.post("/v1/search", data=picture(), headers=bearer(writer))
    check_problem(search, 403, "wrong-scope", "'read'")
    told = client.get("/v1/token", headers=bearer(reader)).get_json()
    assert (told["kind"], told["name"], told["scopes"]) == ("token", "acme", ["read"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["expires"])
    assert client.get("/v1/token", headers=bearer(writer)).get_json()["scopes"] == ["write"]
    assert client.get("/v1/token", headers=FIRST).get_json()["kind"] == "server"
    assert client.get("/v1/token").get_json()["kind"] == "none"


def test_a_revoked_token_is_closed_at_once(client: FlaskClient, catalog: FontCatalog) -> None:
    """The very next call is refused."""
    text, info = catalog.tokens.create("acme")
    assert client.get("/v1/token", headers=bearer(text)).status_code == 200
    catalog.tokens.revoke(info.id)
    check_problem(client.get("/v1/token", headers=bearer(text)), 401, "wrong-token")


def test_a_private_family_leaves_no_trace(
    client: FlaskClient, catalog: FontCatalog, serif_path: Path
) -> None:
    """For others every answer is what it was before, and the family's own addresses are 404."""
    acme, rival = (bearer(catalog.tokens.create(name)[0]) for name in ("acme", "rival"))
    before = [everything(client, serif_path, who) for who in ({}, rival)]
    family = add(client, serif_path, acme)
    assert (family["public"], family["mine"]) == (False, True)
    for told, who in zip(before, ({}, rival), strict=True):
        assert everything(client, serif_path, who).splitlines() == told.splitlines()
    mine = everything(client, serif_path, acme)
    assert mine.count(family["id"]) > 10
    face = client.get(f"/v1/families/{family['id']}", headers=acme).get_json()["faces"][0]
    for who in ({}, rival):
        for address in (
            f"/v1/families/{family['id']}",
            f"/v1/families/{family['id']}/similar",
            f"/families/{family['id']}",
            face["preview_url"],
        ):
            assert client.get(address, headers=who).status_code == 404
            assert client.get(address, headers=acme).status_code == 200
            assert client.get(address, headers=FIRST).status_code == 200
    for method in ("delete", "patch"):
        sent = {"json": {"public": True}} if method == "patch" else {}
        address = f"/v1/families/{family['id']}"
        answer = client.open(address, method=method, headers=rival, **sent)
        check_problem(answer, 404, "unknown-family")
        unknown = client.open("/v1/families/nobody", method=method, headers=rival, **sent)
        check_problem(unknown, 404, "unknown-family")


def test_k_rows_stay_k_rows(client: FlaskClient, catalog: FontCatalog, serif_path: Path) -> None:
    """A private family that would be first takes nobody's place in another's answer."""
    acme = bearer(catalog.tokens.create("acme")[0])
    family = add(client, serif_path, acme)

    def rows(who: dict[str, str]) -> list[str]:
        answer = client.post("/v1/search?k=3", data=line(serif_path), headers=who).get_json()
        return [match["family"]["id"] for match in answer["matches"]]

    assert rows(acme)[0] == family["id"]
    assert sorted(rows({})) == ["abril-fatface", "cantarell", "courier-prime"]


def test_two_hold_the_same_file(
    client: FlaskClient, catalog: FontCatalog, serif_path: Path
) -> None:
    """Neither learns of the other: no 409, no other's id; one's removal leaves the other's file."""
    acme, rival = (bearer(catalog.tokens.create(name)[0]) for name in ("acme", "rival"))
    one, two = add(client, serif_path, acme), add(client, serif_path, rival)
    assert one["id"] != two["id"] and one["name"] == two["name"] == "Lora"
    for who, own in ((acme, one), (rival, two)):
        answer = client.post("/v1/search?k=50", data=line(serif_path), headers=who).get_json()
        first = answer["matches"][0]
        assert (first["family"]["id"], first["twins"]) == (own["id"], [])
    form = {"file": (io.BytesIO(serif_path.read_bytes()), "x.woff2")}
    again = client.post("/v1/fonts", data=form, headers=acme)
    check_problem(again, 409, "duplicate-font", one["id"])
    assert two["id"] not in again.text
    assert client.delete(f"/v1/families/{one['id']}", headers=acme).status_code == 204
    face = client.get(f"/v1/families/{two['id']}", headers=rival).get_json()["faces"][0]
    drawn = client.get(f"{face['preview_url']}?text=Quartz", headers=rival)
    assert drawn.mimetype == "image/png"


def test_publishing(client: FlaskClient, catalog: FontCatalog, serif_path: Path) -> None:
    """A published family is everybody's to find and still its owner's alone to change."""
    acme, rival = (bearer(catalog.tokens.create(name)[0]) for name in ("acme", "rival"))
    address = f"/v1/families/{add(client, serif_path, acme)['id']}"
    answer = client.patch(address, json={"public": True}, headers=acme)
    assert (answer.status_code, answer.get_json()["public"]) == (200, True)
    assert client.get(address).get_json()["mine"] is False
    assert "Lora" in client.get("/v1/families").text
    for refused in (
        client.patch(address, json={"public": False}, headers=rival),
        client.delete(address, headers=rival),
        client.delete("/v1/families/cantarell", headers=acme),
        client.patch("/v1/families/cantarell", json={"name": "Mine"}, headers=FIRST),
    ):
        check_problem(refused, 403, "not-yours")
    assert client.patch(address, json={"public": False}, headers=acme).status_code == 200
    assert client.get(address).status_code == 404


def test_renaming(client: FlaskClient, catalog: FontCatalog, serif_path: Path) -> None:
    """The name changes wherever it is shown; the id, and so every link, stays."""
    family = add(client, serif_path, FIRST, "?public=true")
    address = f"/v1/families/{family['id']}"
    answer = client.patch(address, json={"name": "  Acme\u202e Serif "}, headers=FIRST)
    assert (answer.get_json()["name"], answer.get_json()["id"]) == ("Acme Serif", family["id"])
    assert client.get("/v1/families?q=acme").get_json()["items"][0]["id"] == family["id"]
    for bad in ({"name": " "}, {"name": ""}, {"name": 5}, {"public": "yes"}, {"owner": "me"}):
        check_problem(client.patch(address, json=bad, headers=FIRST), 400, "invalid-parameter")


def test_answers_are_not_kept_for_others(client: FlaskClient) -> None:
    """A cache between may not give one token's answer to another."""
    for path in ("/v1/families", "/v1/faces/cantarell-400-normal/preview.png", "/v1/nix/x"):
        headers = client.get(path).headers
        if path != "/v1/nix/x":
            assert "Authorization" in headers["Vary"]
            assert "no-store" in headers["Cache-Control"] or "private" in headers["Cache-Control"]


def test_no_token_is_logged(
    client: FlaskClient, catalog: FontCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a good one nor a bad one."""
    text, _ = catalog.tokens.create("acme")
    with caplog.at_level(logging.DEBUG):
        client.get("/v1/token", headers=bearer(text))
        client.get("/v1/token", headers=bearer(text + "x"))
    assert text.rpartition("_")[2] not in caplog.text
