"""A request id, one log line and the metrics of every request."""

from __future__ import annotations

import json
import logging
import logging.config
import re
import time
import traceback
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

from api.context import current

_log = logging.getLogger("fontkin.api")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = {"/healthz", "/readyz", "/metrics"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what a record brings as `facts`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; line ends within a value are escaped, so none is ever forged."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = "".join(traceback.format_exception(record.exc_info[1]))[-8000:]
        return json.dumps(line, default=str)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


def install(app: Flask) -> None:
    """Watch every request of `app`."""
    app.before_request(_start)
    app.after_request(_finish)


def configure_logging() -> None:
    """Send the log to stderr as JSON lines, unless the host has set up logging itself."""
    if not logging.getLogger().handlers:
        logging.config.dictConfig(LOGGING)


def searched(verdict: str, steps_ms: Mapping[str, float]) -> None:
    """Count a search of this request; its line of the log says where the time of all went."""
    current().metrics.count_search(verdict, steps_ms)
    total: dict[str, float] = g.setdefault("steps_ms", {})
    for step, ms in steps_ms.items():
        total[step] = total.get(step, 0.0) + ms


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
        facts: dict[str, Any] = {
            "method": request.method[:20],
            "path": request.path[:200],
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "request_id": g.get("request_id", ""),
        }
        if steps := g.get("steps_ms"):
            facts["steps_ms"] = {step: round(ms, 1) for step, ms in steps.items()}
        _log.info("request", extra={"facts": facts})
    return response
