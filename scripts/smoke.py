"""Is a running Fontkin well? Waits until it is ready, searches a known picture, checks the answers.

Needs Python alone, and the token in FONTKIN_TOKEN where nobody reads without one."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

from scripts.options import command
from scripts.probes import PROBES
from scripts.service import ProbeError, Service
from scripts.waiting import wait_until_ready


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("smoke", __doc__)
    add = made.add_argument
    add("url", nargs="?", default="http://127.0.0.1:8000", help="(%(default)s)")
    add("--wait", type=float, default=90, metavar="S", help="for it to be ready (%(default)s)")
    add("--timeout", type=float, default=60, metavar="S", help="of one call (%(default)s)")
    add("--json", action="store_true", help="print the checks as JSON")
    return made


def smoke(args: argparse.Namespace) -> int:
    """0 when every check holds, 1 when one does not; the others are tried all the same."""
    service = Service(args.url, args.timeout, os.environ.get("FONTKIN_TOKEN", ""))
    checks = list[dict[str, Any]]()
    try:
        wait_until_ready(service, args.wait)
    except ProbeError as error:
        checks.append({"check": "ready", "ok": False, "says": str(error)})
    for probe in () if checks else PROBES:
        start = time.perf_counter()
        try:
            ok, says = True, probe(service)
        except (ProbeError, OSError, ValueError, KeyError) as error:
            ok, says = False, f"{type(error).__name__}: {error}"
        ms = round(1000 * (time.perf_counter() - start))
        checks.append({"check": probe.__name__, "ok": ok, "says": says, "ms": ms})
    well = all(check["ok"] for check in checks)
    if args.json:
        print(json.dumps({"url": args.url, "ok": well, "checks": checks}))
    for check in [] if args.json else checks:
        word = "ok  " if check["ok"] else "FAIL"
        print(f"{word} {check['check']:<10} {check['says']} ({check.get('ms', 0)} ms)")
    return 0 if well else 1


if __name__ == "__main__":
    arguments = parser().parse_args()
    if not arguments.url.startswith(("http://", "https://")):
        parser().error(f"{arguments.url!r}: an address like https://fonts.example.org is needed")
    sys.exit(smoke(arguments))
