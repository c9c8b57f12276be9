"""Pages in a real Chromium, against a running server over a catalogue that answers by rule.

A test file that uses these has a fixture `catalog` with the catalogue to serve.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from api.app import create_app
from encoder.browser import available, executable
from index.settings import Settings
from tests.api_fake import FakeTokens
from tests.catalog_fixtures import TOKEN

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from playwright.sync_api import Browser, Page

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, until the test file is done: other files have a driver of their own."""
    if not available():
        pytest.skip("no Chromium here")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # of the clock, on a machine that does much else
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def address(catalog: Any, tmp_path: Path) -> Iterator[str]:
    """Where a server over `catalog` listens."""
    catalog.tokens = FakeTokens(TOKEN)
    with_token = Settings(data=tmp_path, prebuilt=tmp_path, api_token=TOKEN)
    with serving(with_token, catalog) as listening:
        yield listening


@contextmanager
def serving(settings: Settings, catalog: Any) -> Iterator[str]:
    """The address of a service over `catalog`."""
    app = _noting_answers(create_app(settings, catalog=catalog))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Closing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class _Answer:
    """What an app answers, closed once however often it is asked to."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self._close = getattr(parts, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        close, self._close = self._close, lambda: None
        close()


def _noting_answers(app: WSGIApplication) -> WSGIApplication:
    def noting(environ: WSGIEnvironment, start_response: StartResponse) -> _Answer:
        environ["answer"] = _Answer(app(environ, start_response))
        return environ["answer"]

    return noting


class _Closing(WSGIRequestHandler):
    """Closes an answer also when its client has gone, as a page does that is closed early.

    Before Werkzeug closes it, it reads what the client still sends; when that fails, it never does.
    """

    def run_wsgi(self) -> None:
        try:
            super().run_wsgi()
        finally:
            if answer := self.environ.pop("answer", None):
                answer.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A desktop page that fails the test when a script fails or breaks the policy."""
    yield from opened(browser, address, viewport={"width": 1280, "height": 860})


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """The same as wide as a phone, for fingers."""
    yield from opened(browser, address, viewport={"width": 390, "height": 844}, has_touch=True)


def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """The start page in a window of its own; no script may fail or break the policy."""
    context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.goto("/")
    yield page
    context.close()
    assert errors == []
