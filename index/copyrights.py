"""Who holds the rights in the families of Google Fonts, as their metadata says it.

The shipped catalogue brings this as a small JSON file, since most font files are not here.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path

from index.files import write_whole

COPYRIGHTS = "copyrights.json"
_FILE = re.compile(r"\s*\S+\.(?:ttf|otf):\s*")  # "... Inter-Italic[wght].ttf: Copyright ..."


class Copyrights:
    """The lines of the families that are shipped, read at the first question."""

    def __init__(self, prebuilt: Path, fonts: Path) -> None:
        self._path = prebuilt / COPYRIGHTS
        self._fonts = fonts

    @cached_property
    def _lines(self) -> dict[str, str]:
        return json.loads(self._path.read_text()) if self._path.is_file() else {}

    def of(self, family_id: str) -> str | None:
        """The copyright line of a family; None when it is not known."""
        return self._lines.get(family_id)

    def write(self, target: Path) -> int:
        """Gather the lines from the families' metadata into the folder `target`; how many.

        Without a folder of font files the lines known until now are written.
        """
        lines = gather(self._fonts) or self._lines
        text = json.dumps(lines, ensure_ascii=False, indent=0)
        write_whole(target / COPYRIGHTS, text.encode() + b"\n")
        return len(lines)


def gather(fonts: Path) -> dict[str, str]:
    """Family id -> line, of every folder below `fonts` whose metadata has one."""
    lines = {}
    for path in sorted(fonts.glob("[!.]*/metadata.json")):
        licence = json.loads(path.read_text()).get("license")
        given = licence.get("attribution") if isinstance(licence, dict) else None
        if line := shortened(given or ""):
            lines[path.parent.name] = line
    return lines


def shortened(attribution: str) -> str:
    """The same line for every file of a family is said once."""
    parts = (" ".join(part.split()) for part in _FILE.split(attribution))
    return "; ".join(dict.fromkeys(part for part in parts if part))
