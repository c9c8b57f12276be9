"""How large a body may be, and JSON bodies: read in one place and strictly (RFC 8259)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from api.problems import ProblemError, shorten

FRAME = 64 * 1024  # bytes that a form may have around its files
MAX_PARTS = 100  # of a form
MAX_FIELDS = 512 * 1024  # bytes of a form's text; must exceed the 64 kB in which a file is read
MAX_BYTES = 64 * 1024  # the limits of JSON
MAX_DIGITS = 100
MAX_DEPTH = 20  # far from where Python's own stack would end, in parsing as in error messages


class StrictRequest(Request):
    """A request whose JSON is read by `read_json`, whoever asks for it."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """As `read_json`: flask-openapi3 asks silently, and took what cannot be read for null."""
        return read_json(self)


@contextmanager
def at_most(request: Request, limit: int, words: str, slug: str = "too-large") -> Iterator[None]:
    """The block may read a body of at most `limit` bytes, with a length given or without.

    Raises `ProblemError` `slug` (413) with what was sent and `words`, which name what may be; and
    "too-large" for a form of too many parts.
    """
    request.max_content_length = limit + 1
    try:
        yield
    except RequestEntityTooLarge as error:
        sent, form = request.content_length, ""
        if request.mimetype == "multipart/form-data":
            form = f"a form may have {MAX_PARTS} parts, and {MAX_FIELDS >> 10} kB that are no file"
        if sent is None:
            detail = f"too much was sent: {words}{form and '; '}{form}"
        elif form and sent <= limit:
            slug, detail = "too-large", form
        else:
            detail = f"{sent} bytes were sent: {words}"
        raise ProblemError(slug, detail) from error


def whole_body(request: Request) -> bytes:
    """The body as it came, for a block of `at_most`."""
    data = request.get_data()
    # Werkzeug cuts a body without a length off at its limit, without a word.
    if len(data) == request.max_content_length:
        raise RequestEntityTooLarge
    return data


def read_json(request: Request) -> dict[str, Any]:
    """The object that the body of `request` is.

    Raises `ProblemError`: "unsupported-type" (415) for another type than application/json,
    "too-large" (413) for more than 64 kB, and "bad-request" (400) for what is not UTF-8, no
    JSON, no object, ambiguous (a key twice), or nested too deeply.
    """
    if request.mimetype != "application/json":
        sent = f"as {shorten(request.mimetype)}" if request.mimetype else "without a type"
        detail = f"the body was sent {sent}: send JSON, and 'Content-Type: application/json'"
        raise ProblemError("unsupported-type", detail)
    with at_most(request, MAX_BYTES, f"JSON may have {MAX_BYTES} bytes"):
        data = whole_body(request)
    try:
        value = json.loads(
            _text(data), object_pairs_hook=_object, parse_int=_whole, parse_constant=_no_number
        )
        _check(value)
    except RecursionError as error:
        raise _unreadable(f"it is nested more than {MAX_DEPTH} deep") from error
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(value, dict):
        raise _unreadable(f"an object is needed, like {{...}}, this is {shorten(value)}")
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = f"byte {error.start} is 0x{data[error.start]:02x}"
        raise ValueError(f"it is not in UTF-8 ({wrong})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values for one key mean something else to every reader: refused."""
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shorten(twice)} is there twice")
    return value


def _whole(digits: str) -> int:
    """More digits than Python turns into a number are refused in words of ours."""
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, {MAX_DIGITS} are read")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _check(value: Any) -> None:
    """Raises `ValueError` for deep nesting, and for half of a surrogate pair, which is no text."""
    todo = [(value, 0)]
    while todo:
        item, depth = todo.pop()
        if isinstance(item, str):
            if any("\ud800" <= c <= "\udfff" for c in item):
                raise ValueError(f"half of a surrogate pair is in {shorten(item)}")
        elif isinstance(item, dict | list):
            if depth == MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            inner = [*item, *item.values()] if isinstance(item, dict) else item
            todo += [(part, depth + 1) for part in inner]


def _unreadable(why: str) -> ProblemError:
    return ProblemError("bad-request", f"the body is no JSON that is read here: {why}")
