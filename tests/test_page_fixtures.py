"""The page tests' own server."""

from __future__ import annotations

import gc
import socket
import struct
import threading
import warnings
from urllib.parse import urlsplit

import pytest

from tests.api_fake import FakeCatalog


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def test_a_file_is_closed_when_the_client_has_gone(address: str) -> None:
    """A page that is closed early resets its connections: no file is left to the collector."""
    at = urlsplit(address)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(20):
            with socket.create_connection((at.hostname, at.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: fontkin\r\n\r\n")
                client.recv(1)
            for thread in threading.enumerate():
                if "process_request_thread" in thread.name:
                    thread.join(20)
        gc.collect()
    assert [str(each.message) for each in seen] == []
