"""The catalogue: families, their kin, previews of faces, and removing a family."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from api.context import current_catalog
from api.replies import FamiliesReply, FamilyReply, SimilarReply, problems
from api.schemas import FacePath, FamiliesQuery, FamilyPath, PreviewQuery, SimilarQuery
from api.security import require_token

bp = APIBlueprint("families", __name__, abp_tags=[Tag(name="Catalogue")])
_PICTURE = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


@bp.get("/v1/families", operation_id="listFamilies", responses={200: FamiliesReply, **problems()})
def list_families(query: FamiliesQuery) -> dict[str, Any]:
    """List families by name; `next_cursor` opens the next page."""
    page = current_catalog().families(
        q=query.q, filters=query.filters(), limit=query.limit, cursor=query.cursor
    )
    return page.to_json()


@bp.get(
    "/v1/families/<id>",
    operation_id="getFamily",
    responses={200: FamilyReply, **problems(404)},
)
def get_family(path: FamilyPath) -> dict[str, Any]:
    """One family with its faces and twins."""
    return current_catalog().family(path.id).to_json()


# On this blueprint because the description keeps one entry per address and blueprint.
@bp.delete(
    "/v1/families/<id>",
    operation_id="removeFamily",
    security=[{"token": []}],
    responses={204: None, **problems(401, 403, 404)},
)
def remove_family(path: FamilyPath) -> tuple[str, int]:
    """Remove a family with all its faces."""
    require_token()
    current_catalog().remove_family(path.id)
    return "", 204


@bp.get(
    "/v1/families/<id>/similar",
    operation_id="similarFamilies",
    responses={200: SimilarReply, **problems(404)},
)
def similar_families(path: FamilyPath, query: SimilarQuery) -> dict[str, Any]:
    """The kin of a family of the catalogue, closest first."""
    rows = current_catalog().similar(path.id, k=query.k, filters=query.filters())
    return {"matches": [row.to_json() for row in rows]}


@bp.get(
    "/v1/faces/<id>/preview.png",
    operation_id="previewFace",
    responses={200: _PICTURE, **problems(404)},
)
def preview_face(path: FacePath, query: PreviewQuery) -> Response:
    """The text drawn in the face, or the stored specimen where the font file is not here."""
    text = "".join(c for c in query.text or "" if c.isprintable()).strip()
    preview = current_catalog().preview(path.id, text or None)
    response = Response(preview.data, mimetype=preview.mimetype)
    response.add_etag()
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.make_conditional(request)
    return response
