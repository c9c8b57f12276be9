"""The security headers of every answer."""

from __future__ import annotations

from flask import Flask, Response

from api import assets

_POLICY = (
    "default-src 'none'; {inline}; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def install(app: Flask) -> None:
    """Put the security headers on every answer of `app`."""

    policy = _POLICY.format(inline=assets.inline_policy(str(app.static_url_path)))
    headers = {"Content-Security-Policy": policy, **_HEADERS}

    @app.after_request
    def _add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response
