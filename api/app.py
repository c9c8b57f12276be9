"""The application factory: `gunicorn "api.app:create_app()"`."""

from __future__ import annotations

import gc
import logging
import threading
from typing import NoReturn

from flask_compress import Compress
from flask_openapi3 import Info, OpenAPI
from pydantic import ValidationError

from api import (
    access,
    assets,
    bodies,
    browse,
    context,
    docs,
    errors,
    families,
    fonts,
    health,
    observe,
    pages,
    search,
    security,
    throttle,
    tokens,
)
from api.metrics import Metrics, shared_folder
from api.replies import ProblemReply
from api.throttle import Slots, Throttle
from index.bootstrap import open_catalog
from index.catalog import FontCatalog
from index.settings import Settings
from index.versions import installed, too_old
from index.viewer import ANYBODY

_INFO = Info(
    title="Fontkin",
    version="1",
    description="A picture with text in, the open font families it is set in out. "
    "Errors are RFC 9457 problems.",
)
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "The server's FONTKIN_API_TOKEN, or one of `scripts.tokens create`. Needed to "
    "add and change fonts, to see the private ones, and for all calls of a closed server.",
}
_LIMITS = {
    "MAX_FORM_MEMORY_SIZE": bodies.MAX_FIELDS,
    "MAX_FORM_PARTS": bodies.MAX_PARTS,
    "MAX_CONTENT_LENGTH": bodies.MAX_BYTES,  # of what no call reads; those that read say how much
}


def create_app(
    settings: Settings | None = None, *, catalog: FontCatalog | None = None, warm: bool = False
) -> OpenAPI:
    """An app over `catalog`, or over the one that `settings` (or the environment) name.

    With `warm` the models are loaded at once, in the background: requests are answered meanwhile.
    """
    observe.configure_logging()
    settings = settings or Settings.from_environment()
    for line in too_old(installed()):
        logging.getLogger("fontkin.api").warning(line)
    catalog = catalog or open_catalog(settings)
    if warm:
        threading.Thread(target=_warm_up, args=(catalog,), name="warm-up", daemon=True).start()
    app = OpenAPI(
        "api",
        info=_INFO,
        doc_ui=False,
        static_url_path=assets.address(),
        security_schemes={"token": _TOKEN},
        validation_error_status=400,
        validation_error_model=ProblemReply,
        validation_error_callback=_refuse,
    )
    app.request_class = bodies.StrictRequest
    app.config.update(_LIMITS)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # Whoever reads the metrics must not learn that there are private families.
    metrics = Metrics(catalog.seen_by(ANYBODY).stats)
    limits = Throttle(settings.rate, shared_folder()), Slots(settings.searches)
    context.attach(app, context.Context(settings, catalog, metrics, *limits))
    Compress(app)  # before all others, so that it sees every answer last
    for part in (assets, observe, security, access, errors):
        part.install(app)
    throttle.install(app, settings.trusted_proxies)
    for api in (search.bp, families.bp, fonts.bp, tokens.bp):
        app.register_api(api)
    for blueprint in (health.bp, docs.bp, pages.bp, browse.bp):
        app.register_blueprint(blueprint)
    return app


def _warm_up(catalog: FontCatalog) -> None:
    """Load what the first search needs, and spare the garbage collector all that is there then.

    To look through it takes a tenth of a second, in which no thread runs, and each change did.
    """
    catalog.warm_up()
    gc.collect()
    gc.freeze()


def _refuse(error: ValidationError) -> NoReturn:
    raise error
