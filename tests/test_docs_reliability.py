"""What `docs/reliability.md` says of the tests is so."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _expanded(words: str) -> list[str]:
    """As a shell does with braces."""
    parts = [part.strip("{}").split(",") for part in re.findall(r"\{[^}]*\}|[^{}]+", words)]
    return ["".join(one) for one in product(*parts)]


def test_its_command_runs_every_test_that_it_names() -> None:
    """The files of its first line are there, and hold each test and file that the table names."""
    text = (ROOT / "docs" / "reliability.md").read_text()
    first = re.search(r"`python -m pytest ([^`]+)`", text)
    assert first is not None
    files = [name for words in first[1].split() for name in _expanded(words)]
    held = "".join((ROOT / name).read_text() for name in files)
    named = re.findall(r"`(test_\w+)`", text)
    assert len(named) > 10
    assert [name for name in named if f"\ndef {name}(" not in held] == []
    assert set(re.findall(r"`(tests/test_\w+\.py)`", text)) <= set(files)
