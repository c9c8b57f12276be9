"""A service over HTTP, as `scripts.smoke` asks it. Python's own library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any


class ProbeError(Exception):
    """The service answers, or does not, as it should; the message says what came instead."""


class Service:
    """The service at an address; every call ends after `timeout` seconds.

    `token` goes along with each call, and nowhere else: not where an answer redirects to.
    """

    def __init__(self, url: str, timeout: float, token: str = "") -> None:
        self._url, self._timeout, self._token = url.rstrip("/"), timeout, token

    def without_token(self) -> Service:
        """The same service, asked as anybody may."""
        return Service(self._url, self._timeout)

    def call(
        self, path: str, data: bytes | None = None, expect: int = 200, kind: str = "json"
    ) -> Any:
        """The JSON of GET `path`, or of POST with `data`; the text for another `kind`."""
        headers = {"Content-Type": "application/octet-stream"} if data is not None else {}
        request = urllib.request.Request(self._url + path, data, headers)
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer = urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            status, given, body = answer.status, answer.headers["Content-Type"], answer.read()
        if status != expect or kind not in str(given):
            said = body[:200].decode(errors="replace")
            raise ProbeError(f"{path} is {status} {given}, not {expect} {kind}: {said}")
        return json.loads(body) if "json" in kind else body.decode(errors="replace")

    def wait_until_ready(
        self, seconds: float, say: Callable[[str], None], every: float = 10
    ) -> None:
        """`say` gets a line at once, and one `every` so many seconds that it is not ready.

        Raises `ProbeError` with the last answer when it is not ready in time.
        """
        say(f"waits up to {seconds:g} s for {self._url} to be ready")
        began, beat, reason = time.monotonic(), every, "no time to wait"
        asked = Service(self._url, min(self._timeout, every), self._token)
        while (waited := time.monotonic() - began) < seconds:
            if waited >= beat:
                say(f"not ready after {waited:.0f} of {seconds:g} s: {reason}")
                beat = waited + every
            try:
                asked.call("/readyz")
                return
            except (OSError, ProbeError, ValueError) as failed:
                reason = self._reason(failed)
            time.sleep(0.5)
        raise ProbeError(f"not ready after {seconds:g} s: {reason}")

    def _reason(self, failed: Exception) -> str:
        if isinstance(getattr(failed, "reason", failed), ConnectionRefusedError):
            return f"{self._url} refuses the connection: does the service run, and on this port?"
        return str(failed)
