"""Every error that leaves the service, as RFC 9457 `application/problem+json`.

`KINDS` lists what can go wrong; `problem_of` is the one table from exceptions to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from encoder.picture import PictureError
from index.errors import (
    BusyError,
    NotYoursError,
    PartError,
    QueryError,
    StorageError,
    UnavailableError,
    UnknownFaceError,
    UnknownFamilyError,
)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status and a title that never changes."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "bad-request": Kind(400, "The request cannot be read"),
    "invalid-parameter": Kind(400, "A parameter has a value that is not allowed"),
    "invalid-crop": Kind(400, "The crop is not a rectangle in the picture"),
    "missing-picture": Kind(400, "The request holds no picture"),
    "too-many-pictures": Kind(400, "The request holds too many pictures"),
    "missing-file": Kind(400, "The request holds no font file"),
    "empty": Kind(400, "The picture is empty"),
    "wrong-token": Kind(401, "The token is missing or wrong"),
    "writing-disabled": Kind(403, "This server takes no fonts"),
    "wrong-scope": Kind(403, "The token does not open this call"),
    "not-yours": Kind(403, "The family is not yours to change"),
    "not-found": Kind(404, "There is nothing at this address"),
    "unknown-family": Kind(404, "There is no such family"),
    "unknown-face": Kind(404, "There is no such face"),
    "method-not-allowed": Kind(405, "The address does not take this method"),
    "incomplete": Kind(408, "The request did not come whole in time"),
    "duplicate-font": Kind(409, "The catalogue holds this font file already"),
    "too-large": Kind(413, "The request is too large"),
    "too-large-bytes": Kind(413, "The picture is too large"),
    "too-many-pixels": Kind(413, "The picture has too many pixels"),
    "unsupported-format": Kind(415, "The picture has a format that is not read"),
    "unsupported-type": Kind(415, "The body has a type that is not read"),
    "broken": Kind(422, "The picture is broken"),
    "too-small": Kind(422, "The picture is too small"),
    "font-refused": Kind(422, "The font file was refused"),
    "too-many-requests": Kind(429, "You ask more often than this server allows"),
    "internal-error": Kind(500, "Something went wrong in the service"),
    "busy": Kind(503, "The catalogue is being written"),
    "overloaded": Kind(503, "The service has as much to do as it can"),
    "not-ready": Kind(503, "The service is not ready"),
    "storage": Kind(507, "The server's disk takes no more"),
    # Said by the web server in front (deploy/nginx/fontkin.conf).
    "unreachable": Kind(502, "The service behind the web server does not answer"),
    "too-slow": Kind(504, "The service took longer than the web server waits"),
}


@dataclass
class ProblemError(Exception):
    """Raised anywhere in a view to answer with the problem of kind `slug`.

    `detail` names the offending value and the remedy; `more` holds extension members.
    """

    slug: str
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind in the table; one that is not there counts as a bad request."""
        return KINDS.get(self.slug, KINDS["bad-request"])

    def to_json(self, instance: str, request_id: str) -> dict[str, Any]:
        """The members of RFC 9457, then the extensions; `type` opens as a page."""
        return {
            "type": f"/problems#{self.slug}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
            **self.more,
        }


def shorten(value: object, limit: int = 80) -> str:
    """`repr` of a caller's value, cut so that an answer never echoes a long one back."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def problem_of(error: Exception) -> ProblemError:
    """The problem that `error` stands for; one that nobody expected is an internal error."""
    match error:
        case ProblemError():
            return error
        case PictureError():
            return ProblemError(error.code, str(error))
        case UnknownFamilyError():
            remedy = "look for its name on /browse, or with /v1/families?q=NAME"
            return ProblemError("unknown-family", f"{error}; {remedy}")
        case UnknownFaceError():
            remedy = "/v1/families/ID lists the faces of a family"
            return ProblemError("unknown-face", f"{error}; {remedy}")
        case NotYoursError():
            return ProblemError("not-yours", str(error))
        case QueryError():
            return ProblemError("invalid-parameter", str(error))
        case BusyError():
            detail = "another writer has held the catalogue for too long: try again in a moment"
            return ProblemError("busy", detail, headers={"Retry-After": "5"})
        case StorageError():
            return ProblemError("storage", "nothing was changed; the log names the folder")
        case UnavailableError():
            return _not_ready("a server that the catalogue needs")
        case PartError():
            return _not_ready(f"the {error.part}")
        case ValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
    return ProblemError("internal-error", "the log holds the reason under this request id")


def _not_ready(what: str) -> ProblemError:
    """Hosts, users and statements that an error names are for the log, not for strangers."""
    detail = f"{what} does not answer; the log holds the reason under this request id"
    return ProblemError("not-ready", detail, headers={"Retry-After": "5"})


def _of_validation(error: ValidationError) -> ProblemError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"] if isinstance(part, str)) or "request"
    reason = first["msg"].removeprefix("Value error, ")
    detail = f"{name} = {shorten(first['input'])}: {reason[:1].lower()}{reason[1:]}"
    return ProblemError("invalid-parameter", detail, {"parameter": name})


def _of_http(error: HTTPException) -> ProblemError:
    status = HTTPStatus(error.code or 500)
    default = "bad-request" if status < 500 else "internal-error"
    slug, detail = _HTTP.get(status, (default, error.description or status.description))
    keep = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return ProblemError(slug, detail, headers=keep)


_HTTP = {
    404: ("not-found", "nothing is at this address; /docs lists every one"),
    405: ("method-not-allowed", "the Allow header names the methods that this address takes"),
    413: ("too-large", "the request has more bytes, or more parts, than this address takes"),
}
