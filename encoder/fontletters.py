"""Which characters a face really draws, and whether its letters are letters."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageFont, features

from encoder.fontguard import FontRefusedError

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = "abcdefghijklmnopqrstuvwxyz"
FIRST, LAST = 0x20, 0x24F  # Basic Latin to Latin Extended-B

_SIZE = 48  # pixels to the em
_GRID = 16  # cells a side in which letters are compared
_ENOUGH = 20  # of 26 letters, in one case: initials and caps-only fonts pass
_SAME = 0.03  # mean difference of two letters' cells that are one drawing ...
_SAME_SHARE = 0.12  # ... and that difference as a share of their ink, for hairline faces
_DISTINCT = 17  # the least varied text family of 1,740 has 20, bars and blocks at most 15
_UNLIKE = 10.3  # mean rank of 26; chance is 12.5, Latin families without accents stay below 9.9
_FEW_ACCENTS = 20  # of U+00C0..U+00FF: fonts of pictures stop at ASCII
_PRIVATE = 50  # private-use characters
_MAX_EM = 20  # a letter larger than that is damage, and drawing it takes gigabytes
_ICON_WORDS = ("home", "search", "menu", "settings", "delete", "favorite", "check", "email")


def draw_check(
    font: ImageFont.FreeTypeFont, mapped: Sequence[str], private: int, deadline: float
) -> frozenset[str]:
    """The characters of `mapped` that `font` (at 48 px) draws; blanks count as drawn.

    `private` is the number of private-use characters that the font maps, `deadline` the
    `time.thread_time()` at which drawing is given up. Raises `FontRefusedError` for icons,
    empty or equal letters, and for what FreeType rejects or takes too long over.
    """
    pictures = _Pictures(font, deadline)
    letters = [c for c in mapped if c in UPPER or c in LOWER]
    if not _enough(letters):
        icons = private >= _PRIVATE
        detail = f" but {private:,} private-use ones: it holds icons" if icons else ""
        code = "icon-font" if icons else "no-latin"
        raise FontRefusedError(code, f"The font maps {len(letters)} Latin letters{detail}.")
    drawn = [c for c in letters if pictures.ink(c)]
    if not _enough(drawn):
        _refuse_empty(pictures, len(drawn))
    accents = sum("\u00c0" <= c <= "\u00ff" for c in mapped)
    _check_letters(pictures, accents)
    return frozenset(c for c in mapped if c.isspace() or pictures.ink(c))


class _Pictures:
    """Glyph bitmaps of one font; remembers FreeType's last complaint and keeps the time."""

    def __init__(self, font: ImageFont.FreeTypeFont, deadline: float) -> None:
        self.font = font
        self.deadline = deadline
        self.complaint = ""

    def mask(self, text: str) -> Image.Image | None:
        """The ink of `text`, mode "L", cropped to it; None when there is none."""
        if time.thread_time() > self.deadline:
            raise FontRefusedError("broken", "Drawing its letters takes too long.")
        try:
            left, top, right, bottom = self.font.getbbox(text)
            if max(right - left, bottom - top) > _MAX_EM * _SIZE * len(text):
                self.complaint = "glyphs of absurd size"
                return None
            core = self.font.getmask(text)
        except (OSError, ValueError, MemoryError) as error:
            self.complaint = str(error)
            return None
        box = core.getbbox()
        return Image.frombytes("L", core.size, bytes(core)).crop(box) if box else None

    def ink(self, text: str) -> bool:
        return self.mask(text) is not None


def _enough(letters: Sequence[str]) -> bool:
    upper = sum(c in UPPER for c in letters)
    return max(upper, len(letters) - upper) >= _ENOUGH


def _refuse_empty(pictures: _Pictures, drawn: int) -> None:
    if pictures.complaint:
        raise FontRefusedError("broken", f"FreeType cannot draw it: {pictures.complaint}.")
    shaped = _shaped(pictures.font)
    words = _Pictures(shaped, pictures.deadline) if shaped is not None else None
    if words is not None and sum(words.ink(word) for word in _ICON_WORDS) > 1:
        raise FontRefusedError("icon-font", "Words become icons, and letters alone are empty.")
    raise FontRefusedError("empty-outlines", f"Only {drawn} of the Latin letters have an outline.")


def _check_letters(pictures: _Pictures, accents: int) -> None:
    filled = {case: _cells(pictures, case, _as_drawn) for case in (UPPER, LOWER)}
    distinct = max(_distinct(cells) for cells in filled.values())
    if distinct < _DISTINCT:
        raise FontRefusedError(
            "identical-glyphs", f"Only {distinct} of 26 letters differ from one another."
        )
    if accents >= _FEW_ACCENTS:
        return
    if _words_shrink(pictures.font):
        raise FontRefusedError("icon-font", "Words such as 'home' or 'search' become icons.")
    squares = {case: _cells(pictures, case, _squared) for case in (UPPER, LOWER)}
    ranks = [_rank(cells, _as_drawn) for cells in filled.values()]
    ranks += [_rank(cells, _squared) for cells in squares.values()]
    if float(np.mean(ranks)) > _UNLIKE:
        raise FontRefusedError("icon-font", "Its A to Z look like pictures and not like letters.")


def _shaped(font: ImageFont.FreeTypeFont) -> ImageFont.FreeTypeFont | None:
    """The same font with ligatures; None where Pillow has no shaper."""
    if not features.check("raqm"):
        return None
    return font.font_variant(layout_engine=ImageFont.Layout.RAQM)


def _words_shrink(font: ImageFont.FreeTypeFont) -> bool:
    """Whether names of icons become much shorter than their letters: ligature icons."""
    shaped = _shaped(font)
    if shaped is None:
        return False
    try:
        short = sum(shaped.getlength(w) < 0.6 * font.getlength(w) for w in _ICON_WORDS)
    except (OSError, ValueError):
        return False
    return short > len(_ICON_WORDS) // 2


def _as_drawn(ink: Image.Image) -> Image.Image:
    return ink


def _squared(ink: Image.Image) -> Image.Image:
    side = max(ink.size)
    square = Image.new("L", (side, side))
    square.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
    return square


def _cells(
    pictures: _Pictures, letters: str, fit: Callable[[Image.Image], Image.Image]
) -> np.ndarray:
    """Each letter's ink in a grid: float32 [26, 256] in 0..1; zeros for a missing one."""
    out = np.zeros((len(letters), _GRID * _GRID), np.float32)
    for row, letter in zip(out, letters, strict=True):
        ink = pictures.mask(letter)
        if ink is not None:
            small = fit(ink).resize((_GRID, _GRID), Image.Resampling.BOX)
            row[:] = np.asarray(small, np.float32).ravel() / 255
    return out


def _distinct(cells: np.ndarray) -> int:
    """How many rows [N, D] differ from all those counted before them."""
    kept: list[np.ndarray] = []
    for row in cells:
        if not any(_same(row, other) for other in kept):
            kept.append(row)
    return len(kept)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    gap, ink = float(np.abs(one - other).mean()), float((one + other).mean())
    return gap <= _SAME and gap <= _SAME_SHARE * ink


def _rank(cells: np.ndarray, fit: Callable[[Image.Image], Image.Image]) -> float:
    """How many plain letters resemble each one more than its own does: 0 best, 12.5 chance.

    Small capitals and unicase fonts may follow either case, so the better one counts.
    """
    ours, ranks = _unit(cells), []
    for reference in _plain_letters(fit):
        alike = ours @ reference.T
        ranks.append(float((alike > alike.diagonal()[:, None]).sum(axis=1).mean()))
    return min(ranks)


@cache
def _plain_letters(fit: Callable[[Image.Image], Image.Image]) -> tuple[np.ndarray, np.ndarray]:
    """The letters of Pillow's built-in sans serif, by case."""
    font = ImageFont.load_default(_SIZE)
    pictures = _Pictures(font, math.inf)  # type: ignore[arg-type]
    return _unit(_cells(pictures, UPPER, fit)), _unit(_cells(pictures, LOWER, fit))


def _unit(cells: np.ndarray) -> np.ndarray:
    centred = cells - cells.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
