"""`/healthz`, `/readyz` and `/metrics`, for whoever runs the service."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.context import current, current_catalog

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> dict[str, str]:
    """Database, index and encoder answer; 503 names the one that does not."""
    current_catalog().ping()
    return {"status": "ok"}


@bp.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    return Response(current().metrics.render(), content_type=CONTENT_TYPE_LATEST)
