"""Looking around in one view: pages of families by name, one family, counts."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from db.records import FaceRecord, FamilyRecord
from index.answers import FaceDetail, FamilyDetail, FamilyInfo, FamilyPage
from index.errors import QueryError
from index.filters import Filters
from index.names import GUESS, ranks
from index.ranking import preview_url
from index.regular import regular_first
from index.view import View

MAX_LIMIT = 200
_Key = tuple[int, str, str]


def page(view: View, q: str | None, filters: Filters, limit: int, cursor: str | None) -> FamilyPage:
    """At most `limit` (1..200) families whose name or id fits `q`, the best fit first.

    Without `q` they come by name. A cursor names the last family of its page, so it stays good
    while the catalogue changes. Raises `QueryError` for a limit out of range and a cursor that
    is none.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit is {limit}; 1..{MAX_LIMIT} is needed")
    after = None if cursor is None else _decoded(cursor)
    fits = _fits(view, q or "")
    found = sorted(_key(f, fits[f.id]) for f in view.admitted(filters) if f.id in fits)
    rest = [key for key in found if after is None or key > after]
    shown = rest[:limit]
    at = [view.family_at[family_id] for _, _, family_id in shown]
    return FamilyPage(
        items=tuple(view.families[i] for i in at),
        next_cursor=_encoded(shown[-1]) if len(rest) > limit else None,
        total=len(found),
        guessed=bool(found) and found[0][0] >= GUESS,
        previews=tuple(preview_url(view.faces[view.regular_face[i]].id) for i in at),
        face_counts=tuple(int(view.face_count[i]) for i in at),
    )


def detail(
    view: View, record: FamilyRecord, faces: Sequence[FaceRecord], copyright: str | None
) -> FamilyDetail:
    """A family of the view with its rows, its faces' rows and who holds its rights."""
    at = view.family_at[record.id]
    return FamilyDetail(
        family=view.families[at],
        designer=record.designer,
        license_url=record.license_url,
        copyright=copyright,
        characters=regular_first(faces)[0].coverage if faces else "",
        faces=tuple(_face_detail(face) for face in sorted(faces, key=_lightest_first)),
        twins=view.twin_infos(at, Filters()),
    )


def stats(view: View) -> dict[str, Any]:
    """See `FontCatalog.stats`."""
    return {
        **view.info.to_json(),
        "samples": len(view.sample_ids),
        "dim": view.state.dim,
        "prepare_version": view.state.prepare_version,
        "twin_families": len(view.twins),
        "categories": dict(Counter(family.category for family in view.families)),
        "licenses": dict(Counter(family.license for family in view.families)),
        "sources": dict(Counter(family.source for family in view.families)),
        "scripts": dict(Counter(name for family in view.families for name in family.scripts)),
    }


def _lightest_first(face: FaceRecord) -> tuple[int, bool, int, str]:
    return face.weight, face.italic, face.width, face.id


def _face_detail(face: FaceRecord) -> FaceDetail:
    return FaceDetail(
        face.id, face.weight, face.italic, face.width, face.style_name, preview_url(face.id)
    )


def _fits(view: View, q: str) -> dict[str, int]:
    """Family id -> how well its name, or else its id, fits; those that do not are left out."""
    by_name = ranks(q, [family.name for family in view.families])
    fits = {f.id: rank for f, rank in zip(view.families, by_name, strict=True) if rank is not None}
    if q in view.family_at:
        fits[q] = 0
    return fits


def _key(family: FamilyInfo, rank: int) -> _Key:
    return rank, family.name.casefold(), family.id


def _encoded(key: _Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> _Key:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        rank, name, family_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not (isinstance(rank, int) and isinstance(name, str) and isinstance(family_id, str)):
            raise ValueError("not a number and two texts")
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise QueryError(f"cursor {cursor[:40]!r} is not one that a page gave") from error
    return rank, name, family_id
