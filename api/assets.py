"""The pages' own files: styles, scripts, fonts, samples. A browser asks for each version once."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path

from flask import Flask, Response, request
from markupsafe import Markup

from index.files import sha256_of

FOLDER = Path(__file__).with_name("static")
# What the first paint needs stands in the page itself: to ask for it took a slow phone 270 ms.
_STYLES = ("style.css", "pages.css", "search.css")
_SCRIPTS = ("js/letters.js",)
_VERSION = re.compile(r"v-[0-9a-f]{12}/")
_IMPORT = re.compile(r"""^(?:import|export) .*from "\./(\w+)\.js";""", re.MULTILINE)
_YEAR = 365 * 24 * 3600


def address(folder: Path = FOLDER) -> str:
    """Where all files of `folder` lie: a prefix that is another one when any of them changes.

    It stands before the names, not behind them, so that it goes along into what a style or a
    module names relative to itself.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = "".join(f"{file.relative_to(folder).as_posix()} {sha256_of(file)}\n" for file in files)
    return f"/static/v-{hashlib.sha256(names.encode()).hexdigest()[:12]}"


def modules(name: str, folder: Path = FOLDER) -> list[str]:
    """What the script `name` imports, and what these import, by name and without itself."""
    found, seen = [name], {name}
    for each in found:
        source = (folder / "js" / f"{each}.js").read_text()
        new = [other for other in _IMPORT.findall(source) if other not in seen]
        seen.update(new)
        found += new
    return sorted(found[1:])


@functools.cache
def inline(name: str, *, lies: str) -> Markup:
    """The style or script `name` as it stands in a page, where all files lie at `lies`."""
    return Markup((FOLDER / name).read_text().replace("url(fonts/", f"url({lies}/fonts/"))


def inline_policy(lies: str) -> str:
    """The directives of a Content-Security-Policy that let in what stands in pages, by its hash."""
    scripts, styles = (
        " ".join(f"'sha256-{_digest(inline(name, lies=lies))}'" for name in names)
        for names in (_SCRIPTS, _STYLES)
    )
    return f"script-src 'self' {scripts}; style-src {styles}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def install(app: Flask) -> None:
    """Let an app, made with `static_url_path=address()`, answer the addresses without it too.

    Its templates may ask for `modules`, so that a page names all of them, and for what stands
    `inline`.
    """
    lies = str(app.static_url_path)
    app.jinja_env.globals["modules"] = functools.cache(modules)
    app.jinja_env.globals["inline"] = functools.partial(inline, lies=lies)
    app.add_url_rule("/static/<path:filename>", "static_now", lambda filename: _now(app, filename))
    app.after_request(_keep)


def _now(app: Flask, filename: str) -> Response:
    """The file as it is: for programs, and for a page that an older release has sent."""
    return app.send_static_file(_VERSION.sub("", filename, count=1))


def _keep(response: Response) -> Response:
    """Keep for good what never changes; read text whole, so that it can be sent small."""
    if request.endpoint not in ("static", "static_now"):
        return response
    if request.endpoint == "static" and response.status_code < 400:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    if response.mimetype in ("text/css", "text/javascript"):
        response.direct_passthrough = False
        response.make_sequence()
    return response
