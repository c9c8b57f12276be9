"""The pages for search, own fonts, and the list of problems."""

from __future__ import annotations

from flask import Blueprint, render_template

from api import words
from api.context import current_catalog, current_settings
from api.problems import KINDS
from encoder.picture import MAX_BYTES

bp = Blueprint("pages", __name__)

# What becomes of what a person gives to the search page.
_FORGOTTEN = "Neither the picture nor its words are stored."
_REMEMBERED = (
    "The picture is not stored. Its answer, with the words, stays in the server’s memory for ten "
    "minutes, in case the same picture is asked again."
)


@bp.get("/")
def search_page() -> str:
    """Drop a picture, read the families."""
    known = words.choices(current_catalog().stats())
    kept = _REMEMBERED if current_settings().remembers else _FORGOTTEN
    return render_template("search.html", most_mb=MAX_BYTES >> 20, kept=kept, words=words, **known)


@bp.get("/fonts")
def fonts_page() -> str:
    """Add, rename, publish and remove fonts of one's own."""
    writable, most_mb = current_catalog().tokens.any(), current_settings().max_upload_mb
    return render_template("fonts.html", writable=writable, most_mb=most_mb, words=words)


@bp.get("/problems")
def problems_page() -> str:
    """Where the `type` of a problem leads."""
    return render_template("problems.html", kinds=KINDS)
