"""`/openapi.json`, and `/docs` drawn by Swagger UI from files of its Python package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_openapi3_swagger
from flask import Blueprint, Response, current_app, render_template
from flask_openapi3 import OpenAPI

bp = Blueprint(
    "docs",
    __name__,
    static_folder=Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger",
    static_url_path="/docs/swagger",
)
# Swagger UI writes style attributes and draws its icons from data: URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@bp.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of version 1."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.api_doc if isinstance(app, OpenAPI) else {}


@bp.get("/docs")
def docs() -> Response:
    """Every call, with a form to try it; needs no network."""
    return Response(render_template("docs.html"), headers={"Content-Security-Policy": _POLICY})
