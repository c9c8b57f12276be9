"""A request id, one log line and the metrics of every request."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from api.context import current

_log = logging.getLogger("fontkin.api")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = {"/healthz", "/readyz", "/metrics"}


def install(app: Flask) -> None:
    """Watch every request of `app`."""
    app.before_request(_start)
    app.after_request(_finish)


def configure_logging() -> None:
    """Send the log to stderr, one line a record, unless the host has set up logging itself."""
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")


def _start() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "(none)"
    current().metrics.observe(route, request.method, response.status_code, seconds)
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.path not in _QUIET:
        # The query and the body stay out of the log: they are the visitor's.
        _log.info(
            "%s %s %d %.1fms id=%s",
            request.method,
            ascii(request.path[:200]).strip("'"),
            response.status_code,
            seconds * 1000,
            g.get("request_id", ""),
        )
    return response
