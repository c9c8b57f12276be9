"""`POST /v1/search` over a catalogue that answers by rule."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from api.observe import JsonFormatter
from api.replies import BatchReply, SearchReply
from encoder.boxes import Box
from index.filters import Filters
from tests.api_fake import LARGE_FORMS, FakeCatalog, check_problem, picture

pytestmark = LARGE_FORMS


def form(data: bytes, field: str = "image") -> dict[str, object]:
    return {field: (io.BytesIO(data), "../../etc/x.png")}


def test_answer_has_the_shape_of_the_description(client: FlaskClient) -> None:
    """A search answers 200 with exactly the members that OpenAPI describes."""
    answer = client.post("/v1/search", data=form(picture()))
    assert answer.status_code == 200
    reply = SearchReply.model_validate(answer.json)
    assert [match.family.id for match in reply.matches] == [
        "playfair-display",
        "abril-fatface",
        "roboto-slab",
        "space-mono",
    ]
    assert answer.json["verdict"] == "match"
    assert answer.json["matches"][0]["score"] == 0.97
    assert answer.json["matches"][0]["twins"] == [{"id": "playfair", "name": "Playfair"}]
    assert answer.json["catalogue"]["generation"] == 3
    assert answer.json["took_ms"] == 1.3
    assert answer.json["steps_ms"] == {"vote": 1.0}


def test_the_log_says_what_took_its_time(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The steps of a slow search stand in its line, those of a batch together; a picture that
    was refused has none.
    """
    with caplog.at_level(logging.INFO, "fontkin.api"):
        client.post("/v1/search", data=form(picture()))
        client.post("/v1/search", data=form(b"no picture"))
        client.post("/v1/search/batch", data=many(picture(), picture(), picture()))
    lines = (json.loads(JsonFormatter().format(each)) for each in caplog.records)
    searched, refused, batch = lines
    assert (searched["status"], searched["steps_ms"]) == (200, {"vote": 1.0})
    assert (batch["status"], batch["steps_ms"]) == (200, {"vote": 3.1})  # 1.04 each
    assert refused["status"] == 415 and "steps_ms" not in refused


def test_text_and_proof_reach_the_catalogue(client: FlaskClient, fake: FakeCatalog) -> None:
    """What the user says stands in the answer; without a word the catalogue reads and proves."""
    answer = client.post("/v1/search?text=Hello+you&crop=0,0,30,20", data=form(picture()))
    assert answer.json["regions"][0]["text"] == "Hello you"
    assert (fake.calls["text"], fake.calls["proof"]) == ("Hello you", True)
    client.post("/v1/search?proof=false", data=form(picture()))
    assert (fake.calls["text"], fake.calls["proof"]) == (None, False)
    assert fake.calls["differences"] == 0
    client.post("/v1/search?differences=3", data=form(picture()))
    assert fake.calls["differences"] == 3


@pytest.mark.parametrize("query", ["proof=perhaps", "differences=11", "text=" + "x" * 1001])
def test_a_bad_text_or_proof(client: FlaskClient, query: str) -> None:
    """Too long, or neither yes nor no: a problem that names the parameter."""
    answer = client.post(f"/v1/search?{query}", data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", query.split("=")[0])


@pytest.mark.parametrize("megabytes", [0.2, 0.4])
def test_a_picture_of_ordinary_weight_passes(client: FlaskClient, megabytes: float) -> None:
    """A form's file may be larger than what may stay in memory of its other fields."""
    data = picture() + bytes(int(megabytes * 2**20))
    assert client.post("/v1/search", data=form(data)).status_code == 200


@pytest.mark.parametrize("mimetype", ["image/png", "application/x-www-form-urlencoded", None])
def test_raw_body_is_a_picture(
    client: FlaskClient, fake: FakeCatalog, mimetype: str | None
) -> None:
    """The body itself may be the picture, whatever its type is called (curl --data-binary)."""
    answer = client.post("/v1/search", data=picture(40, 30), content_type=mimetype)
    assert answer.status_code == 200
    assert fake.calls["shape"] == (30, 40, 3)


def test_parameters_reach_the_catalogue(client: FlaskClient, fake: FakeCatalog) -> None:
    """k, the crop and repeated or comma-separated filters arrive as typed values."""
    url = "/v1/search?k=2&crop=10,20,200,90&category=serif,display&category=monospace"
    url += "&license=OFL-1.1&source=google&script=greek&weight=300-500"
    fake.members = {
        key: replace(family, scripts=frozenset({"greek", "latin"}))
        for key, family in fake.members.items()
    }
    answer = client.post(url, data=form(picture()))
    assert [m["family"]["id"] for m in answer.json["matches"]] == [
        "playfair-display",
        "abril-fatface",
    ]
    assert fake.calls["k"] == 2
    assert fake.calls["crop"] == Box(10, 20, 200, 90)
    assert fake.calls["filters"] == Filters(
        frozenset({"serif", "display", "monospace"}),
        frozenset({"OFL-1.1"}),
        frozenset({"google"}),
        frozenset({"greek"}),
        (300, 500),
    )


@pytest.mark.parametrize("weight", ["bold", "700-300", "0", "300-", "2000", "-1", "1e2"])
def test_a_weight_that_is_none(client: FlaskClient, weight: str) -> None:
    """Words, reversed ranges and what no font has: the value and what would do."""
    answer = client.post(f"/v1/search?weight={weight}", data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", f"weight is '{weight}'")


def test_empty_filters_filter_nothing(client: FlaskClient, fake: FakeCatalog) -> None:
    """`category=` as an empty form field sends it means no filter."""
    client.post("/v1/search?category=&license=&source=&script=&weight=", data=form(picture()))
    assert fake.calls["filters"] == Filters()


def test_79_filters_that_leave_nothing_are_no_error(client: FlaskClient) -> None:
    """A value that no family has answers 200 without matches."""
    answer = client.post("/v1/search?category=blackletter", data=form(picture()))
    assert (answer.status_code, answer.json["matches"]) == (200, [])
    assert answer.json["verdict"] == "unknown"


def test_crop_is_cut_to_the_picture(client: FlaskClient, fake: FakeCatalog) -> None:
    """A crop that reaches over the edge is searched where it lies inside."""
    answer = client.post("/v1/search?crop=-5,-1,9999,50", data=form(picture(300, 100)))
    assert answer.status_code == 200
    assert fake.calls["crop"] == Box(0, 0, 300, 50)


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        pytest.param("1,2,3", "four whole numbers", id="80-three-numbers"),
        pytest.param("a,b,c,d", "four whole numbers", id="80-letters"),
        pytest.param("NaN,0,10,10", "four whole numbers", id="80-nan"),
        pytest.param("0.5,0,10,10", "four whole numbers", id="80-fractions"),
        pytest.param("1_0,0,99,99", "four whole numbers", id="80-underscore"),
        pytest.param("50,50,10,10", "x0 < x1", id="80-inverted"),
        pytest.param("10,10,10,20", "x0 < x1", id="80-no-area"),
        pytest.param("300,0,400,100", "outside the picture of 300 x 100", id="80-outside"),
        pytest.param("-20,-20,-10,-10", "outside the picture of 300 x 100", id="80-negative"),
    ],
)
def test_bad_crop(client: FlaskClient, crop: str, words: str) -> None:
    """A crop that is no rectangle in the picture is refused by its value."""
    answer = client.post("/v1/search", query_string={"crop": crop}, data=form(picture()))
    check_problem(answer, 400, "invalid-crop", repr(crop), words)


@pytest.mark.parametrize(
    "k",
    [
        pytest.param("0", id="77-zero"),
        pytest.param("-1", id="77-negative"),
        pytest.param("51", id="77-one-too-many"),
        pytest.param("1000000000", id="77-thousand-million"),
        pytest.param("5.5", id="77-fraction"),
        pytest.param('"5"', id="77-text"),
        pytest.param("true", id="77-true"),
        pytest.param("null", id="77-null"),
        pytest.param("[]", id="77-list"),
        pytest.param("", id="77-blank"),
        pytest.param("x", id="77-letter"),
    ],
)
def test_bad_k(client: FlaskClient, k: str) -> None:
    """Only whole numbers from 1 to 50 are a k."""
    answer = client.post("/v1/search", query_string={"k": k}, data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", f"k = {k!r}")
    assert answer.json["parameter"] == "k"


def test_unknown_parameter(client: FlaskClient) -> None:
    """A misspelt filter is an error, not an unfiltered answer."""
    answer = client.post("/v1/search?catgory=serif", data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", "catgory", "serif")


def test_79_unknown_source_and_too_many_terms(client: FlaskClient) -> None:
    """`source` has two values, and a filter at most fifty terms."""
    answer = client.post("/v1/search?source=adobe", data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", "source = 'adobe'", "google")
    many = ",".join(str(i) for i in range(5000))
    answer = client.post("/v1/search", query_string={"category": many}, data=form(picture()))
    check_problem(answer, 400, "invalid-parameter", "category", "50")
    assert len(answer.json["detail"]) < 400


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        (b"", 400, "empty"),
        (b"\x00", 415, "unsupported-format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported-format"),
        (b'{"image": 1}', 415, "unsupported-format"),
        (picture()[:40], 422, "broken"),
        (picture(3, 3), 422, "too-small"),
        (picture(8000, 5001), 413, "too-many-pixels"),
    ],
)
@pytest.mark.parametrize("as_form", [True, False])
def test_bad_pictures(
    client: FlaskClient, data: bytes, status: int, slug: str, as_form: bool
) -> None:
    """What cannot be read answers with the reason, sent either way."""
    answer = client.post("/v1/search", data=form(data) if as_form else data)
    check_problem(answer, status, slug)


def test_75_too_many_bytes(client: FlaskClient) -> None:
    """More than 20 MB are refused, naming both numbers, form or not, length given or not."""
    data = bytes(21 * 2**20)
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    for make in (lambda: form(data), lambda: data):
        for how in ({}, chunked):
            answer = client.post("/v1/search", data=make(), environ_overrides=how)
            check_problem(answer, 413, "too-large-bytes", f"picture may have {20 * 2**20} bytes")


def test_no_picture(client: FlaskClient) -> None:
    """A form without `image` names the fields it has instead."""
    check_problem(
        client.post("/v1/search", data=form(picture(), "img")), 400, "missing-picture", "img"
    )
    both = {"image": [(io.BytesIO(picture()), "a"), (io.BytesIO(picture()), "b")]}
    check_problem(client.post("/v1/search", data=both), 400, "missing-picture", "2 files")
    text = client.post("/v1/search", data={"image": "hello"}, content_type="multipart/form-data")
    check_problem(text, 400, "bad-request", "'image'", "form field")
    also = {**form(picture()), "k": "3"}
    check_problem(client.post("/v1/search", data=also), 400, "bad-request", "'k'", "query")


def test_broken_boundary(client: FlaskClient) -> None:
    """A multipart body that does not hold what its header says is a bad request."""
    answer = client.post("/v1/search", data=b"junk", content_type="multipart/form-data")
    assert answer.status_code == 400
    answer = client.post("/v1/search", data=b"junk", content_type="multipart/form-data; boundary=x")
    check_problem(answer, 400, "missing-picture")


def test_surprise_shows_no_traceback(client: FlaskClient, fake: FakeCatalog) -> None:
    """An unexpected error answers 500 with the request id and nothing of the reason."""
    fake.fails = RuntimeError("secret path /srv/x")
    answer = client.post("/v1/search", data=form(picture()), headers={"X-Request-ID": "abc-1"})
    check_problem(answer, 500, "internal-error")
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "abc-1"
    assert b"secret" not in answer.data
    assert b"Traceback" not in answer.data


def many(*pictures: bytes) -> dict[str, object]:
    return {"image": [(io.BytesIO(data), f"{i}.png") for i, data in enumerate(pictures)]}


def test_a_batch_answers_each_picture(client: FlaskClient, fake: FakeCatalog) -> None:
    """Answers and problems in the order sent; parameters hold for all."""
    sent = many(picture(), b"no picture", picture(40, 30))
    answer = client.post("/v1/search/batch?k=2&category=serif", data=sent)
    assert answer.status_code == 200
    reply = BatchReply.model_validate(answer.json)
    assert [item.name for item in reply.items] == ["0.png", "1.png", "2.png"]
    assert [item.answer is None for item in reply.items] == [False, True, False]
    assert [m.family.id for m in reply.items[0].answer.matches] == [
        "playfair-display",
        "roboto-slab",
    ]
    problem = reply.items[1].problem
    assert (problem.status, problem.type) == (415, "/problems#unsupported-format")
    assert fake.calls["shape"] == (30, 40, 3)


@pytest.mark.parametrize(
    ("data", "status", "slug", "words"),
    [
        ({}, 400, "missing-picture", "image"),
        (many(*[picture(9, 9)] * 51), 400, "too-many-pictures", "51 pictures"),
        ({**form(picture()), "k": "3"}, 400, "bad-request", "'k'"),
    ],
)
def test_bad_batches(
    client: FlaskClient, data: dict[str, object], status: int, slug: str, words: str
) -> None:
    """No picture, too many, or a field that is none."""
    answer = client.post("/v1/search/batch", data=data, content_type="multipart/form-data")
    check_problem(answer, status, slug, words)


def test_a_batch_may_not_be_too_heavy(client: FlaskClient) -> None:
    """More than 100 MB together are refused, whatever a single picture has."""
    announced = {"CONTENT_LENGTH": str(101 * 2**20)}
    sent = many(picture())
    answer = client.post("/v1/search/batch", data=sent, environ_overrides=announced)
    check_problem(answer, 413, "too-large")
