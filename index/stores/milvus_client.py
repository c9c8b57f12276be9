"""The way to Milvus: opened late, and its errors as our own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from index.errors import UnavailableError


class Connection:
    """A client that is opened when it is first used: it would not outlive a fork."""

    def __init__(self, address: str) -> None:
        """`address` is a file that ends in .db, or http(s)://[USER:PASSWORD@]HOST:PORT[/DATABASE]."""
        self._address = address
        self._opened: Any = None
        self._opening = threading.Lock()

    @property
    def client(self) -> Any:
        """The library's client."""
        with self._opening:
            if self._opened is None:
                self._opened = _connect(self._address)
        return self._opened

    @property
    def name(self) -> str:
        """The address without user and password."""
        parts = urlsplit(self._address)
        if not parts.scheme:
            return self._address
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @contextmanager
    def answering(self) -> Iterator[None]:
        """What Milvus raises in the block, as `UnavailableError`."""
        raised = library().MilvusException
        try:
            yield
        except raised as error:
            raise UnavailableError(f"{self.name} does not answer: {error.message}") from error

    def close(self) -> None:
        """Give the connection back."""
        if self._opened is not None:
            self._opened.close()


def library() -> Any:
    """pymilvus, imported late: who keeps vectors in FAISS needs it not."""
    try:
        import pymilvus
    except ImportError as error:
        raise UnavailableError(
            "FONTKIN_VECTORS names Milvus, but pymilvus is not here; "
            "run `pip install -r requirements-cluster.txt`"
        ) from error
    return pymilvus


def _connect(address: str) -> Any:
    parts = urlsplit(address)
    if not parts.scheme:
        return _open_file(address)
    host = parts.netloc.rpartition("@")[2]
    return library().MilvusClient(
        f"{parts.scheme}://{host}",
        user=parts.username or "",
        password=parts.password or "",
        db_name=parts.path.strip("/"),
    )


def _open_file(name: str) -> Any:
    pymilvus = library()
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    # The client first tries a call that Milvus Lite lacks; its server would log a traceback.
    logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
    try:
        return pymilvus.MilvusClient(name)
    except pymilvus.MilvusException as error:
        raise UnavailableError(
            f"{name} cannot be opened by Milvus Lite: {error.message}; such a file is for one "
            "process: run one worker, or `milvus-lite server --data-dir` and name its address"
        ) from error
