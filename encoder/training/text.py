"""Text that never repeats: words of several languages, random letters, digits, signs."""

from __future__ import annotations

import string
from functools import cache

import numpy as np

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")
_SIGNS = "&!?.,:;-'\"()/@#%*+"


@cache
def words() -> tuple[str, ...]:
    """Words of eight languages (wordfreq), 2 to 14 letters, each once, in a fixed order."""
    from wordfreq import top_n_list

    found = {w: None for lang in _LANGUAGES for w in top_n_list(lang, 12_000)}
    return tuple(w for w in found if w.isalpha() and 2 <= len(w) <= 14 and max(w) < "\u0250")


def draw_text(rng: np.random.Generator, coverage: frozenset[str], *, varied: bool = True) -> str:
    """One line of 2 to about 18 characters, only of those that the face covers.

    `varied=False` gives plain lower-case English words (the text ablation). Returns a few
    covered letters when nothing else fits, "" only when the coverage is empty.
    """
    for _ in range(8):
        text = _candidate(rng) if varied else words()[int(rng.integers(8_000))]
        text = "".join(c for c in text if c in coverage or c == " ").strip()
        if len(text.replace(" ", "")) >= 2:
            return text
    letters = sorted(coverage - {" "})
    return "".join(letters[i] for i in rng.integers(len(letters), size=5)) if letters else ""


def _candidate(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.5:
        text = " ".join(_word(rng) for _ in range(1 if rng.random() < 0.75 else 2))
        text = _cased(text, rng)
        return text + _SIGNS[int(rng.integers(len(_SIGNS)))] if rng.random() < 0.12 else text
    if kind < 0.9:
        return _letters(rng)
    digits = "".join(map(str, rng.integers(10, size=int(rng.integers(2, 7)))))
    return digits if rng.random() < 0.5 else f"{_cased(_word(rng), rng)} {digits}"


def _word(rng: np.random.Generator) -> str:
    return words()[int(rng.integers(len(words())))]


def _letters(rng: np.random.Generator) -> str:
    """Three to eleven random letters of one case, or mixed as in a password."""
    pool = (string.ascii_lowercase, string.ascii_uppercase, string.ascii_letters)
    letters = pool[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
    text = "".join(letters[i] for i in rng.integers(26, size=int(rng.integers(3, 11))))
    return text.capitalize() if rng.random() < 0.25 else text


def _cased(text: str, rng: np.random.Generator) -> str:
    return (text.lower, text.title, text.upper)[int(rng.choice(3, p=[0.45, 0.3, 0.25]))]()
