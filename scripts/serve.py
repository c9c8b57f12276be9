"""Serve the page and the HTTP API with gunicorn."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

from index.settings import Settings
from scripts.options import command


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("serve", __doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    made.add_argument("--port", type=int, default=8000, help="port (%(default)s)")
    made.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    made.add_argument("--threads", type=int, default=0, help="threads each (enough)")
    return made


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked; exits with 2 when it is wrong."""
    arguments = parser().parse_args(argv)
    if not (0 < arguments.port < 65536 and arguments.workers > 0 and arguments.threads >= 0):
        given = "--port {port} (1 to 65535) --workers {workers} (1) --threads {threads}"
        parser().error(given.format_map(vars(arguments)))
    arguments.searches = max(1, Settings.from_environment().searches // arguments.workers)
    return arguments


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


def main(argv: list[str] | None = None) -> None:
    """Become gunicorn, so that signals and the exit code are its own; a library has one thread."""
    arguments = parse_arguments(argv)
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(arguments.host, arguments.host)
    print(f"Fontkin: open http://{host}:{arguments.port}/ (Ctrl+C stops it)", flush=True)
    environment = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", **os.environ}
    environment["FONTKIN_SEARCHES"] = str(arguments.searches)  # the worker's share
    if arguments.workers > 1:
        environment["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="fontkin-")
    os.execve(sys.executable, gunicorn_command(arguments), environment)


if __name__ == "__main__":
    main()
