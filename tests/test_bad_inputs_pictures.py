"""Bad pictures by number (docs/bad-inputs.md), sent to the service: each has its answer.

What only a decoder sees goes to a catalogue that answers by rule; what a search must make sense of
goes to the shipped encoder and catalogue.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFont

from api.replies import SearchReply
from index.bootstrap import open_catalog
from index.settings import Settings
from index.verdict import MATCH_AT
from tests import bad_pictures as bad
from tests.api_fake import FakeCatalog, check_problem, client_of
from tests.bad_pictures import encode, word

# Werkzeug's test client leaves the temporary file of a large form to the collector; Pillow
# warns of what it skips.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning",
    "ignore:.*:UserWarning:PIL",
)

Maker = Callable[[], bytes]

REFUSED: dict[str, tuple[Maker, int, str]] = {
    "01-empty": (lambda: b"", 400, "empty"),
    "02-one-byte": (lambda: b"\x89", 415, "unsupported-format"),
    "03-random": (lambda: np.random.default_rng(3).bytes(5000), 415, "unsupported-format"),
    "04-magic-only": (lambda: b"\x89PNG\r\n\x1a\n", 422, "broken"),
    "05-truncated-png": (lambda: encode(word())[:-400], 422, "broken"),
    "06-truncated-jpeg": (lambda: encode(word(), "JPEG")[:-400], 422, "broken"),
    "07-bad-crc": (bad.bad_crc, 422, "broken"),
    "08-bomb": (bad.png_bomb, 413, "too-many-pixels"),
    "09-text-bomb": (bad.text_bomb, 422, "broken"),
    "10-one-pixel": (lambda: encode(Image.new("L", (1, 1))), 422, "too-small"),
    "11-one-pixel-wide": (lambda: encode(Image.new("L", (1, 20_000))), 422, "too-small"),
    "12-one-pixel-high": (lambda: encode(Image.new("L", (20_000, 1))), 422, "too-small"),
    "13-no-width": (lambda: bad.png(0, 10), 422, "broken"),
    "27-scans": (bad.scans, 422, "broken"),
    "29-frame-beyond-screen": (bad.gif_larger_than_its_screen, 413, "too-many-pixels"),
    "30-webp-bomb": (bad.webp_bomb, 413, "too-many-pixels"),
    "32-tiff-strips": (lambda: bad.tiff_strips(1_000_000), 422, "broken"),
    "32-tiff-huge-strip": (bad.tiff_huge_strip, 422, "broken"),
    "33-svg": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        415,
        "unsupported-format",
    ),
    "33-svg-xxe": (
        lambda: (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
            b"<svg>&e;</svg>"
        ),
        415,
        "unsupported-format",
    ),
    "34-eps": (lambda: encode(word(), "EPS"), 415, "unsupported-format"),
    "34-pdf": (lambda: encode(word(), "PDF"), 415, "unsupported-format"),
    "34-psd": (lambda: b"8BPS\0\1" + bytes(60), 415, "unsupported-format"),
    "34-fits": (lambda: b"SIMPLE  =                    T" + bytes(90), 415, "unsupported-format"),
    "35-html": (lambda: b"<html><script>alert(1)</script>", 415, "unsupported-format"),
    "37-heic": (
        lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90),
        415,
        "unsupported-format",
    ),
}

READ: dict[str, Maker] = {
    "14-white": lambda: encode(Image.new("RGB", bad.SIZE, "white")),
    "15-black": lambda: encode(Image.new("RGB", bad.SIZE, "black")),
    "16-noise": bad.noise,
    "17-text-in-alpha": bad.alpha_text,
    "18-palette": lambda: encode(word().quantize(8), transparency=0),
    "19-one-bit": lambda: encode(word(mode="1")),
    "20-sixteen-bit": lambda: encode(
        Image.fromarray(np.asarray(word(mode="L")).astype(np.uint16) * 257)
    ),
    "21-float-tiff": lambda: encode(word(mode="F"), "TIFF"),
    "22-cmyk": bad.plain_cmyk_jpeg,
    "23-inverted-cmyk": lambda: encode(word(mode="CMYK"), "JPEG", quality=95),
    "24-ycck": bad.ycck_jpeg,
    **{f"25-orientation-{i}": lambda i=i: bad.turned(i) for i in range(1, 9)},  # type: ignore[misc]
    "26-exif-bomb": bad.tag_bomb,
    "26-icc": bad.huge_profile,
    "28-gif-frames": lambda: bad.frames("GIF"),
    "28-webp-frames": lambda: bad.frames("WEBP"),
    "28-apng-frames": lambda: bad.frames("PNG"),
    "31-tiff-loop": bad.tiff_loop,
    "32-tiff-many-strips": lambda: bad.tiff_strips(2000),
    "35-png-with-script": bad.script_behind_png,
    "36-jpeg-with-zip": bad.zip_behind_jpeg,
    "37-avif": lambda: encode(word(), "AVIF"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_picture(client: FlaskClient, fake: FakeCatalog, case: str) -> None:
    """Refused with this problem within seconds, sent as a form and as a body; never searched."""
    make, status, slug = REFUSED[case]
    data = make()
    started = time.monotonic()
    check_problem(client.post("/v1/search", data=data), status, slug)
    form = {"image": (io.BytesIO(data), "x.png")}
    check_problem(client.post("/v1/search", data=form), status, slug)
    assert time.monotonic() - started < 10
    assert fake.calls == {}


@pytest.mark.parametrize("case", READ)
def test_readable_picture(client: FlaskClient, fake: FakeCatalog, case: str) -> None:
    """Odd, but a picture: it is searched, its size bounded, within seconds."""
    data = READ[case]()
    started = time.monotonic()
    answer = client.post("/v1/search", data=data)
    assert answer.status_code == 200, answer.data
    assert time.monotonic() - started < 10
    height, width, colours = fake.calls["shape"]
    assert colours == 3 and 8 <= min(height, width) <= max(height, width) <= 2000
    turned = case.startswith("25-") and int(case[-1]) >= 5
    if case.startswith("25-"):
        assert (height, width) == (bad.SIZE if turned else bad.SIZE[::-1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The service with the encoder and the catalogue that are shipped."""
    settings = Settings(data=tmp_path_factory.mktemp("real"))
    with closing(open_catalog(settings)) as catalog:
        yield client_of(catalog, settings)


def line(
    path: Path, text: str, ink: str = "black", paper: str = "white", size: int = 48
) -> Image.Image:
    """A text in a font."""
    font = ImageFont.truetype(path, size)
    image = Image.new("RGB", (round(font.getlength(text)) + 40, 2 * size), paper)
    ImageDraw.Draw(image).text((20, size // 3), text, ink, font=font)
    return image


def found(client: FlaskClient, data: bytes) -> SearchReply:
    answer = client.post("/v1/search?k=5", data=data)
    assert answer.status_code == 200, answer.data
    return SearchReply.model_validate(answer.get_json())


def names(reply: SearchReply) -> set[str]:
    """The families of an answer, twins among them."""
    return {match.family.id for match in reply.matches} | {
        twin.id for match in reply.matches for twin in match.twins
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "make"),
    [
        ("14-white", READ["14-white"]),
        ("15-black", READ["15-black"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_to_read(real: FlaskClient, case: str, make: Maker) -> None:
    """Without a letter the answer says so and names no family."""
    reply = found(real, make())
    assert (reply.verdict, reply.matches) == ("no_text", [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "ink", "paper"),
    [("38-light-on-dark", "white", "#102030"), ("38-low-contrast", "#909090", "#b0b0b0")],
)
def test_text_that_must_be_answered(
    real: FlaskClient, serif_path: Path, case: str, ink: str, paper: str
) -> None:
    """Light on dark and low contrast find the family among the first five."""
    picture = line(serif_path, "Orderly Glyphs", ink, paper)
    assert "lora" in names(found(real, encode(picture)))


@pytest.mark.slow
@pytest.mark.parametrize("turn", ["ROTATE_90", "ROTATE_180", "ROTATE_270"])
def test_39_text_that_is_turned(real: FlaskClient, serif_path: Path, turn: str) -> None:
    """Upside down and on either side it is read, and its family found."""
    picture = line(serif_path, "Orderly Glyphs").transpose(Image.Transpose[turn])
    reply = found(real, encode(picture))
    assert [region.text for region in reply.regions] == ["Orderly Glyphs"]
    assert "lora" in names(reply) and reply.verdict == "match"


@pytest.mark.slow
def test_39_letters_one_below_another(real: FlaskClient, serif_path: Path) -> None:
    """A sign of capitals from top to foot is as many lines of one letter; together they find it."""
    font, step = ImageFont.truetype(serif_path, 48), 53
    picture = Image.new("RGB", (144, 7 * step), "white")
    for number, letter in enumerate("BRIGHT", 1):
        ImageDraw.Draw(picture).text((72, number * step), letter, "black", font, anchor="ms")
    reply = found(real, encode(picture))
    boxes = sorted(region.box for region in reply.regions)
    assert len(boxes) >= 4 and all(x1 - x0 < 60 for x0, _, x1, _ in boxes)
    assert {len(region.text or "") for region in reply.regions} == {1}
    assert "lora" in names(reply) and reply.verdict != "match"


@pytest.mark.slow
def test_40_a_face_is_no_match(real: FlaskClient) -> None:
    """Whatever its mouth and eyes are taken for, no family is said to be right."""
    assert found(real, bad.face_photo()).verdict != "match"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_16_noise_is_no_match(real: FlaskClient, seed: int) -> None:
    """There are families of dots and blots, but none of them is said to be right."""
    assert found(real, bad.noise(seed)).verdict != "match"


# Of some hundred pictures of each kind those that were once a match, and a few besides.
SOFT: dict[str, Maker] = {
    **{
        f"{width}x{height}-{sigma}-{seed}": lambda a=(seed, sigma, width, height): bad.soft_noise(
            *a
        )  # type: ignore[misc]
        for width, height, sigma, seed in (
            (120, 160, 3, 0),
            (160, 120, 12, 4),
            (160, 120, 12, 7),
            (160, 120, 16, 8),
            (160, 120, 20, 9),
            (320, 240, 1, 1),
            (320, 240, 4, 8),
            (320, 240, 10, 107),
            (320, 240, 12, 1),
            (320, 240, 12, 4),
            (320, 240, 12, 111),
            (320, 240, 16, 109),
            (400, 60, 3, 4),
            (400, 60, 3, 5),
            (400, 60, 8, 5),
            (640, 480, 24, 4),
        )
    },
    **{f"clouds-{seed}": lambda seed=seed: bad.clouds(seed) for seed in (0, 7, 114)},  # type: ignore[misc]
    **{f"stripes-{seed}": lambda seed=seed: bad.stripes(seed) for seed in (0, 2, 10)},  # type: ignore[misc]
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SOFT)
def test_16_soft_noise_is_no_match(real: FlaskClient, case: str) -> None:
    """Its blots are read as a letter or two, by halves, or as Chinese ones."""
    assert found(real, SOFT[case]()).verdict != "match"


@pytest.mark.slow
def test_letters_that_the_family_lacks_make_no_match(real: FlaskClient, serif_path: Path) -> None:
    """Said to be Chinese or Cyrillic: Lora has the latter, which its twin Parastoo lacks."""
    picture = encode(line(serif_path, "Orderly Glyphs"))
    verdicts = {}
    for text in ("\u7231\u946b\u7231\u946b", "\u0416\u0438\u0437\u043d\u044c"):
        answer = real.post("/v1/search", query_string={"text": text}, data=picture)
        reply = SearchReply.model_validate(answer.get_json())
        assert "lora" in names(reply)
        verdicts[text[0]] = reply.verdict
    assert verdicts == {"\u7231": "similar", "\u0416": "match"}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["abril-fatface", "lora"])
def test_41_one_letter_is_no_match(real: FlaskClient, fonts_dir: Path, family: str) -> None:
    """Found by its b alone, with a score that would do for a word, and still only similar."""
    (path,) = (fonts_dir / family).glob("*-latin-400-normal.woff2")
    reply = found(real, encode(line(path, "b", size=80)))
    assert [region.text for region in reply.regions] == ["b"]
    assert family in names(reply) and reply.matches[0].confidence >= MATCH_AT
    assert reply.verdict == "similar"


@pytest.mark.slow
@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("#ffcc33", "#203040")])
def test_42_emoji_are_no_font(real: FlaskClient, ink: str, paper: str) -> None:
    """Four of Noto Emoji, whose drawings no family of the catalogue has."""
    emoji = Path(__file__).with_name("emoji") / "noto-emoji-four.woff2"
    picture = line(emoji, "\U0001f600\U0001f602\U0001f44d\U0001f389", ink, paper, size=64)
    assert found(real, encode(picture)).verdict in ("unknown", "no_text")


@pytest.mark.slow
def test_42_a_drawn_smiley_is_no_font(real: FlaskClient) -> None:
    """Circles and arcs."""
    assert found(real, bad.smileys()).verdict in ("unknown", "no_text")


@pytest.mark.slow
def test_ten_thousand_pixels_wide(real: FlaskClient, serif_path: Path) -> None:
    """Lines are found from one end to the other, inside the picture, and their family."""
    picture = line(serif_path, "Orderly Glyphs jump over wide quartz " * 14)
    reply = found(real, encode(picture.crop((0, 0, 10_000, picture.height))))
    boxes = [region.box for region in reply.regions]
    assert all(0 <= x0 < x1 <= 10_000 for x0, _, x1, _ in boxes)
    assert sum(x1 - x0 for x0, _, x1, _ in boxes) > 9000
    assert "lora" in names(reply) and reply.verdict == "match"


@pytest.mark.slow
def test_twelve_pixels_high(real: FlaskClient, serif_path: Path) -> None:
    """One line with its ascenders and descenders and no paper to spare."""
    picture = line(serif_path, "Orderly Glyphs quick fjord", size=9)
    reply = found(real, encode(picture.crop((0, 1, picture.width, 13))))
    assert len(reply.regions) == 1 and "lora" in names(reply)


@pytest.mark.slow
def test_43_four_fonts_in_one_picture(real: FlaskClient, fonts_dir: Path) -> None:
    """Each line has its own rows; the families stand in their own regions."""
    paths = sorted(fonts_dir.glob("*/*-400-normal.woff2"))
    lines = [line(path, "Orderly Glyphs") for path in paths]
    picture = Image.new("RGB", (max(i.width for i in lines), sum(i.height for i in lines)), "white")
    top = 0
    for image in lines:
        picture.paste(image, (0, top))
        top += image.height
    reply = found(real, encode(picture))
    assert len(reply.regions) == 4
    right = 0
    for region, path in zip(sorted(reply.regions, key=lambda r: r.box[1]), paths, strict=True):
        here = {m.family.id for m in region.matches}
        here |= {twin.id for m in region.matches for twin in m.twins}
        right += path.parent.name in here
    assert right >= 3
