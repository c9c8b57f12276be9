"""The service over the real catalogue: real fonts, database and FAISS, a small embedder."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from api.observe import JsonFormatter
from api.replies import AddReply, FamilyReply, SearchReply
from encoder.fontfile import read_faces
from encoder.reference import draw_reference, reference_lines
from index.catalog import FontCatalog
from index.settings import Settings
from index.stores.faiss import FaissStore
from tests.api_fake import AUTHORIZED, check_problem
from tests.catalog_fixtures import built_data, catalog, settings
from tests.fake_embedder import FakeEmbedder

__all__ = ["built_data", "catalog", "settings"]


@pytest.fixture
def client(settings: Settings, catalog: FontCatalog) -> FlaskClient:
    return create_app(settings, catalog=catalog).test_client()


def line(path: Path) -> bytes:
    """A PNG of a line that the catalogue holds of this font: the small embedder knows no other."""
    face = read_faces(path)[0]
    out = io.BytesIO()
    reference = draw_reference(face.ref, reference_lines(face.coverage)[0])
    Image.fromarray(reference).convert("L").save(out, "PNG")
    return out.getvalue()


def found(client: FlaskClient, picture: bytes, query: str = "", **headers: str) -> list[str]:
    answer = client.post(f"/v1/search{query}", data=picture, headers=headers)
    assert answer.status_code == 200, answer.data
    return [match.family.id for match in SearchReply.model_validate(answer.json).matches]


def test_search_finds_the_family(client: FlaskClient, serif_path: Path, sans_path: Path) -> None:
    """A line set in a font of the catalogue finds its family first."""
    assert found(client, line(serif_path))[0] == "lora"
    assert found(client, line(sans_path))[0] == "cantarell"


def test_filters_hold(client: FlaskClient, serif_path: Path) -> None:
    """Filters choose what is searched, not what is thrown away afterwards."""
    assert found(client, line(serif_path), "?category=monospace&k=5") == ["courier-prime"]
    assert found(client, line(serif_path), "?source=own") == []


def test_crop_chooses_the_line(client: FlaskClient, serif_path: Path, sans_path: Path) -> None:
    """Of two lines in one picture the crop says which is meant."""
    upper, lower = (Image.open(io.BytesIO(line(p))) for p in (serif_path, sans_path))
    both = Image.new("L", (max(upper.width, lower.width), upper.height + lower.height), 255)
    both.paste(upper, (0, 0))
    both.paste(lower, (0, upper.height))
    out = io.BytesIO()
    both.save(out, "PNG")
    width, middle, height = both.width, upper.height, both.height
    assert found(client, out.getvalue(), f"?crop=0,0,{width},{middle}")[0] == "lora"
    assert found(client, out.getvalue(), f"?crop=0,{middle},{width},{height}")[0] == "cantarell"


def test_no_text(client: FlaskClient) -> None:
    """A white picture has no text, which is an answer."""
    out = io.BytesIO()
    Image.new("RGB", (200, 80), "white").save(out, "PNG")
    answer = client.post("/v1/search", data=out.getvalue())
    assert (answer.status_code, answer.get_json()["verdict"]) == (200, "no_text")


def test_families(client: FlaskClient) -> None:
    """Pages of families follow one another by their cursor, and a forged one is refused."""
    names, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/families?limit=3" + (f"&cursor={cursor}" if cursor else "")).json
        assert page is not None
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert names == ["Abril Fatface", "Cantarell", "Courier Prime", "Lora"]
    check_problem(client.get("/v1/families?cursor=forged"), 400, "invalid-parameter", "'forged'")


def test_family_and_previews(client: FlaskClient) -> None:
    """Every face of a family has a preview, in the text that was asked for."""
    family = FamilyReply.model_validate(client.get("/v1/families/lora").json)
    assert family.license == "OFL-1.1"
    for face in family.faces:
        own = client.get(face.preview_url)
        asked = client.get(face.preview_url + "?text=Quartz")
        assert (own.status_code, asked.status_code) == (200, 200)
        assert own.data != asked.data
        assert Image.open(io.BytesIO(asked.data)).width > 100


def test_similar(client: FlaskClient) -> None:
    """Kin of a family are all others, and never itself."""
    answer = client.get("/v1/families/lora/similar?k=50").json
    assert answer is not None
    assert {m["family"]["id"] for m in answer["matches"]} == {
        "abril-fatface",
        "cantarell",
        "courier-prime",
    }


def test_add_find_and_remove(client: FlaskClient, serif_path: Path, settings: Settings) -> None:
    """A font that was removed and is added again as one's own is found at once."""
    send = {"headers": AUTHORIZED}
    assert client.delete("/v1/families/lora", **send).status_code == 204
    assert "lora" not in found(client, line(serif_path))
    answer = client.post(
        "/v1/fonts", data={"file": (serif_path.open("rb"), "../../My Lora.woff2")}, **send
    )
    assert answer.status_code == 201, answer.data
    added = AddReply.model_validate(answer.json).added[0]
    assert (added.family.name, added.family.source) == ("Lora", "own")
    assert found(client, line(serif_path), "?source=own", **AUTHORIZED) == [added.family.id]
    assert found(client, line(serif_path), "?source=own") == []
    assert not [p for p in settings.data.rglob("*") if "My Lora" in p.name]
    again = client.post("/v1/fonts", data={"file": (serif_path.open("rb"), "x.woff2")}, **send)
    check_problem(again, 409, "duplicate-font", "'x.woff2'", added.family.id)
    assert client.delete(f"/v1/families/{added.family.id}", **send).status_code == 204
    assert found(client, line(serif_path), "?source=own") == []


def test_refused_font(client: FlaskClient, serif_path: Path) -> None:
    """Half a font is refused with the reason of the reader and the client's name."""
    half = serif_path.read_bytes()[:2000]
    data = {"file": (io.BytesIO(half), "half.woff2")}
    answer = client.post("/v1/fonts", data=data, headers=AUTHORIZED)
    check_problem(answer, 422, "font-refused", "'half.woff2'")
    assert answer.json is not None
    assert answer.json["refused"][0]["code"]


def test_ready(client: FlaskClient) -> None:
    """Database, index and encoder answer."""
    assert client.get("/readyz").status_code == 200
    assert "fontkin_catalogue_families 4.0" in client.get("/metrics").text


def fail(*_: object, **__: object) -> NoReturn:
    raise OSError("host 10.0.0.7, user fontkin")


def lose_the_database(settings: Settings, _: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(settings.data / "catalog.db")) as other, other:
        other.execute("DROP TABLE state")


def lose_the_index(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FaissStore, "search", fail)


def lose_the_encoder(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeEmbedder, "embed_windows", fail)


@pytest.mark.parametrize(
    ("lose", "part", "words"),
    [
        (lose_the_database, "database", "no such table: state"),
        (lose_the_index, "index", "host 10.0.0.7, user fontkin"),
        (lose_the_encoder, "encoder", "host 10.0.0.7, user fontkin"),
    ],
)
def test_not_ready(
    client: FlaskClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lose: Callable[[Settings, pytest.MonkeyPatch], None],
    part: str,
    words: str,
) -> None:
    """Strangers learn which part does not answer; the log has its words under the request id."""
    lose(settings, monkeypatch)
    answer = client.get("/readyz", headers={"X-Request-ID": f"asked-for-the-{part}"})
    check_problem(answer, 503, "not-ready", f"the {part} does not answer; the log holds")
    assert words not in answer.text and "SELECT" not in answer.text
    (line,) = (json.loads(JsonFormatter().format(record)) for record in caplog.records)
    assert line["request_id"] == f"asked-for-the-{part}"
    assert words in line["error"]
