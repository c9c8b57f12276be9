"""Serve the page and the HTTP API with gunicorn."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from index.due import migration_is_due
from index.settings import Settings
from scripts.becoming import cannot_listen, gunicorn_command, gunicorn_environment
from scripts.options import command
from scripts.terminal import run


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


def main(argv: list[str] | None = None) -> NoReturn:
    """Become gunicorn, so that signals and the exit code are its own.

    What an update makes of the catalogue is done first: gunicorn ends workers that start slowly.
    """
    arguments = parse_arguments(argv)
    if why := cannot_listen(arguments.host, arguments.port):
        parser().error(why)
    if migration_is_due(Settings.from_environment()):
        # Imported here: it brings the catalogue's code, which gunicorn imports once more.
        from scripts.migrate import migrated

        migrated()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(arguments.host, arguments.host)
    print(f"Fontkin: open http://{host}:{arguments.port}/ (Ctrl+C stops it)", flush=True)
    os.execve(sys.executable, gunicorn_command(arguments), gunicorn_environment(arguments))


if __name__ == "__main__":
    sys.exit(run("serve", main))
