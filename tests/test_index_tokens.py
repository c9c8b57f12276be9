"""Tokens: what is kept of one, what it opens, and when it does not."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from db.session import Database, open_database
from index.errors import QueryError
from index.locks import WriterLock
from index.tokens import Tokens
from scripts import tokens as command

FIRST = "the-first-token-of-all"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield opened
    opened.close()


@pytest.fixture
def lock(tmp_path: Path) -> WriterLock:
    return WriterLock(tmp_path / "catalog.lock", 10)


@pytest.fixture
def tokens(database: Database, lock: WriterLock) -> Iterator[Tokens]:
    opened = Tokens(database, lock, FIRST)
    yield opened
    opened.close()


def test_only_the_hash_is_kept(tokens: Tokens, tmp_path: Path) -> None:
    """256 bits in the secret; the database holds their SHA-256 and never the secret."""
    text, info = tokens.create("acme")
    prefix, token_id, secret = text.split("_", 2)
    assert (prefix, token_id) == ("fontkin", info.id) and len(secret) == 43
    tokens.close()
    with sqlite3.connect(tmp_path / "catalog.db") as raw:
        (digest,) = raw.execute("SELECT digest FROM token").fetchone()
    raw.close()
    assert digest == hashlib.sha256(secret.encode()).hexdigest()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in files and token_id.encode() in files


def test_what_a_token_opens(tokens: Tokens) -> None:
    """Its scopes, in its name; the first token opens all and is nobody's."""
    text, _ = tokens.create("acme", ["read"])
    grant = tokens.check(text)
    assert grant is not None and (grant.name, grant.scopes) == ("acme", {"read"})
    assert (grant.viewer.name, grant.viewer.everything) == ("acme", False)
    first = tokens.check(FIRST)
    assert first is not None and first.viewer.everything and first.scopes == {"read", "write"}


def test_anything_else_opens_nothing(tokens: Tokens) -> None:
    """A changed secret, another's id, cut, longer, empty, not ASCII."""
    text, _ = tokens.create("acme")
    other, _ = tokens.create("rival")
    mixed = "_".join([*text.split("_")[:2], other.split("_", 2)[2]])
    wrong = [text[:-1], text + "x", mixed, text.upper(), "", "_", "fontkin__", FIRST[:-1], "\ud800"]
    wrong.append(text[:-1] + ("A" if text[-1] != "A" else "B"))
    assert [tokens.check(each) for each in wrong] == [None] * len(wrong)


def test_a_token_ends_with_its_last_day(database: Database, lock: WriterLock) -> None:
    """It is good through the day that it names, and any() knows."""
    now = date(2026, 1, 1)
    text, info = Tokens(database, lock, clock=lambda: now).create("acme", days=10)
    assert info.expires == date(2026, 1, 11)
    last = Tokens(database, lock, clock=lambda: now + timedelta(10))
    late = Tokens(database, lock, clock=lambda: now + timedelta(11))
    assert last.check(text) is not None and last.any()
    assert late.check(text) is None and not late.any()
    assert late.listing()[0].state == "expired"
    last.close()


def test_revoked(tokens: Tokens, database: Database, lock: WriterLock) -> None:
    """Closed at once, in every process; the others go on; it stays in the list."""
    text, info = tokens.create("acme")
    other, _ = tokens.create("acme")
    assert tokens.revoke(info.id).state == "revoked"
    assert tokens.check(text) is None and Tokens(database, lock).check(text) is None
    assert tokens.check(other) is not None
    assert sorted(each.state for each in tokens.listing()) == ["active", "revoked"]
    with pytest.raises(QueryError, match="'nobody'"):
        tokens.revoke("nobody")


def test_the_day_of_the_last_use_is_noted(tokens: Tokens) -> None:
    """The day alone, once a token was used."""
    text, _ = tokens.create("acme")
    assert tokens.listing()[0].last_used is None
    tokens.check(text)
    tokens.close()
    assert isinstance(tokens.listing()[0].last_used, date)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 65, "a\n", "\u00e4"])
def test_bad_names(tokens: Tokens, name: str) -> None:
    """A name that cannot be is refused and shown."""
    with pytest.raises(QueryError, match="token name"):
        tokens.create(name)


def test_bad_scopes_and_days(tokens: Tokens) -> None:
    """So are scopes that there are not, none at all, and days out of range."""
    for scopes in (["admin"], ["read", "x"], []):
        with pytest.raises(QueryError, match="scopes"):
            tokens.create("acme", scopes)
    for days in (0, -1, 3651):
        with pytest.raises(QueryError, match=f"{days} days"):
            tokens.create("acme", days=days)


def test_the_command(
    tmp_path: Path,
    lock: WriterLock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """create prints a token that opens; list and revoke know it by its id."""
    monkeypatch.setenv("FONTKIN_DATA", str(tmp_path))
    monkeypatch.setenv("FONTKIN_PREBUILT", str(tmp_path / "none"))

    def run(*argv: str) -> str:
        assert command.work(command.parser().parse_args(list(argv))) == 0
        return capsys.readouterr().out.strip()

    assert run("list") == "no tokens"
    made = json.loads(run("create", "acme", "--scopes", "read", "--days", "3", "--json"))
    assert run("create", "acme").startswith("fontkin_")
    database = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    checked = Tokens(database, lock)
    grant = checked.check(made["token"])
    assert grant is not None and grant.scopes == {"read"}
    assert "token" not in json.loads(run("list", "--json"))[0]
    assert "revoked" in run("revoke", made["id"])
    assert checked.check(made["token"]) is None
    checked.close()
    database.close()
