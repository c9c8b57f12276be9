"""What failed in a run of the load test: each call with its status or exception, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MOST = 50  # that are told one by one; the table counts all
_LONGEST = 300  # characters of a message


class Recorder:
    """Listens to Locust and writes a line of JSON for each failure, MOST at most."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._left = MOST

    def request(self, **call: Any) -> None:
        """A call that ended; kept when it failed. `call` is what Locust's event "request" gives."""
        if call["exception"] is not None:
            what = f"{call['request_type']} {call['name']}"
            self._keep(call["start_time"], what, call["exception"], call["response"])

    def user_error(self, exception: Exception, **_: object) -> None:
        """An answer that a client could make nothing of."""
        self._keep(datetime.now(UTC).timestamp(), "the client", exception, None)

    def _keep(self, began: float, what: str, error: Exception, response: Any) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        line = {
            "began": datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
            "call": what,
            "status": getattr(response, "status_code", 0) or None,
            "problem": _problem(response),
            "error": f"{type(error).__name__}: {error}"[:_LONGEST],
        }
        with self._target.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _problem(response: Any) -> str | None:
    """The type of an answer that is a problem."""
    if "problem+json" not in getattr(response, "headers", {}).get("Content-Type", ""):
        return None
    return str(response.json()["type"])


def read_failures(source: Path) -> list[dict[str, Any]]:
    """What a `Recorder` wrote, in order of its end; none when there is no file."""
    return [json.loads(line) for line in source.read_text().splitlines()] if source.exists() else []


def told(failures: Iterable[dict[str, Any]], count: int) -> list[str]:
    """A sentence for each of the failures, and one for those of the `count` that were not kept."""
    lines = [
        f"failed: {f['call']} at {f['began']}: {f['status'] or 'no answer'}"
        f"{', ' + f['problem'] if f['problem'] else ''} ({f['error']})"
        for f in failures
    ]
    return [*lines, f"failed: {count - len(lines)} more"] if count > len(lines) else lines
