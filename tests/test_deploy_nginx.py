"""nginx as a server gets it: limits, the cache, problems, and what is in its logs."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.problems import KINDS, ProblemError
from tests.nginx import DEPLOY, DOMAIN, PROGRAM, Nginx, Upstream, as_in_a_container, as_on_a_server

pytestmark = pytest.mark.skipif(not PROGRAM, reason="nginx is not installed")
Reply = tuple[int, http.client.HTTPMessage, bytes]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """A server."""
    with as_on_a_server(tmp_path_factory.mktemp("nginx")) as running:
        yield running


def call(port: int, path: str, body: bytes | None = None, **headers: str) -> Reply:
    """One call through nginx."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.request("POST" if body is not None else "GET", path, body, headers)
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()


def over_tls(nginx: Nginx, *arguments: str) -> str:
    """What curl prints of calls to the domain, whose certificate it checks."""
    known = ["--cacert", str(nginx.folder / "certificate" / "fullchain.pem")]
    known += ["--resolve", f"{DOMAIN}:{nginx.tls}:127.0.0.1"]
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", *known, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_static_files_are_asked_for_once(nginx: Nginx) -> None:
    """The second answer comes from nginx's cache, whole; another address is asked for anew."""
    names = ("a.css", "a.css", "b.css")
    states = [call(nginx.plain, f"/static/{name}")[1]["X-Cache"] for name in names]
    assert states == ["MISS", "HIT", "MISS"]
    assert Upstream.asked["/static/a.css"] == 1
    for _ in range(2):
        assert call(nginx.plain, "/v1/families")[1]["X-Cache"] is None
    assert Upstream.asked["/v1/families"] == 2


def test_answers_are_compressed_and_name_the_client(nginx: Nginx) -> None:
    """JSON is gzipped for who takes it; what the client claims to be is not believed."""
    headers = {"Accept-Encoding": "gzip", "X-Forwarded-For": "203.0.113.9"}
    _, given, body = call(nginx.plain, "/v1/families", **headers)
    assert given["Content-Encoding"] == "gzip" and len(body) < 200
    assert b"padding" in gzip.decompress(body)
    assert Upstream.headers_seen["X-Forwarded-For"] == "127.0.0.1"
    assert "nginx/" not in given["Server"]


@pytest.mark.parametrize("path", ["/static/{}.js", "/v1/faces/{}/preview.png"])
def test_a_page_may_ask_for_all_its_parts_at_once(nginx: Nginx, path: str) -> None:
    """Forty requests under way in one HTTP/2 connection, where each counts as a connection."""
    urls = [f"https://{DOMAIN}:{nginx.tls}{path.format(n)}" for n in range(40)]
    outputs = [part for url in urls for part in ("--output", "/dev/null", url)]
    written = ["--write-out", r"%{http_code} %{http_version} %{num_connects}\n"]
    told = over_tls(nginx, "--parallel", "--parallel-max", "40", *written, *outputs).split("\n")
    codes, versions, connections = zip(*(line.split() for line in told if line), strict=True)
    assert Counter(codes) == {"200": 40}
    assert set(versions) == {"2"} and sum(map(int, connections)) == 1


def test_every_answer_over_tls_says_so(nginx: Nginx) -> None:
    """Strict-Transport-Security is on pages, static files and nginx's own problems."""
    for path in ("/", "/static/hsts.css", "/gone"):
        head = over_tls(nginx, "--include", f"https://{DOMAIN}:{nginx.tls}{path}")
        assert head.lower().count("strict-transport-security: max-age=31536000") == 1, path
    redirect = call(nginx.plain, "/map?text=x", Host=DOMAIN)
    assert (redirect[0], redirect[1]["Location"]) == (301, f"https://{DOMAIN}/map?text=x")


def test_no_location_drops_the_headers_of_the_site() -> None:
    """nginx hands headers down only to locations that add none."""
    config = (DEPLOY / "nginx" / "fontkin.conf").read_text()
    blocks = re.findall(r"^location [^{]*\{\n(.*?)^\}", config, re.MULTILINE | re.DOTALL)
    assert len(blocks) == config.count("\nlocation ")
    assert not any("add_header" in block for block in blocks)


def problem(reply: Reply, slug: str, path: str) -> dict[str, object]:
    """The problem of an answer of nginx's own, which is one of the service's kinds."""
    status, headers, body = reply
    assert headers.get_content_type() == "application/problem+json"
    told = json.loads(body)
    expected = ProblemError(slug, told["detail"]).to_json(path, headers["X-Request-ID"])
    assert told == expected and status == KINDS[slug].status
    assert re.fullmatch(r"[0-9a-f]{32}", told["request_id"])
    return dict(told)


def test_bodies_have_a_limit(nginx: Nginx) -> None:
    """A font of 32 MB goes through; more, or as much elsewhere, never reaches the service."""
    assert call(nginx.plain, "/v1/fonts", bytes(32 * 2**20))[0] == 200
    asked = Upstream.asked.total()
    for path, size in (("/v1/fonts", 34 * 2**20), ("/v1/families/x", 2**20)):
        reply = call(nginx.plain, path, bytes(size))
        problem(reply, "too-large", path)
        assert reply[1]["Retry-After"] is None
    assert Upstream.asked.total() == asked


def test_one_client_cannot_take_all(nginx: Nginx) -> None:
    """Beyond a few at once, searches are refused with 429; other pages are not."""
    with ThreadPoolExecutor(18) as pool:
        replies = [*pool.map(lambda _: call(nginx.plain, "/v1/search", b"x"), range(18))]
    codes = Counter(reply[0] for reply in replies)
    assert codes[429] >= 3 and codes[200] >= 10 and codes.total() == 18
    refused = next(reply for reply in replies if reply[0] == 429)
    problem(refused, "too-many-requests", "/v1/search")
    assert refused[1]["Retry-After"] == "5"
    assert call(nginx.plain, "/v1/families")[0] == 200


def test_a_service_that_is_away_or_slow(nginx: Nginx) -> None:
    """Problems, with a time to come back for the one that ends; an archive of fonts has longer."""
    away = call(nginx.plain, "/gone")
    problem(away, "unreachable", "/gone")
    assert away[1]["Retry-After"] == "5"
    problem(call(nginx.plain, "/slow"), "too-slow", "/slow")
    assert call(nginx.plain, "/v1/fonts/slow", b"")[0] == 200


def test_the_services_own_answers_stay(nginx: Nginx) -> None:
    """Its time to come back is its own, given where it lacks; so is its request id."""
    limited, busy = (call(nginx.plain, f"/v1/{name}") for name in ("limited", "busy"))
    assert limited[1].get_all("Retry-After") == ["41"] and b"padding" in limited[2]
    assert busy[1].get_all("Retry-After") == ["5"] and b"padding" in busy[2]
    asked = {"mine-1": "mine-1", 'not "one"': Upstream.headers_seen["X-Request-ID"]}
    for given, expected in asked.items():
        _, headers, _ = call(nginx.plain, "/", **{"X-Request-ID": given})
        (answered,) = headers.get_all("X-Request-ID") or []
        assert (answered == given) == (expected == given)
        assert answered == Upstream.headers_seen["X-Request-ID"]


def test_a_strange_path_stays_out_of_the_problem(nginx: Nginx) -> None:
    """What cannot stand in JSON is left away."""
    reply = call(nginx.plain, "/v1/fonts/%22%7D%0A", bytes(34 * 2**20))
    problem(reply, "too-large", "/")


def test_no_query_is_logged(nginx: Nginx) -> None:
    """Of an answer, a redirect, a limit, a body too large and a service that is away: the path,
    the status and the id are logged; no query, referrer or browser.
    """
    secrets = {"Referer": "http://x/?text=Secret", "User-Agent": "Secret/1"}
    for path, body in (
        ("/v1/families?q=Secret", None),
        ("/gone?text=Secret", None),
        ("/slow?text=Secret", None),
        ("/v1/fonts?text=Secret", bytes(34 * 2**20)),
    ):
        call(nginx.plain, path, body, **{**secrets, "X-Request-ID": "looked-for"})
    call(nginx.plain, "/map?text=Secret", Host=DOMAIN, **secrets)
    with ThreadPoolExecutor(18) as pool:
        codes = pool.map(
            lambda _: call(nginx.plain, "/v1/search?text=Secret", b"x", **secrets)[0], range(18)
        )
    assert 429 in codes
    over_tls(nginx, "--referer", "http://x/?Secret", f"https://{DOMAIN}:{nginx.tls}/?text=Secret")
    logged = nginx.logged()
    assert "Secret" not in logged and "curl/" not in logged
    for line in ('"GET /v1/families" 200', '"GET /gone" 502', '"GET /slow" 504'):
        assert line in logged
    for line in ('"POST /v1/fonts" 413', '"POST /v1/search" 429', '"GET /map" 301'):
        assert line in logged
    assert len(re.findall(r"^127\.0\.0\.1 \[.*\] \"GET .* looked-for$", logged, re.MULTILINE)) == 3


def test_in_a_container(tmp_path: Path) -> None:
    """The same rules and log; the numbers are at a port of their own, and nothing else is there."""
    with as_in_a_container(tmp_path) as (nginx, numbers):
        assert call(nginx.plain, "/v1/families?q=Secret")[0] == 200
        problem(call(nginx.plain, "/gone?q=Secret"), "unreachable", "/gone")
        assert call(numbers, "/metrics")[0] == 200
        assert call(numbers, "/v1/families")[0] == 404
        logged = nginx.logged()
    assert '"GET /v1/families" 200' in logged and "Secret" not in logged


def test_an_older_site_logs_no_query_after_an_update(tmp_path: Path) -> None:
    """Its lines get the new format once; those of a site made now stay as they are."""
    site = tmp_path / "site"
    site.write_text(
        "  location / { return 301 https://x$request_uri; }\n"
        "  access_log /var/log/nginx/fontkin/access.log;\n"
    )
    log = "access_log /var/log/nginx/fontkin/access.log fontkin;"
    for _ in range(2):
        script = '. "$1" && site=$2 && quiet_site'
        subprocess.run(["bash", "-c", script, "sh", str(DEPLOY / "lib.sh"), str(site)], check=True)
        assert site.read_text() == (
            f"  location / {{ {log} return 301 https://x$request_uri; }}\n  {log}\n"
        )
