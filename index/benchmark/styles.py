"""The page that Chromium draws for a query: one text, one face, one level's looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from random import Random

from encoder.browser import font_data_url
from index.benchmark.faces import AskedFace

SELECTOR = "#query"
_PAGE = """<!doctype html><style>
@font-face {{ font-family: subject; src: url({url}) }}
body {{ margin: 0; background: #fff }}
#query {{ display: inline-block; padding: {pad}; background: {paper} }}
#text {{ display: inline-block; white-space: pre; font-family: subject; font-size: {size}px;
  font-synthesis: none; font-variation-settings: {axes}; line-height: {leading}; color: {ink};
  {extra} }}
</style><div id="query"><div id="text">{text}</div></div>"""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about the page but its text and face; lengths as CSS writes them."""

    size: int
    paper: str = "#fff"
    ink: str = "#000"
    pad: str = "12px 20px"
    leading: str = "normal"
    extra: tuple[str, ...] = field(default=())


def page(face: AskedFace, text: str, look: Look) -> str:
    """The HTML; the picture is the element `SELECTOR`."""
    axes = ", ".join(f'"{name}" {value:g}' for name, value in face.variation) or "normal"
    return _PAGE.format(
        url=font_data_url(face.path),
        pad=look.pad,
        paper=look.paper,
        size=look.size,
        axes=axes,
        leading=look.leading,
        ink=look.ink,
        extra="; ".join(look.extra),
        text=escape(text),
    )


def plain(rng: Random, sizes: tuple[int, int]) -> Look:
    """Black on white with a random margin, a size within `sizes`."""
    pad = f"{rng.randint(6, 24)}px {rng.randint(8, 32)}px"
    return Look(rng.randint(*sizes), pad=pad)


def body(rng: Random) -> Look:
    """14 to 20 px, the line height of a web page, near black on near white."""
    shade, paper = rng.randint(0, 70), rng.randint(244, 255)
    return Look(
        rng.randint(14, 20),
        paper=f"rgb({paper} {paper} {paper})",
        ink=f"rgb({shade} {shade} {shade})",
        pad=f"{rng.randint(8, 20)}px {rng.randint(10, 24)}px",
        leading=f"{rng.uniform(1.3, 1.65):.2f}",
    )


def styled(rng: Random) -> Look:
    """Colours always; tracking, gradients, a shadow, a turn or a skew, each for some."""
    size = rng.randint(28, 72)
    dark_paper = rng.random() < 0.4
    extra = [f"letter-spacing: {rng.uniform(-0.02, 0.14):.3f}em"] if rng.random() < 0.5 else []
    if rng.random() < 0.3:
        extra.append(f"background: {_gradient(rng, not dark_paper)}")
        extra.append("background-clip: text; color: transparent; padding: .3em")
    elif rng.random() < 0.45:  # a shadow would shine through a transparent ink
        extra.append(f"text-shadow: {_shadow(rng, size)}")
    turns = [f"rotate({rng.uniform(-4, 4):.2f}deg)"] if rng.random() < 0.6 else []
    if rng.random() < 0.4:
        turns.append(f"skew({rng.uniform(-4, 4):.2f}deg, {rng.uniform(-1, 1):.2f}deg)")
    if turns:
        extra.append(f"transform: {' '.join(turns)}")
    paper = _gradient(rng, dark_paper) if rng.random() < 0.35 else _colour(rng, dark_paper)
    ink = _colour(rng, not dark_paper)
    return Look(size, paper, ink, f"{size}px {round(0.9 * size)}px", extra=tuple(extra))


def photo(rng: Random) -> Look:
    """A painted or printed surface: muted colours, room around the text."""
    size = rng.randint(36, 72)
    dark_paper = rng.random() < 0.35
    pad = f"{rng.uniform(0.7, 1.2) * size:.0f}px {rng.uniform(0.8, 1.4) * size:.0f}px"
    return Look(size, _colour(rng, dark_paper), _colour(rng, not dark_paper), pad)


def _colour(rng: Random, dark: bool) -> str:
    """A colour that any of the other side's can be read on: lightness apart by 40 % or more."""
    light = rng.randint(5, 32) if dark else rng.randint(74, 97)
    return f"hsl({rng.randint(0, 359)} {rng.randint(0, 70)}% {light}%)"


def _gradient(rng: Random, dark: bool) -> str:
    return f"linear-gradient({rng.randint(0, 359)}deg, {_colour(rng, dark)}, {_colour(rng, dark)})"


def _shadow(rng: Random, size: int) -> str:
    x, y = rng.uniform(-0.05, 0.05) * size, rng.uniform(0.01, 0.06) * size
    blur, alpha = rng.uniform(0, 0.12) * size, rng.uniform(0.25, 0.6)
    return f"{x:.1f}px {y:.1f}px {blur:.1f}px rgb(0 0 0 / {alpha:.2f})"
