"""A service over HTTP, as `scripts.smoke` asks it. Python's own library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


class ProbeError(Exception):
    """The service answers, or does not, as it should; the message says what came instead."""


class Service:
    """The service at an address; every call ends after `timeout` seconds.

    `token` goes along with each call, and nowhere else: not where an answer redirects to.
    """

    def __init__(self, url: str, timeout: float, token: str = "") -> None:
        self.url, self._timeout, self._token = url.rstrip("/"), timeout, token

    def without_token(self) -> Service:
        """The same service, asked as anybody may."""
        return Service(self.url, self._timeout)

    def within(self, seconds: float) -> Service:
        """The same service, with no more time for a call than this."""
        return Service(self.url, min(self._timeout, seconds), self._token)

    def call(
        self, path: str, data: bytes | None = None, expect: int = 200, kind: str = "json"
    ) -> Any:
        """The JSON of GET `path`, or of POST with `data`; the text for another `kind`."""
        headers = {"Content-Type": "application/octet-stream"} if data is not None else {}
        request = urllib.request.Request(self.url + path, data, headers)
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
