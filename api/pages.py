"""The pages for search, own fonts, and the list of problems."""

from __future__ import annotations

from flask import Blueprint, render_template

from api.context import current_catalog
from api.problems import KINDS
from api.words import choices

bp = Blueprint("pages", __name__)


@bp.get("/")
def search_page() -> str:
    """Drop a picture, read the families."""
    return render_template("search.html", **choices(current_catalog().stats()))


@bp.get("/fonts")
def fonts_page() -> str:
    """Add, rename, publish and remove fonts of one's own."""
    return render_template("fonts.html", writable=current_catalog().tokens.any())


@bp.get("/problems")
def problems_page() -> str:
    """Where the `type` of a problem leads."""
    return render_template("problems.html", kinds=KINDS)
