"""What `test_api_limits` lets gunicorn run: the real worker, in a hurry, and a view that waits."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from flask import Flask

from api import worker
from tests.api_fake import FakeCatalog, make_client

worker.SEND_SECONDS = 1.5
worker_class = worker.Worker


def app() -> Flask:
    """The service over the fake catalogue."""
    data = Path(os.environ.get("FONTKIN_DATA", tempfile.gettempdir()))
    return make_client(FakeCatalog(), data).application
