"""What is installed is new enough, and the file of hashes is of the same versions."""

from __future__ import annotations

import re
from pathlib import Path

from index.versions import LEAST, installed, too_old

ROOT = Path(__file__).resolve().parent.parent


def test_nothing_is_too_old() -> None:
    """Neither here nor in what is pinned."""
    here = installed()
    assert too_old(here) == [] and set(here) == set(LEAST)


def test_old_ones_are_named() -> None:
    """With the version that is there, the least one, and why; the least itself will do."""
    least = {name: version for name, (version, _) in LEAST.items()}
    assert too_old(least) == []
    (found,) = too_old(least | {"FreeType": "2.14.1"})
    assert "FreeType 2.14.1" in found and "2.14.2" in found and "CVE-2026-23865" in found
    (found,) = too_old(least | {"Pillow": "9.10"})
    assert "Pillow 9.10" in found


def test_the_hashes_are_those_of_the_pins() -> None:
    """`make lock` was run: the same packages in the same versions, each with hashes."""

    def pins(text: str) -> dict[str, str]:
        found = re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE)
        return {re.sub("[-_.]+", "-", name.lower()): version for name, version in found}

    locked = (ROOT / "requirements-serve.lock").read_text()
    assert pins(locked) == pins((ROOT / "requirements-serve.txt").read_text())
    for block in re.split(r"^(?=\w)", locked, flags=re.MULTILINE)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block
