"""gunicorn's side: a worker whose clients have to hurry, logs as JSON, counts of all workers.

`gunicorn -c python:api.worker "api.app:create_app()"` is what `scripts.serve` runs.
"""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker
from prometheus_client import multiprocess

from api.metrics import shared_folder
from api.observe import LOGGING

# Around every call into OpenCV, ONNX Runtime and FAISS a thread gives up the interpreter's lock,
# and waits so long for it when another works in Python: a search of 0.12 s took 0.88 beside one
# such thread with the usual 5 ms, and takes 0.38 now.
SWITCH_SECONDS = 0.0005
SEND_SECONDS = 120.0  # a client has for its whole request ...
TAKE_SECONDS = 600.0  # ... and, with our work in between, until it has the whole answer

worker_class = "api.worker.Worker"
logconfig_dict = LOGGING


class Worker(ThreadWorker):
    """A worker with threads, of which no slow client keeps one for ever.

    A byte now and then keeps a read going, so it is the whole request that is timed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._since: dict[TConn, float] = {}

    def init_process(self) -> None:
        """Watch the clients beside the threads that serve them, which take turns quickly."""
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=self._watch, name="slow clients", daemon=True).start()
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """As the parent's, known to the watch."""
        self._since[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._since.pop(conn, None)

    def _watch(self) -> None:
        while True:
            time.sleep(1.0)
            now = time.monotonic()
            for conn, since in list(self._since.items()):
                if now - since > TAKE_SECONDS:
                    _shut(conn, socket.SHUT_RDWR)
                elif now - since > SEND_SECONDS:
                    _shut(conn, socket.SHUT_RD)  # an answer can still be sent


def _shut(conn: TConn, how: int) -> None:
    with suppress(OSError):  # it has gone meanwhile
        conn.sock.shutdown(how)


def child_exit(server: object, worker: Any) -> None:
    """Forget what a worker that ended was doing; what it has counted stays."""
    if shared_folder():
        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: object) -> None:
    """Take the folder of the workers' counts away."""
    if folder := shared_folder():
        shutil.rmtree(folder, ignore_errors=True)
