"""Pages of families by name, inside one view."""

from __future__ import annotations

import base64
import binascii
import json

from index.answers import FamilyInfo, FamilyPage
from index.errors import QueryError
from index.filters import Filters
from index.view import View

MAX_LIMIT = 200


def page(view: View, q: str | None, filters: Filters, limit: int, cursor: str | None) -> FamilyPage:
    """At most `limit` (1..200) families by name whose name or id holds `q`, after `cursor`.

    A cursor names the last family of its page, so it stays good while the catalogue
    changes. Raises `QueryError` for a limit out of range and a cursor that is none.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit is {limit}; 1..{MAX_LIMIT} is needed")
    after = None if cursor is None else _decoded(cursor)
    needle = " ".join((q or "").casefold().split())
    found = [
        family
        for family in sorted(view.admitted(filters), key=_key)
        if (needle in family.name.casefold() or needle in family.id)
        and (after is None or _key(family) > after)
    ]
    items = tuple(found[:limit])
    return FamilyPage(items, _encoded(items[-1]) if len(found) > limit else None)


def _key(family: FamilyInfo) -> tuple[str, str]:
    return family.name.casefold(), family.id


def _encoded(family: FamilyInfo) -> str:
    return base64.urlsafe_b64encode(json.dumps(_key(family)).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[str, str]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, family_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not (isinstance(name, str) and isinstance(family_id, str)):
            raise ValueError("not two texts")
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise QueryError(f"cursor {cursor[:40]!r} is not one that a page gave") from error
    return name, family_id
