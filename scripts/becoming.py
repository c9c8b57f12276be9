"""What `scripts.serve` becomes: gunicorn, with the service's threads and environment."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile


def gunicorn_command(arguments: argparse.Namespace) -> list[str]:
    """What to run: threads in one process share the index and the encoder."""
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    return [
        *(sys.executable, "-m", "gunicorn", "api.app:create_app(warm=True)"),
        *("--bind", f"{host}:{arguments.port}"),
        *("-c", "python:api.worker", "--workers", str(arguments.workers), "--timeout", "120"),
        *("--threads", str(arguments.threads or 3 * arguments.searches + 8), "--keep-alive", "30"),
        *("--worker-tmp-dir", "/dev/shm") * os.path.isdir("/dev/shm"),
        *("--log-level", "warning", "--no-control-socket"),
    ]


def cannot_listen(host: str, port: int) -> str:
    """Why gunicorn could not listen there, with a remedy; "" where it can.

    Itself it would try for five seconds.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen()
    except OSError as error:
        remedy = "stop what listens there, or choose another with --port or --host"
        return f"cannot listen on port {port} of {host} ({error.strerror}); {remedy}"
    return ""


def gunicorn_environment(arguments: argparse.Namespace) -> dict[str, str]:
    """Its environment: a library has one thread, and several workers count in one folder."""
    environment = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", **os.environ}
    environment["FONTKIN_SEARCHES"] = str(arguments.searches)  # the worker's share
    if arguments.workers > 1:
        environment["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="fontkin-")
    return environment
