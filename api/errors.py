"""Where problems become answers: one handler for everything that is raised."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from api.context import current
from api.problems import MEDIA_TYPE, ProblemError, problem_of

_log = logging.getLogger("fontkin.api")


def install(app: Flask) -> None:
    """Answer every exception of `app` with a problem; none ever shows a traceback."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return Response(error.get_body(), error.code, error.get_headers())
    problem = problem_of(error)
    if problem.slug in ("internal-error", "storage", "not-ready"):
        facts = {"request_id": g.get("request_id", "")}
        _log.error("request failed", exc_info=error, extra={"facts": facts})
    current().metrics.count_problem(problem.slug)
    return _page(problem) if _wants_page() else _json(problem)


def _json(problem: ProblemError) -> Response:
    body = problem.to_json(request.path[:200], g.get("request_id", ""))
    return Response(
        json.dumps(body, ensure_ascii=False), problem.kind.status, problem.headers, MEDIA_TYPE
    )


def _wants_page() -> bool:
    """True for a browser that asked for a page, so that a person reads a sentence."""
    if request.path.startswith("/v1/") or request.method not in ("GET", "HEAD"):
        return False
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def _page(problem: ProblemError) -> Response:
    template = "locked.html" if problem.slug == "wrong-token" else "problem.html"
    html = render_template(template, problem=problem, request_id=g.get("request_id", ""))
    return Response(html, problem.kind.status, problem.headers, mimetype="text/html")
