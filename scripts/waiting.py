"""Wait until a service answers, and say for what. Python's own library only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from scripts.service import ProbeError, Service


def _said(line: str) -> None:
    print(f"smoke: {line}", file=sys.stderr)


def wait_until_ready(
    service: Service, seconds: float, say: Callable[[str], None] = _said, every: float = 10
) -> None:
    """`say` gets a line at once, and one `every` so many seconds that it is not ready.

    Raises `ProbeError` with the last answer when it is not ready in time.
    """
    say(f"waits up to {seconds:g} s for {service.url} to be ready")
    began, beat, reason = time.monotonic(), every, "no time to wait"
    asked = service.within(every)
    while (waited := time.monotonic() - began) < seconds:
        if waited >= beat:
            say(f"not ready after {waited:.0f} of {seconds:g} s: {reason}")
            beat = waited + every
        try:
            asked.call("/readyz")
            return
        except (OSError, ProbeError, ValueError) as failed:
            reason = _reason(failed, service.url)
        time.sleep(0.5)
    raise ProbeError(f"not ready after {seconds:g} s: {reason}")


def _reason(failed: Exception, url: str) -> str:
    if isinstance(getattr(failed, "reason", failed), ConnectionRefusedError):
        return f"{url} refuses the connection: does the service run, and on this port?"
    return str(failed)
