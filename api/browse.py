"""The pages to look around in: all families, one family, the map."""

from __future__ import annotations

from typing import TypeVar, get_origin

from flask import Blueprint, render_template, request
from pydantic import BaseModel

from api import words
from api.context import current_catalog, current_settings
from api.letters import Letters, letter_rows
from api.mapdots import DOTS_SIDE, dots
from api.schemas import BrowseQuery, FamilyPageQuery
from index.regular import regular_first

bp = Blueprint("browse", __name__)

_SIZES = (14, 18, 24, 36, 56, 80)  # pixels to the em at which a text is tried
_SAMPLE = "Sphinx of black quartz, judge my vow"
_Query = TypeVar("_Query", bound=BaseModel)


@bp.get("/browse")
def browse_page() -> str:
    """Is my font in here? A page of families; without scripts every control works too."""
    query = _read(BrowseQuery)
    catalog = current_catalog()
    page = catalog.families(
        q=query.q, filters=query.filters(), limit=query.limit, cursor=query.cursor
    )
    faces = [url.split("/")[-2] for url in page.previews[:_LOOKED_AT]]
    return render_template(
        "browse.html",
        page=page,
        rows=page.rows(),
        query=query,
        given=_given(query),
        drawable=not faces or bool(catalog.drawable(faces)),
        words=words,
        **words.choices(catalog.stats()),
    )


@bp.get("/families/<family_id>")
def family_page(family_id: str) -> str:
    """One family: its faces, letters, licence, twins and kin, in the reader's text."""
    query = _read(FamilyPageQuery)
    catalog = current_catalog()
    detail = catalog.family(family_id)
    drawable = catalog.drawable([face.id for face in detail.faces])
    regular = next(iter(regular_first(detail.faces)), None)
    letters: list[Letters] = letter_rows(detail.characters)
    return render_template(
        "family.html",
        detail=detail,
        query=query,
        given=_given(query),
        regular=regular,
        drawable=drawable,
        letters=letters,
        sizes=_SIZES,
        sample=_SAMPLE,
        license_url=_web(detail.license_url),
        url=_web(detail.family.url),
        kin=catalog.similar(family_id, k=query.k, filters=query.filters()),
        words=words,
        **words.choices(catalog.stats()),
    )


@bp.get("/map")
def map_page() -> str:
    """All families in two dimensions, those that look alike together."""
    catalog, anonymous = current_catalog(), current_settings().anonymous
    # The whole map, so not where one family will be shown from near.
    drawn = dots(catalog.map_places()) if anonymous and "family" not in request.args else {}
    return render_template(
        "map.html",
        anonymous=anonymous,
        dots=drawn,
        side=DOTS_SIDE,
        **words.choices(catalog.stats()),
    )


_LOOKED_AT = 8  # families asked for their files: enough to say whether any are here


def _read(model: type[_Query]) -> _Query:
    """The address's parameters as the HTTP calls take them; raises pydantic's error."""
    many = {name for name, field in model.model_fields.items() if _is_list(field.annotation)}
    lists = request.args.to_dict(flat=False)
    return model.model_validate({k: v if k in many else v[-1] for k, v in lists.items()})


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list


def _given(query: BaseModel) -> dict[str, object]:
    """The parameters that are not as they are by default, to write them into an address again."""
    return query.model_dump(exclude_defaults=True, exclude={"cursor"})


def _web(url: str | None) -> str | None:
    """The address if a browser may be sent there; a font file says what it likes."""
    return url if url and url.startswith(("https://", "http://")) else None
