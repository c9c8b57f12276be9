"""The pictures of the pages that README and docs show are those that one command makes."""

from __future__ import annotations

from pathlib import Path

from scripts.screenshots import parser

ROOT = Path(__file__).parent.parent


def test_every_picture_is_made_and_shown() -> None:
    """What `scripts.screenshots` makes is here, and nothing else; a text shows each."""
    made = {f"{name}.webp" for name in parser().parse_args([]).only}
    assert made == {path.name for path in ROOT.glob("docs/images/*.webp")}
    texts = [(ROOT / "README.md").read_text(), *(p.read_text() for p in ROOT.glob("docs/*.md"))]
    assert all(any(f"images/{name})" in text for text in texts) for name in made)
