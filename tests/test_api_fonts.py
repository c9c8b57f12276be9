"""Adding fonts over HTTP: token, names, and what became of each file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.fonts import client_name
from api.replies import AddReply
from index.errors import BusyError, StorageError
from tests.api_fake import AUTHORIZED, LARGE_FORMS, FakeCatalog, check_problem

pytestmark = LARGE_FORMS


def send(client: FlaskClient, *files: tuple[str, bytes], **headers: str) -> TestResponse:
    parts = [(io.BytesIO(content), name) for name, content in files]
    return client.post("/v1/fonts", data={"file": parts}, headers=headers or AUTHORIZED)


def test_added(client: FlaskClient, fake: FakeCatalog) -> None:
    """A new font answers 201, says where its family is, and is found at once."""
    answer = send(client, ("Mine.ttf", b"font Mine"))
    assert answer.status_code == 201
    reply = AddReply.model_validate(answer.get_json())
    assert reply.added[0].family.source == "own"
    assert [face.id for face in reply.added[0].faces] == ["font-mine-400"]
    assert client.get(answer.headers["Location"]).get_json()["name"] == "font Mine"


def test_names_are_ours(client: FlaskClient, fake: FakeCatalog, tmp_path: Path) -> None:
    """Uploads get random names below the data folder, and nothing stays behind there."""
    send(client, ("../../../etc/passwd.ttf", b"font A"), ("C:\\x\\evil.exe", b"font B"))
    first, second = fake.calls["paths"]
    assert first.parent.parent == second.parent.parent == tmp_path / "tmp"
    assert (first.suffix, second.suffix) == (".ttf", ".font")
    assert "passwd" not in first.name
    assert list((tmp_path / "tmp").iterdir()) == []


def test_mixed_files(client: FlaskClient) -> None:
    """One good file among others is 201; the others are named as the client named them."""
    answer = send(client, ("a.ttf", b"font A"), ("b.ttf", b"dup"), ("dir/c.woff2", b"x"))
    assert answer.status_code == 201
    assert answer.get_json()["duplicates"] == [{"name": "b.ttf", "family_id": "space-mono"}]
    assert answer.get_json()["refused"] == [
        {"name": "c.woff2", "code": "not-a-font", "reason": "this is no font file"}
    ]


def test_duplicate(client: FlaskClient) -> None:
    """The same file again is 409 and names the family it is in."""
    answer = send(client, ("b.ttf", b"dup"))
    check_problem(answer, 409, "duplicate-font", "'b.ttf'", "space-mono")
    assert answer.get_json()["duplicates"][0]["family_id"] == "space-mono"


def test_refused(client: FlaskClient) -> None:
    """A file that is no font is 422 with the reason, for one and for several."""
    answer = send(client, ("c.ttf", b"x"))
    check_problem(answer, 422, "font-refused", "'c.ttf': this is no font file")
    assert answer.get_json()["refused"][0]["code"] == "not-a-font"
    both = send(client, ("c.ttf", b"x"), ("d.ttf", b"y"), ("b.ttf", b"dup"))
    check_problem(both, 422, "font-refused", "'c.ttf'", "and 1 more")


def test_no_file(client: FlaskClient) -> None:
    """A request without a file says which field it needs."""
    answer = client.post("/v1/fonts", data={"font": (io.BytesIO(b"x"), "x")}, headers=AUTHORIZED)
    check_problem(answer, 400, "missing-file", "'file'")
    check_problem(client.post("/v1/fonts", headers=AUTHORIZED), 400, "missing-file")


def test_for_everybody(client: FlaskClient, fake: FakeCatalog) -> None:
    """Fonts are private unless the call says otherwise."""
    send(client, ("a.ttf", b"font A"))
    assert fake.calls["public"] is False
    form = {"file": (io.BytesIO(b"font B"), "b.ttf")}
    client.post("/v1/fonts?public=true", data=form, headers=AUTHORIZED)
    assert fake.calls["public"] is True


def test_75_too_large(client: FlaskClient) -> None:
    """More than the server takes in one request is 413."""
    check_problem(send(client, ("a.ttf", bytes(33 * 2**20))), 413, "too-large", "32 MB", "WOFF2")
    whole = send(client, ("a.ttf", bytes(32 * 2**20)))
    check_problem(whole, 422, "font-refused")  # the frame of the form does not count
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    data = {"file": (io.BytesIO(bytes(33 * 2**20)), "a.ttf")}
    answer = client.post("/v1/fonts", data=data, headers=AUTHORIZED, environ_overrides=chunked)
    check_problem(answer, 413, "too-large", "32 MB")
    many = [(f"{i}.ttf", b"x") for i in range(101)]
    check_problem(send(client, *many), 413, "too-large", "100 parts")


def test_busy(client: FlaskClient, fake: FakeCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another writer holds the catalogue the answer is 503 with a time to come back."""

    def busy(*_: object, **__: object) -> None:
        raise BusyError("another writer holds data/fake.lock")

    monkeypatch.setattr(fake, "add_fonts", busy)
    answer = send(client, ("a.ttf", b"font A"))
    check_problem(answer, 503, "busy", "another writer")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.ttf", "a b.ttf"),
        ("../../x.ttf", "x.ttf"),
        ("C:\\fonts\\x.ttf", "x.ttf"),
        ("a\x00\r\nb\u202e.ttf", "ab.ttf"),
        ("x" * 500, "x" * 100),
        ("", "(no name)"),
        (None, "(no name)"),
    ],
)
def test_client_name(name: str | None, shown: str) -> None:
    """A client's name is only shown: its last part, printable, short."""
    assert client_name(name) == shown


def test_a_full_disk_is_said(client: FlaskClient, fake: FakeCatalog, tmp_path: Path) -> None:
    """507 without a path of ours in it, and nothing is left behind."""

    def full(*args: object, **kwargs: object) -> NoReturn:
        raise StorageError(f"{tmp_path} takes no more")

    fake.add_fonts = full  # type: ignore[method-assign]
    answer = send(client, ("Mine.ttf", b"font Mine"))
    check_problem(answer, 507, "storage", "nothing was changed")
    assert str(tmp_path) not in answer.get_data(as_text=True)
    assert list((tmp_path / "tmp").iterdir()) == []
