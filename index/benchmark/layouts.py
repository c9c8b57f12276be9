"""What the benchmark's scenes look like: the HTML of a web page, a poster, a sign."""

from __future__ import annotations

import base64
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from random import Random

import cv2
import numpy as np

from encoder.browser import font_data_url
from index.benchmark import effects, text
from index.benchmark.faces import AskedFace

SELECTOR = ".spot"
FONTS = {"page": 2, "poster": 3, "tilted": 2}  # of a scene
_BASE = """* {{ margin: 0; box-sizing: border-box; font-synthesis: none }}
.spot {{ width: fit-content }}
{fonts}"""
_FONT = """@font-face {{ font-family: f{at}; src: url({url}) }}
.f{at} {{ font-family: f{at}; font-variation-settings: {axes} }}"""


@dataclass(frozen=True, slots=True)
class Page:
    """The HTML, its size (width, height) in pixels, and its blocks in order: (text, font)."""

    html: str
    size: tuple[int, int]
    blocks: tuple[tuple[str, int], ...]


class _Blocks:
    """The blocks of a page in the order in which they are written."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int]] = []

    def add(self, said: str, font: int, style: str) -> str:
        """The HTML of a block in font number `font`."""
        self.said.append((said, font))
        return f'<div class="spot f{font}" style="{style}">{escape(said)}</div>'


def compose(
    level: str,
    faces: Sequence[AskedFace],
    letters: Sequence[Set[str]],
    rng: Random,
    noise: np.random.Generator,
) -> Page:
    """A scene of `level` in `faces`, whose characters are `letters`.

    Raises `CoverageError` when a face lacks what the scene needs.
    """
    blocks = _Blocks()
    draw = {"page": _web_page, "poster": _poster, "tilted": _sign}[level]
    body, style, size = draw(blocks, letters, rng, noise)
    fonts = "\n".join(
        _FONT.format(
            at=at,
            url=font_data_url(face.path),
            axes=", ".join(f'"{axis}" {value:g}' for axis, value in face.variation) or "normal",
        )
        for at, face in enumerate(faces)
    )
    head = f"<!doctype html><style>{_BASE.format(fonts=fonts)} {style}</style>"
    return Page(f"{head}<body>{body}</body>", size, tuple(blocks.said))


_Drawn = tuple[str, str, tuple[int, int]]


def _web_page(
    blocks: _Blocks, letters: Sequence[Set[str]], rng: Random, noise: np.random.Generator
) -> _Drawn:
    """A heading font and a body font, a picture, and a dark card with light text."""
    hue, dark = rng.randint(0, 359), rng.random() < 0.25
    paper, ink = ("#16181d", "#e8e8ea") if dark else ("#ffffff", f"hsl({hue} 20% 14%)")
    small, large = rng.randint(15, 18), rng.randint(40, 60)

    def paragraph(lines: int) -> str:
        said = " ".join(text.body(rng, letters[1]) for _ in range((lines + 1) // 2))
        return " ".join(said.split())

    leading = rng.uniform(1.4, 1.65)
    prose = f"font-size: {small}px; line-height: {leading:.2f}; max-width: 620px; margin: 14px 0"
    nav = "".join(
        blocks.add(text.word(rng, letters[1]), 1, f"font-size: {small}px; margin-right: 34px")
        for _ in range(3)
    )
    head = f"font-size: {large}px; line-height: 1.2; margin: 26px 0 8px; max-width: 1000px"
    column = (
        blocks.add(text.headline(rng, letters[0]), 0, head)
        + blocks.add(paragraph(6), 1, prose)
        + blocks.add(text.headline(rng, letters[0]), 0, f"font-size: {round(large * 0.6)}px")
        + blocks.add(paragraph(10), 1, prose)
    )
    card = blocks.add(
        text.headline(rng, letters[0], words=(2, 3)), 0, f"font-size: {round(large * 0.55)}px"
    ) + blocks.add(paragraph(2), 1, f"font-size: {small}px; line-height: 1.5; margin-top: 10px")
    photo = _as_url(_photograph(300, 400, noise))
    body = (
        f'<div class="nav">{nav}</div><div class="main"><div>{column}</div>'
        f'<div><img src="{photo}" width="400" height="300">'
        f'<div class="card">{card}</div></div></div>'
    )
    style = (
        f"body {{ background: {paper}; color: {ink}; padding: 24px 48px }} "
        ".nav { display: flex } .main { display: flex; gap: 48px } "
        f".card {{ background: hsl({hue} 45% 22%); color: #fff; padding: 26px; width: 400px }}"
    )
    return body, style, (1280, 720)


def _poster(
    blocks: _Blocks, letters: Sequence[Set[str]], rng: Random, noise: np.random.Generator
) -> _Drawn:
    """Three fonts over a photograph-like background, dark or bright all over."""
    width, height = 840, 1120
    photo = _photograph(height, width, noise)
    dark = rng.random() < 0.6
    photo = photo * 0.42 if dark else 255 - (255 - photo) * 0.4
    ink = f"hsl({rng.randint(0, 359)} {rng.randint(10, 80)}% {rng.randint(88, 97)}%)"
    if not dark:
        ink = f"hsl({rng.randint(0, 359)} {rng.randint(20, 80)}% {rng.randint(6, 20)}%)"
    title, middle, foot = rng.randint(76, 110), rng.randint(38, 54), rng.randint(24, 32)
    places = [
        (text.headline(rng, letters[0], words=(1, 2)), 0, title, rng.randint(60, 200)),
        (text.headline(rng, letters[1], words=(2, 3)), 1, middle, rng.randint(480, 620)),
        (text.headline(rng, letters[2], words=(3, 4)), 2, foot, rng.randint(940, 1040)),
    ]
    body = "".join(
        blocks.add(
            said,
            font,
            f"position: absolute; top: {top}px; left: {rng.randint(40, 90)}px; "
            f"font-size: {size}px; line-height: 1.15; max-width: 740px",
        )
        for said, font, size, top in places
    )
    style = (
        f"body {{ background: url({_as_url(photo)}); color: {ink}; "
        f"width: {width}px; height: {height}px; position: relative }}"
    )
    return body, style, (width, height)


def _sign(
    blocks: _Blocks, letters: Sequence[Set[str]], rng: Random, noise: np.random.Generator
) -> _Drawn:
    """A plate with a line in each of two fonts, on a wall; `effects.tilt` turns it."""
    width, height = 960, 720
    hue, dark = rng.randint(0, 359), rng.random() < 0.5
    plate = f"hsl({hue} 35% {18 if dark else 90}%)"
    ink = f"hsl({(hue + 180) % 360} 30% {94 if dark else 12}%)"
    first, second = rng.randint(52, 72), rng.randint(34, 46)
    body = (
        '<div class="plate">'
        + blocks.add(text.headline(rng, letters[0], words=(1, 2)), 0, f"font-size: {first}px")
        + blocks.add(
            text.headline(rng, letters[1], words=(2, 3)),
            1,
            f"font-size: {second}px; margin-top: 24px",
        )
        + "</div>"
    )
    wall = _as_url(_photograph(height, width, noise))
    style = (
        f"body {{ background: url({wall}); width: {width}px; height: {height}px; "
        "display: flex; align-items: center; justify-content: center } "
        f".plate {{ background: {plate}; color: {ink}; padding: 40px 56px; width: fit-content }} "
        ".spot { white-space: nowrap }"
    )
    return body, style, (width, height)


def _photograph(height: int, width: int, noise: np.random.Generator) -> np.ndarray:
    """Soft shapes in colours, out of focus, with light and grain: float32 [H, W, 3] in 0..255."""
    picture: np.ndarray = np.full((height, width, 3), noise.uniform(90, 170, 3), np.float32)
    for _ in range(14):
        centre = [int(v) for v in noise.uniform(0, 1, 2) * (width, height)]
        reach = [int(v) for v in noise.uniform(0.04, 0.3, 2) * width]
        colour = noise.uniform(20, 235, 3).tolist()
        cv2.ellipse(picture, centre, reach, float(noise.uniform(0, 180)), 0, 360, colour, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), float(noise.uniform(2, 0.03 * width)))
    grain = effects.texture(height, width, noise)[..., None]
    light = effects.light(height, width, noise)[..., None]
    return np.clip(picture * (1 + grain) * light, 0, 255)


def _as_url(picture: np.ndarray) -> str:
    data = effects.jpeg(picture.astype(np.uint8), 88)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
