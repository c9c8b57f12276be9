"""Adding and removing fonts: the writing calls, behind the token."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage

from api.bodies import FRAME, at_most
from api.context import current_catalog, current_settings
from api.problems import ProblemError, shorten
from api.replies import AddReply, problems
from api.schemas import AddQuery
from index.archives import SUFFIXES
from index.reports import AddReport
from index.scratch import scratch

bp = APIBlueprint("fonts", __name__, abp_tags=[Tag(name="My fonts")], abp_security=[{"token": []}])
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
_FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILES}}}
_BODY = {"required": True, "content": {"multipart/form-data": _FORM}}


@bp.post(
    "/v1/fonts",
    operation_id="addFonts",
    description="TTF, OTF, TTC, WOFF or WOFF2, or zip archives of them. 201 when any face was "
    "added; 409 when every file was there already; 422 when none could be taken. `refused` and "
    "`duplicates` say what became of each of the others.",
    openapi_extensions={"requestBody": _BODY},
    responses={201: AddReply, **problems(409, 413, 422, 507)},
)
def add_fonts(query: AddQuery) -> Response:
    """Add one or more font files; they are found at once, by you alone unless `public`."""
    most = current_settings().max_upload_mb
    words = f"font files may have {most} MB together; send them one by one, or pack them as WOFF2"
    with at_most(request, most * 2**20 + FRAME, words):
        files = request.files.getlist("file")
    if not files:
        raise ProblemError("missing-file", "the form holds no file named 'file': send one or more")
    report = _add(files, query.public)
    if not report.added:
        raise _nothing_added(report)
    response = jsonify(report.to_json())
    response.status_code = 201
    response.headers["Location"] = f"/v1/families/{report.added[0].family.id}"
    return response


def _add(files: Sequence[FileStorage], public: bool) -> AddReport:
    """Hand the uploads to the catalogue under names of ours; the client's are only shown."""
    with scratch(current_settings().data, "upload") as folder:
        paths = [Path(folder, f"font-{secrets.token_hex(8)}{_suffix(f.filename)}") for f in files]
        for file, path in zip(files, paths, strict=True):
            file.save(path)
        names = [client_name(file.filename) for file in files]
        return current_catalog().add_fonts(paths, names=names, public=public)


def client_name(name: str | None) -> str:
    """The last part of a client's file name, printable and short; for showing only."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:100] or "(no name)"


def _suffix(name: str | None) -> str:
    suffix = PurePosixPath(name or "").suffix.lower()
    return suffix if suffix in SUFFIXES else ".font"


def _nothing_added(report: AddReport) -> ProblemError:
    body = report.to_json()
    more: dict[str, Any] = {key: body[key] for key in ("duplicates", "refused")}
    if report.refused:
        refusal = report.refused[0]
        detail = f"{shorten(refusal.name)}: {refusal.reason}"
        return ProblemError("font-refused", _and_more(detail, len(report.refused)), more)
    twice = report.duplicates[0]
    detail = f"{shorten(twice.name)} is in the catalogue already, as {twice.family_id}"
    return ProblemError("duplicate-font", _and_more(detail, len(report.duplicates)), more)


def _and_more(detail: str, count: int) -> str:
    return detail if count == 1 else f"{detail} (and {count - 1} more)"
