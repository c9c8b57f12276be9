"""Bad input 76 (docs/bad-inputs.md): JSON bodies, where one is read (`PATCH /v1/families/{id}`)."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from tests import bad_fonts as bad
from tests.api_fake import AUTHORIZED, check_problem
from tests.api_fixtures import Service


@pytest.fixture(scope="module")
def mine(service: Service, sans_path: Path) -> str:
    """The address of a family of the token's own."""
    form = {"file": (io.BytesIO(bad.plain(sans_path, name="To Be Changed")), "a.ttf")}
    answer = service.client.post("/v1/fonts", data=form, headers=AUTHORIZED)
    return answer.headers["Location"]


JSON = "application/json"
CHANGES: dict[str, tuple[bytes, str, int, str, str]] = {
    "76-patch-array-without-end": (b"[" * 60_000, JSON, 400, "bad-request", "nested more than 20"),
    "76-patch-deep-array": (b"[" * 500 + b"]" * 500, JSON, 400, "bad-request", "more than 20"),
    "76-patch-deep-value": (
        b'{"name":' + b"[" * 21 + b"]" * 21 + b"}",
        JSON,
        400,
        "bad-request",
        "nested more than 20",
    ),
    "76-patch-nested-objects": (
        b'{"":' * 10_000 + b"1" + b"}" * 10_000,
        JSON,
        400,
        "bad-request",
        "nested more than 20",
    ),
    "76-patch-100000-arrays": (b"[" * 100_000, JSON, 413, "too-large", "65536 bytes"),
    "76-patch-20000-objects": (
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        JSON,
        413,
        "too-large",
        "65536 bytes",
    ),
    "76-patch-a-byte-too-many": (
        b'{"public": true}'.ljust(65_537),
        JSON,
        413,
        "too-large",
        "65536 bytes",
    ),
    "76-patch-key-twice": (
        b'{"public": false, "public": true}',
        JSON,
        400,
        "bad-request",
        "the key 'public' is there twice",
    ),
    "76-patch-nan": (b'{"public": NaN}', JSON, 400, "bad-request", "NaN is no number"),
    "76-patch-infinity": (b'{"public": -Infinity}', JSON, 400, "bad-request", "-Infinity"),
    "76-patch-1e999": (b'{"public": 1e999}', JSON, 400, "invalid-parameter", "public = inf"),
    "76-patch-10-mb": (b'{"name": "' + b"x" * 10**7 + b'"}', JSON, 413, "too-large", "65536"),
    "76-patch-long-number": (b'{"name": ' + b"9" * 5000 + b"}", JSON, 400, "bad-request", "5000"),
    "76-patch-utf-16": (
        '{"public": true}'.encode("utf-16"),
        "application/json; charset=utf-16",
        400,
        "bad-request",
        "not in UTF-8 (byte 0 is 0xff)",
    ),
    "76-patch-utf-16-without-mark": (
        '{"public": true}'.encode("utf-16-le"),
        JSON,
        400,
        "bad-request",
        "the body is no JSON",
    ),
    "76-patch-bom": (b'\xef\xbb\xbf{"public": true}', JSON, 400, "bad-request", "BOM"),
    "76-patch-not-utf-8": (
        b'{"name": "\xff"}',
        JSON,
        400,
        "bad-request",
        "not in UTF-8 (byte 10 is 0xff)",
    ),
    "76-patch-half-a-pair": (b'{"\\ud800": "x"}', JSON, 400, "bad-request", "surrogate"),
    "76-patch-more-after-it": (b'{"public": true} x', JSON, 400, "bad-request", "Extra data"),
    "76-patch-cut-off": (b'{"public": tr', JSON, 400, "bad-request", "the body is no JSON"),
    "76-patch-empty": (b"", JSON, 400, "bad-request", "the body is no JSON"),
    "76-patch-no-object": (b"[1, 2]", JSON, 400, "bad-request", "an object is needed"),
    "76-patch-null": (b"null", JSON, 400, "bad-request", "an object is needed"),
    "76-patch-json-in-a-string": (
        rb'"{\"public\": true}"',
        JSON,
        400,
        "bad-request",
        "an object is needed",
    ),
    "76-patch-nothing-asked": (b"{}", JSON, 400, "invalid-parameter", "name, public or both"),
    "76-patch-unknown-key": (b'{"colour": 1}', JSON, 400, "invalid-parameter", "colour = 1"),
    "76-patch-null-in-it": (
        b'{"name": null, "public": true}',
        JSON,
        400,
        "invalid-parameter",
        "name is null: leave it out",
    ),
    "76-patch-plain-text": (
        b'{"public": true}',
        "text/plain",
        415,
        "unsupported-type",
        "'text/plain'",
    ),
    "76-patch-form": (
        b"public=true",
        "application/x-www-form-urlencoded",
        415,
        "unsupported-type",
        "Content-Type: application/json",
    ),
    "76-patch-no-type": (b'{"public": true}', "", 415, "unsupported-type", "without a type"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_76_change(service: Service, mine: str, case: str) -> None:
    """JSON that is none, or that two readers would read in two ways, changes nothing."""
    body, kind, status, slug, words = CHANGES[case]
    before = service.client.get(mine, headers=AUTHORIZED).get_json()
    started = time.monotonic()
    answer = service.client.patch(mine, data=body, content_type=kind, headers=AUTHORIZED)
    check_problem(answer, status, slug, words)
    assert time.monotonic() - started < 5 and len(answer.data) < 1000
    assert service.client.get(mine, headers=AUTHORIZED).get_json() == before


def test_76_without_a_length(service: Service, mine: str) -> None:
    """A chunked body is as long as it is: what comes after 64 kB is not cut off and forgotten."""
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    whole = b'{"public": false}'.ljust(65_536)
    for body, status in ((whole, 200), (whole + b" ", 413), (whole + b"x", 413)):
        answer = service.client.patch(
            mine, data=body, content_type=JSON, headers=AUTHORIZED, environ_overrides=chunked
        )
        assert answer.status_code == status, answer.data
        if status == 413:
            check_problem(answer, 413, "too-large", "too much was sent: JSON may have 65536 bytes")
            assert "form" not in answer.text


def test_76_changes_that_are_good(service: Service, mine: str) -> None:
    """What the strictness must not refuse: any letters, blanks around, the last byte allowed."""
    name = "Zo\u00eb \U0001f600"
    for body in (
        json.dumps({"name": name}).encode(),
        json.dumps({"name": name}, ensure_ascii=False).encode(),
        b'\r\n {"public": false} \t'.ljust(65_536),
    ):
        answer = service.client.patch(
            mine, data=body, content_type="Application/JSON; charset=utf-8", headers=AUTHORIZED
        )
        assert (answer.status_code, answer.get_json()["name"]) == (200, name), answer.data
