"""Settings: read from the environment once, checked at birth, never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_MIN_TOKEN = 16
_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
_MILVUS = re.compile(r"milvus:(https?://[^\s/]+(/\w*)?|[^:]*[^:/]\.db)")


class SettingsError(ValueError):
    """A setting cannot be used; the message names its key and its value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie and how much is allowed.

    `database_url` is any SQLAlchemy URL; empty means `catalog.db` in the data folder. `vectors`
    is empty for FAISS in the data folder, "milvus:FILE.db" or "milvus:http://HOST:PORT".
    `api_token` opens every call of the API without being in the database; unless `anonymous`,
    reading needs a token too. A client may make calls at `rate` ("" for no limit), `searches` run
    at a time in this process, and `trusted_proxies` stand before it. With `fetch_fonts` the font
    files that searches want are fetched through npm.
    """

    data: Path = Path("data")
    database_url: str = field(default="", repr=False)
    vectors: str = field(default="", repr=False)
    encoder: Path = _ROOT / "encoder" / "weights" / "fontkin.onnx"
    verifier: Path = _ROOT / "encoder" / "weights" / "verifier.onnx"
    prebuilt: Path = _ROOT / "index" / "prebuilt"
    api_token: str | None = field(default=None, repr=False)
    max_upload_mb: int = 32
    lock_seconds: float = 60.0
    fetch_fonts: bool = False
    anonymous: bool = True
    remembered_answers: int = 64
    rate: str = "1200/minute"
    searches: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))
    trusted_proxies: int = 0

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data / 'catalog.db'}")
        if "://" not in self.database_url:
            raise SettingsError(
                f"FONTKIN_DATABASE_URL is {self.database_url!r}; a URL like "
                "sqlite:////var/lib/fontkin/catalog.db is needed"
            )
        if self.vectors and not _MILVUS.fullmatch(self.vectors):
            raise SettingsError(
                f"FONTKIN_VECTORS is {self.vectors!r}; milvus:FILE.db (Milvus Lite in this "
                "process) or milvus:http://HOST:PORT (a cluster) is needed, or nothing for FAISS"
            )
        if self.api_token is not None and len(self.api_token) < _MIN_TOKEN:
            raise SettingsError(
                f"FONTKIN_API_TOKEN has {len(self.api_token)} characters; "
                f"at least {_MIN_TOKEN} are needed"
            )
        if not 1 <= self.max_upload_mb <= 1024:
            raise SettingsError(f"FONTKIN_MAX_UPLOAD_MB is {self.max_upload_mb}; 1..1024 is needed")
        if not 0 <= self.remembered_answers <= 10_000:
            raise SettingsError(
                f"FONTKIN_REMEMBERED_ANSWERS is {self.remembered_answers}; 0..10000 is needed"
            )
        if not 0 <= self.lock_seconds <= 3600:
            raise SettingsError(f"FONTKIN_LOCK_SECONDS is {self.lock_seconds}; 0..3600 is needed")
        if self.rate and not _RATE.fullmatch(self.rate):
            raise SettingsError(
                f"FONTKIN_RATE is {self.rate!r}; one like 1200/minute or 20/second, or 0 for no "
                "limit, is needed"
            )
        if not 1 <= self.searches <= 64:
            raise SettingsError(f"FONTKIN_SEARCHES is {self.searches}; 1..64 is needed")
        if not 0 <= self.trusted_proxies <= 10:
            raise SettingsError(
                f"FONTKIN_TRUSTED_PROXIES is {self.trusted_proxies}; 0..10 is needed"
            )

    @property
    def remembers(self) -> int:
        """How many answers are remembered: none where files that are fetched, which makes no new
        generation, make the next answer better.
        """
        return 0 if self.fetch_fonts else self.remembered_answers

    @property
    def index_path(self) -> Path:
        """Where the FAISS file lies; its manifest lies beside it."""
        return self.data / "index.faiss"

    @property
    def lock_path(self) -> Path:
        """The file that a writer locks."""
        return self.data / "catalog.lock"

    @property
    def fonts(self) -> Path:
        """Where `fetch_fonts` puts the families of Google Fonts."""
        return self.data / "fonts"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `FONTKIN_*`; unset and empty keys keep their defaults.

        Raises `SettingsError` naming the key and the value that cannot be used.
        """
        env = os.environ if environ is None else environ
        given = {
            key: env[f"FONTKIN_{key}"].strip() for key in _READERS if env.get(f"FONTKIN_{key}")
        }
        values = {}
        for key, text in given.items():
            try:
                values[key.lower()] = _READERS[key](text)
            except ValueError as error:
                raise SettingsError(f"FONTKIN_{key} is {text!r}; a number is needed") from error
        return cls(**values)


_READERS: dict[str, Callable[[str], Any]] = {
    "DATA": Path,
    "DATABASE_URL": str,
    "VECTORS": str,
    "ENCODER": Path,
    "PREBUILT": Path,
    "API_TOKEN": str,
    "MAX_UPLOAD_MB": int,
    "LOCK_SECONDS": float,
    "REMEMBERED_ANSWERS": int,
    "FETCH_FONTS": lambda text: bool(int(text)),
    "ANONYMOUS": lambda text: bool(int(text)),
    "RATE": lambda text: "" if text == "0" else text,
    "SEARCHES": int,
    "TRUSTED_PROXIES": int,
}
