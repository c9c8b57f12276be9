"""`/openapi.json`, and `/docs`: every call with a form to try it and lines to copy."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask_openapi3 import OpenAPI
from markupsafe import Markup, escape

from api import apidoc
from api.context import current_settings

bp = Blueprint("docs", __name__)


@bp.app_template_filter("code")
def code(text: str) -> Markup:
    """What stands between backticks as HTML code, all else as text."""
    parts = [escape(part) for part in text.split("`")]
    pairs = zip_longest(parts[::2], parts[1::2])
    return Markup("").join(
        plain if quoted is None else plain + Markup("<code>") + quoted + Markup("</code>")
        for plain, quoted in pairs
    )


@bp.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of version 1."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.api_doc if isinstance(app, OpenAPI) else {}


@bp.get("/docs")
def docs() -> str:
    """The calls; `?call=` names the one whose lines show the address's other parameters."""
    given = request.args.to_dict()
    filled = given.pop("call", None)
    base = request.url_root
    shown = []
    for call in apidoc.calls(openapi()):
        values = given if call.id == filled else {}
        lines = (apidoc.curl(call, base, values), apidoc.python(call, base, values))
        shown.append((call, values, *lines))
    return render_template("docs.html", calls=shown, anonymous=current_settings().anonymous)
