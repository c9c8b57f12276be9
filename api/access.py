"""Who asks: the token of a request, what it opens, and what is open to everybody."""

from __future__ import annotations

from flask import Flask, Response, g, request

from api.context import current, current_grant, current_settings
from api.problems import ProblemError
from index.tokens import READ, WRITE

# Views that show nothing of the catalogue but its public part's size, or check nothing but the
# token: every other one needs `read` where anonymous reading is off, ...
_OPEN = frozenset(
    {
        "static",
        "static_now",
        "docs.docs",
        "docs.openapi",
        "health.healthz",
        "health.readyz",
        "pages.search_page",
        "pages.fonts_page",
        "browse.map_page",
        "pages.problems_page",
    }
)
# ... and what is not read with GET needs `write`, save these.
_QUESTIONS = frozenset({"search.search", "search.search_batch"})
_ANY_SCOPE = frozenset({"tokens.get_token"})


def install(app: Flask) -> None:
    """Check the token of every request of `app`, and let no answer be kept for another one."""
    app.before_request(_check)
    app.after_request(_mark_private)


def _check() -> None:
    """Raises `ProblemError` "wrong-token" (401) without a token where one is needed, and for one
    that opens nothing; "wrong-scope" (403) for one that does not open this call; and
    "writing-disabled" (403) for writing on a server that has no token at all.
    """
    endpoint, asks = request.endpoint, request.method in ("GET", "HEAD", "OPTIONS")
    if endpoint is None or endpoint in _OPEN or request.method == "OPTIONS":
        return
    scope = READ if asks or endpoint in _QUESTIONS else WRITE
    text, tokens = _bearer(), current().catalog.tokens
    throttle = current().throttle
    throttle.require_guesses()
    g.grant = None if text is None else tokens.check(text)
    grant = current_grant()
    if grant is None:
        if scope == WRITE and not tokens.any():
            raise _disabled()
        if text is not None:
            throttle.count_guess()
            raise _unauthorized("the token is not one of this server's, or not any more")
        if scope == WRITE:
            raise _unauthorized("no token was sent")
        if not current_settings().anonymous:
            raise _unauthorized("no token was sent, and this server answers nobody without one")
    elif endpoint not in _ANY_SCOPE and scope not in grant.scopes:
        raise _forbidden(scope, grant.scopes)


def _bearer() -> str | None:
    """The token; another scheme may be a proxy's own business."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return (text.strip() or None) if scheme.lower() == "bearer" else None


def _forbidden(scope: str, has: frozenset[str]) -> ProblemError:
    return ProblemError(
        "wrong-scope",
        f"this call needs a token with the scope {scope!r}, this one has {' and '.join(has)!r}: "
        f"make one with python -m scripts.tokens create NAME --scopes {scope}",
    )


def _unauthorized(what: str) -> ProblemError:
    return ProblemError(
        "wrong-token",
        f"{what}: send the header 'Authorization: Bearer TOKEN'",
        headers={"WWW-Authenticate": 'Bearer realm="fontkin"'},
    )


def _disabled() -> ProblemError:
    return ProblemError(
        "writing-disabled",
        "no token is configured: start the server with FONTKIN_API_TOKEN set to one, or make one "
        "with python -m scripts.tokens create NAME",
    )


def _mark_private(response: Response) -> Response:
    if request.endpoint not in _OPEN:
        response.vary.add("Authorization")
        response.headers.setdefault("Cache-Control", "no-store")
    return response
