"""Which scripts a font has letters for, named as Fontsource names the subsets of a family."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from encoder.fontcmap import Segments

# Blocks of the Unicode Standard with a script's common letters, and how many of them are enough:
# old fonts lack what was added later.
_BLOCKS = {
    "latin": (0x41, 0x7A, 52),
    "latin-ext": (0x100, 0x17F, 100),
    "vietnamese": (0x1EA0, 0x1EF9, 80),
    "greek": (0x391, 0x3C9, 45),
    "cyrillic": (0x410, 0x44F, 60),
    "armenian": (0x531, 0x586, 70),
    "georgian": (0x10D0, 0x10F0, 30),
    "hebrew": (0x5D0, 0x5EA, 26),
    "arabic": (0x621, 0x64A, 34),
    "devanagari": (0x905, 0x939, 45),
    "bengali": (0x985, 0x9B9, 40),
    "gurmukhi": (0xA05, 0xA39, 38),
    "gujarati": (0xA85, 0xAB9, 40),
    "tamil": (0xB85, 0xBB9, 30),
    "telugu": (0xC05, 0xC39, 45),
    "kannada": (0xC85, 0xCB9, 42),
    "malayalam": (0xD05, 0xD39, 45),
    "sinhala": (0xD85, 0xDC6, 50),
    "thai": (0xE01, 0xE2E, 44),
    "khmer": (0x1780, 0x17A2, 33),
    "japanese": (0x3041, 0x3096, 80),
    "korean": (0xAC00, 0xD7A3, 2000),
    "chinese-simplified": (0x4E00, 0x9FFF, 5000),
}
SCRIPTS = tuple(sorted(_BLOCKS))
# With what the Unicode names of a script's letters begin, where not with the script's own name.
_LETTERS_OF = {
    "chinese-hongkong": ("CJK",),
    "chinese-simplified": ("CJK",),
    "chinese-traditional": ("CJK",),
    "japanese": ("CJK", "HIRAGANA", "KATAKANA"),
    "korean": ("HANGUL",),
}


def covered(segments: Segments) -> frozenset[str]:
    """The scripts whose letters the character map has."""
    return frozenset(
        name
        for name, (first, last, enough) in _BLOCKS.items()
        if segments.count(first, last) >= enough
    )


def letters_of(text: str, scripts: Iterable[str]) -> int:
    """How many letters and digits of `text` are Latin ones or of these scripts."""
    named = [_LETTERS_OF.get(name, (name.upper().replace("-", " "),)) for name in scripts]
    begin = ("LATIN", "DIGIT", *(each for names in named for each in names))
    return sum(c.isalnum() and unicodedata.name(c, "").startswith(begin) for c in text)
