"""Whether a start has to bring the catalogue to this version; imports nothing heavy."""

from __future__ import annotations

import json
from pathlib import Path

from db.glance import glance, newest_revision
from index.files import sha256_of
from index.settings import Settings

_SQLITE = "sqlite:///"


def migration_is_due(settings: Settings) -> bool:
    """Whether `bootstrap.migrate` has anything to do or to say: when in doubt, it has.

    False is certain: the database is a file of this schema, its vectors are those of the encoder
    that `settings` name, and the encoder is what its card says.
    """
    path = settings.database_url.removeprefix(_SQLITE)
    if path == settings.database_url:
        return True
    try:
        card = json.loads(settings.encoder.with_suffix(".json").read_text())
        encoder = card["onnx_sha256"], card["prepare_version"], card["dim"]
        whole = sha256_of(settings.encoder) == card["onnx_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return not whole or glance(Path(path)) != (newest_revision(), *encoder)
