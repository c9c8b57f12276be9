"""What belongs to one app, reached from inside a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

if TYPE_CHECKING:
    from api.metrics import Metrics
    from index.catalog import FontCatalog
    from index.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that the views share."""

    settings: Settings
    catalog: FontCatalog
    metrics: Metrics


def attach(app: Flask, context: Context) -> None:
    """Give `app` its parts."""
    app.extensions["fontkin"] = context


def current() -> Context:
    """The parts of the app that answers this request."""
    return current_app.extensions["fontkin"]


def current_catalog() -> FontCatalog:
    """The catalogue of the app that answers this request."""
    return current().catalog


def current_settings() -> Settings:
    """The settings of the app that answers this request."""
    return current().settings
