"""The catalogue: families, their kin, previews of faces, and removing a family."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag

from api.context import current_catalog
from api.replies import HEADERS, FamiliesReply, FamilyReply, MapReply, SimilarReply, problems
from api.schemas import (
    FacePath,
    FamiliesQuery,
    FamilyChange,
    FamilyPath,
    PreviewQuery,
    SimilarQuery,
)

bp = APIBlueprint("families", __name__, abp_tags=[Tag(name="Catalogue")])
_PICTURE = {
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/png", "image/webp")
    },
    "headers": HEADERS,
}


@bp.get("/v1/families", operation_id="listFamilies", responses={200: FamiliesReply, **problems()})
def list_families(query: FamiliesQuery) -> dict[str, Any]:
    """List families by name; `next_cursor` opens the next page.

    `q` is tolerant of case, spaces, accents and, when no name holds it, of typos.
    """
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
    responses={204: None, **problems(404, 507)},
)
def remove_family(path: FamilyPath) -> tuple[str, int]:
    """Remove a family with all its faces."""
    current_catalog().remove_family(path.id)
    return "", 204


@bp.patch(
    "/v1/families/<id>",
    operation_id="changeFamily",
    security=[{"token": []}],
    responses={200: FamilyReply, **problems(404, 413, 415, 507)},
)
def change_family(path: FamilyPath, body: FamilyChange) -> dict[str, Any]:
    """Show a family of yours to everybody, or to nobody else again, or give it another name."""
    return current_catalog().change_family(path.id, name=body.name, public=body.public).to_json()


@bp.get("/v1/map", operation_id="familyMap", responses={200: MapReply, **problems()})
def family_map() -> Response:
    """All families in two dimensions, those that look alike together."""
    catalog = current_catalog()
    places = catalog.map_places()
    default = [f"{place.family.id}-400-normal" for place in places]
    columns = {
        "generation": catalog.stats()["generation"],
        "ids": [place.family.id for place in places],
        "names": [place.family.name for place in places],
        "categories": [place.family.category for place in places],
        "faces": [
            "" if p.face_id == d else p.face_id for p, d in zip(places, default, strict=True)
        ],
        "x": [place.x for place in places],
        "y": [place.y for place in places],
        "own": [at for at, place in enumerate(places) if place.family.source == "own"],
    }
    response = jsonify(columns)
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


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
    preview = current_catalog().preview(path.id, text or None, query.size)
    response = Response(preview.data, mimetype=preview.mimetype)
    response.add_etag()
    # A specimen in place of the text is asked for again: the font file may be on its way.
    kept = "no-cache" if text and preview.mimetype == "image/webp" else "max-age=3600"
    response.headers["Cache-Control"] = f"private, {kept}"
    response.make_conditional(request)
    return response
