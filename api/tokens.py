"""`GET /v1/token`: whether a token is good, and for what."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.context import current_grant
from api.replies import TokenReply, problems
from index.tokens import READ

bp = APIBlueprint("tokens", __name__, abp_tags=[Tag(name="My fonts")])


@bp.get("/v1/token", operation_id="getToken", responses={200: TokenReply, **problems()})
def get_token() -> dict[str, Any]:
    """What the token of this request opens; without one, what everybody may do."""
    grant = current_grant()
    if grant is None:
        return {"kind": "none", "name": None, "scopes": [READ], "expires": None}
    return {
        "kind": "server" if grant.name is None else "token",
        "name": grant.name,
        "scopes": sorted(grant.scopes),
        "expires": grant.expires.isoformat() if grant.expires else None,
    }
