"""`POST /v1/search` and `POST /v1/search/batch`."""

from __future__ import annotations

import re
import time
from contextlib import closing
from typing import Any

import numpy as np
from flask import g, request
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage

from api.bodies import FRAME, at_most, whole_body
from api.context import current, current_catalog
from api.observe import searched
from api.problems import ProblemError, problem_of, shorten
from api.replies import BatchReply, SearchReply, problems
from api.schemas import CROP, BatchQuery, SearchQuery
from encoder.boxes import Box
from encoder.picture import MAX_BYTES, PictureError, read_picture

MAX_PICTURES = 50  # of a batch
MAX_BATCH_BYTES = 100 * 2**20

bp = APIBlueprint("search", __name__, abp_tags=[Tag(name="Search")])

_BINARY = {"type": "string", "format": "binary"}


def _form(image: dict[str, Any]) -> dict[str, Any]:
    """The form whose field `image` has this schema."""
    properties = {"image": image}
    only = {"additionalProperties": False}  # `_only_files`
    return {"schema": {"type": "object", "required": ["image"], "properties": properties, **only}}


_ONE = {"multipart/form-data": _form(_BINARY), "image/*": {"schema": _BINARY}}
_PICTURES = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": MAX_PICTURES}
_MANY = {"multipart/form-data": _form(_PICTURES)}


@bp.post(
    "/v1/search",
    operation_id="search",
    description="PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF, at most 20 MB and 40 megapixels, as the "
    "field `image` of a form or as the body itself. The picture is not stored.",
    openapi_extensions={"requestBody": {"required": True, "content": _ONE}},
    responses={200: SearchReply, **problems(408, 413, 415, 422)},
)
def search(query: SearchQuery) -> dict[str, Any]:
    """Find the families that the text in a picture is set in, or is closest to."""
    data, filters = _picture_bytes(), query.filters()
    with current().slots.hold():  # only now: a slow sender keeps nobody waiting
        picture = read_picture(data)
        answer = current_catalog().search(
            picture,
            k=query.k,
            crop=parse_crop(query.crop, picture),
            filters=filters,
            text=query.text,
            proof=query.proof,
            differences=query.differences,
        )
    searched(answer.verdict, answer.steps_ms)
    return answer.to_json()


@bp.post(
    "/v1/search/batch",
    operation_id="search_batch",
    description=f"Up to {MAX_PICTURES} files named `image` in one form, {MAX_BATCH_BYTES >> 20} MB "
    "together. A picture that cannot be read is a problem in its own item.",
    openapi_extensions={"requestBody": {"required": True, "content": _MANY}},
    responses={200: BatchReply, **problems(413)},
)
def search_batch(query: BatchQuery) -> dict[str, Any]:
    """Find the families of many pictures in one call."""
    started = time.perf_counter()
    words = f"the pictures of a batch may have {MAX_BATCH_BYTES >> 20} MB together"
    with at_most(request, MAX_BATCH_BYTES + FRAME, words):
        _only_files()
        files = request.files.getlist("image")
    if not files:
        raise ProblemError("missing-picture", "the form holds no file named 'image'")
    if len(files) > MAX_PICTURES:
        detail = f"{len(files)} pictures were sent: send at most {MAX_PICTURES} at once"
        raise ProblemError("too-many-pictures", detail)
    with current().slots.hold():
        items = [_batch_item(file, query) for file in files]
    return {"items": items, "took_ms": round(1000 * (time.perf_counter() - started), 1)}


def _batch_item(file: FileStorage, query: BatchQuery) -> dict[str, Any]:
    item: dict[str, Any] = {"name": (file.filename or "")[:200], "answer": None, "problem": None}
    with closing(file) as upload:
        data = upload.read()
    try:
        found = current_catalog().search(
            read_picture(data), k=query.k, filters=query.filters(), proof=query.proof
        )
    except PictureError as error:
        problem = problem_of(error)
        return item | {"problem": problem.to_json(request.path, g.get("request_id", ""))}
    searched(found.verdict, found.steps_ms)
    return item | {"answer": found.to_json()}


def _picture_bytes() -> bytes:
    words = f"a picture may have {MAX_BYTES} bytes ({MAX_BYTES >> 20} MB)"
    with at_most(request, MAX_BYTES + FRAME, words, "too-large-bytes"):
        return _sent_bytes()


def _sent_bytes() -> bytes:
    if request.mimetype != "multipart/form-data":
        data = whole_body(request)
        if len(data) < (request.content_length or 0):
            detail = f"{len(data)} of {request.content_length} bytes came: send the picture again"
            raise ProblemError("incomplete", detail)
        return data
    _only_files()
    files = request.files.getlist("image")
    if len(files) != 1:
        got = f"{len(files)} files are" if files else f"only {shorten(sorted(request.files))} is"
        raise ProblemError("missing-picture", f"{got} in the form: send one file named 'image'")
    with closing(files[0]) as upload:
        return upload.read()


def _only_files() -> None:
    if request.form:
        name = next(iter(request.form))
        raise ProblemError(
            "bad-request",
            f"{shorten(name)} was sent as a form field: the only one is the file 'image'; "
            "everything else goes into the query",
        )


def parse_crop(text: str | None, picture: np.ndarray) -> Box | None:
    """The part of `text` that lies in `picture` (`[H, W, 3]`); None for no crop.

    Raises `ProblemError` "invalid-crop" when it is no rectangle or lies outside.
    """
    if text is None or not text.strip(" "):
        return None
    height, width = picture.shape[:2]
    if not re.fullmatch(CROP, text):
        detail = f"crop = {shorten(text)}: four whole numbers x0,y0,x1,y1 are needed"
        raise ProblemError("invalid-crop", detail)
    try:
        box = Box(*(int(part) for part in text.split(",")))
    except ValueError as error:
        detail = f"crop = {shorten(text)}: x0,y0,x1,y1 with x0 < x1 and y0 < y1 are needed"
        raise ProblemError("invalid-crop", detail) from error
    try:
        return box.within(width, height)
    except ValueError as error:
        detail = f"crop = {shorten(text)} lies outside the picture of {width} x {height} pixels"
        raise ProblemError("invalid-crop", detail) from error
