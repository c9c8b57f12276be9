"""Libraries that strangers' bytes reach, and the first versions without the known holes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from packaging.version import Version
from PIL import features

LEAST: Mapping[str, tuple[str, str]] = {
    "Pillow": ("12.3", "CVE-2026-40192, 42308 to 42311 and what 12.3.0 mended"),
    "FreeType": ("2.14.2", "CVE-2025-27363, CVE-2026-23865"),
    "fontTools": ("4.60.2", "CVE-2025-66034, CVE-2023-45139"),
    "Werkzeug": ("3.0.6", "CVE-2024-49767"),
}


def installed() -> dict[str, str]:
    """What is here; FreeType is the one in Pillow, which draws every font."""
    found = {name: version(name) for name in LEAST if name != "FreeType"}
    return found | {"FreeType": features.version("freetype2") or "0"}


def too_old(here: Mapping[str, str]) -> list[str]:
    """A sentence for each library in `here` that is older than it may be."""
    return [
        f"{name} {here[name]} is older than {least} ({why}): install requirements-serve.txt again"
        for name, (least, why) in LEAST.items()
        if Version(here[name]) < Version(least)
    ]
