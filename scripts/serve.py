"""Serve the page and the HTTP API with gunicorn."""

from __future__ import annotations

import argparse
import os
import sys

from scripts.options import command

APP = "api.app:create_app(warm=True)"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("serve", __doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    made.add_argument("--port", type=int, default=8000, help="port (%(default)s)")
    made.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    made.add_argument("--threads", type=int, default=4, help="threads each (%(default)s)")
    return made


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked; exits with 2 when it is wrong."""
    arguments = parser().parse_args(argv)
    if not 0 < arguments.port < 65536:
        parser().error(f"--port {arguments.port}: 1 to 65535")
    if arguments.workers < 1 or arguments.threads < 1:
        parser().error(f"--workers {arguments.workers} --threads {arguments.threads}: at least 1")
    return arguments


def gunicorn_command(arguments: argparse.Namespace) -> list[str]:
    """What to run: threads in one process share the index and the encoder."""
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    return [
        *(sys.executable, "-m", "gunicorn", APP),
        *("--bind", f"{host}:{arguments.port}"),
        *("--worker-class", "gthread", "--workers", str(arguments.workers)),
        *("--threads", str(arguments.threads), "--timeout", "120", "--keep-alive", "30"),
        *("--worker-tmp-dir", "/dev/shm") * os.path.isdir("/dev/shm"),
        *("--log-level", "warning", "--no-control-socket"),
    ]


def main(argv: list[str] | None = None) -> None:
    """Become gunicorn, so that signals and the exit code are its own."""
    arguments = parse_arguments(argv)
    shown = "127.0.0.1" if arguments.host in ("0.0.0.0", "::") else arguments.host
    print(f"Fontkin: open http://{shown}:{arguments.port}/ (Ctrl+C stops it)", flush=True)
    # Libraries that start a thread per core would fight over the same two cores.
    # glibc keeps freed memory for each thread apart: 720 MB a worker instead of 580.
    environment = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", **os.environ}
    os.execve(sys.executable, gunicorn_command(arguments), environment)


if __name__ == "__main__":
    main()
