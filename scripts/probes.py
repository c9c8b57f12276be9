"""What `scripts.smoke` checks of a running service."""

from __future__ import annotations

from pathlib import Path

from scripts.service import ProbeError, Service

PICTURE = Path(__file__).resolve().parent.parent / "deploy" / "smoke.png"
FAMILY = "abril-fatface"  # what the picture is set in


def search(service: Service) -> str:
    """The known picture finds its family first."""
    answer = service.call("/v1/search?k=3", PICTURE.read_bytes())
    found = [match["family"]["id"] for match in answer["matches"]]
    if found[:1] != [FAMILY]:
        raise ProbeError(f"{PICTURE.name} is {FAMILY}; found {answer['verdict']}: {found}")
    return f"{answer['verdict']}: {', '.join(found)}"


def health(service: Service) -> str:
    """The process says that it is well."""
    return str(service.call("/healthz")["status"])


def page(service: Service) -> str:
    """The page comes whole."""
    text = service.call("/", kind="html")
    if "</html>" not in text or "Fontkin" not in text:
        raise ProbeError("/ is no whole page of Fontkin")
    service.call("/static/js/search.js", kind="javascript")
    return f"{len(text)} characters"


def families(service: Service) -> str:
    """The catalogue knows the family by its name."""
    items = service.call("/v1/families?q=abril")["items"]
    if FAMILY not in [item["id"] for item in items]:
        raise ProbeError(f"{FAMILY} is not in the catalogue")
    return f"{len(items)} found"


def problem(service: Service) -> str:
    """What is no picture is refused with a problem that says so."""
    refused = service.call("/v1/search", b"no picture", 415, "problem+json")
    return str(refused["title"])


def closed(service: Service) -> str:
    """Nobody adds fonts without a token."""
    anybody = service.without_token()
    try:
        anybody.call("/v1/fonts", b"", 401, "problem+json")
    except ProbeError:
        anybody.call("/v1/fonts", b"", 403, "problem+json")
    return "needs a token"


PROBES = (health, page, families, search, problem, closed)
