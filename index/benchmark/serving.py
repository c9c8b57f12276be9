"""The service itself, for measurements and pictures of what it answers."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from index.errors import UnavailableError

_START_SECONDS = 120.0


@contextmanager
def serving(settings: Mapping[str, str]) -> Iterator[int]:
    """The service on a free port, which is given; it ends with the block.

    `settings` are set in its environment beside those of this process. Raises
    `UnavailableError` when it is not ready after two minutes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port)]
    environment = {**os.environ, **settings}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _START_SECONDS
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() > until:
                raise UnavailableError(f"the service did not start on port {port}")
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
