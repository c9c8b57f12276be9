"""What belongs to one app, reached from inside a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app, g

from index.viewer import ANYBODY

if TYPE_CHECKING:
    from api.metrics import Metrics
    from api.throttle import Slots, Throttle
    from index.catalog import FontCatalog
    from index.settings import Settings
    from index.tokens import Grant


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that the views share."""

    settings: Settings
    catalog: FontCatalog
    metrics: Metrics
    throttle: Throttle
    slots: Slots


def attach(app: Flask, context: Context) -> None:
    """Give `app` its parts."""
    app.extensions["fontkin"] = context


def current() -> Context:
    """The parts of the app that answers this request."""
    return current_app.extensions["fontkin"]


def current_catalog() -> FontCatalog:
    """The catalogue of the app that answers this request, as whoever asks may see it."""
    grant = current_grant()
    return current().catalog.seen_by(ANYBODY if grant is None else grant.viewer)


def current_grant() -> Grant | None:
    """What the token of this request opens; None without one."""
    return g.get("grant")


def current_settings() -> Settings:
    """The settings of the app that answers this request."""
    return current().settings
