"""Headers on every answer, and the token of the writing calls."""

from __future__ import annotations

import hmac

from flask import Flask, Response, request

from api.context import current_settings
from api.problems import ProblemError

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def install(app: Flask) -> None:
    """Put the security headers on every answer of `app`."""

    @app.after_request
    def _add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def require_token() -> None:
    """Let the request through when it carries the server's token.

    Raises `ProblemError` "writing-disabled" (403) when the server has no token and
    "wrong-token" (401) when the request has none or another.
    """
    expected = current_settings().api_token
    if not expected:
        raise ProblemError(
            "writing-disabled",
            "no token is configured: start the server with FONTKIN_API_TOKEN set to one",
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), expected.encode())
    if scheme.lower() != "bearer" or not same:
        what = "the token is not the server's" if given else "no token was sent"
        raise ProblemError(
            "wrong-token",
            f"{what}: send the header 'Authorization: Bearer TOKEN'",
            headers={"WWW-Authenticate": 'Bearer realm="fontkin"'},
        )
