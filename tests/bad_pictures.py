"""Pictures that a service should not be sent, made byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (160, 60)


def word(
    text: str = "Hamburg",
    ink: str = "black",
    paper: str = "white",
    size: tuple[int, int] = SIZE,
    mode: str = "RGB",
) -> Image.Image:
    """A word in Pillow's own font."""
    image = Image.new("RGB", size, paper)
    font = ImageFont.load_default(size[1] // 2)
    ImageDraw.Draw(image).text((10, size[1] // 4), text, ink, font=font)
    return image.convert(mode)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    """A grey PNG of the stated size, with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", pixels) if pixels else b""
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + chunk(b"IEND", b"")


def png_bomb() -> bytes:
    """50,000 x 50,000 pixels of one colour."""
    return png(50_000, 50_000, pixels=zlib.compress(bytes(2**20), 9))


def text_bomb() -> bytes:
    """A small PNG with compressed texts of 64 MB in all."""
    text = b"Comment\0\0" + zlib.compress(bytes(2**23), 9)
    good = encode(word())
    return good[:33] + chunk(b"zTXt", text) * 8 + good[33:]


def bad_crc() -> bytes:
    """A PNG with one byte of its pixels changed."""
    data = bytearray(encode(word()))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    return bytes(data)


def alpha_text() -> bytes:
    """Black text that lives in the alpha channel alone."""
    alpha = word(mode="L").point(lambda value: 255 - value)
    black = Image.new("L", SIZE)
    return encode(Image.merge("RGBA", (black, black, black, alpha)))


def ycck_jpeg() -> bytes:
    """A CMYK JPEG whose Adobe marker says YCCK."""
    data = bytearray(encode(word(mode="CMYK"), "JPEG", quality=95))
    marker = data.index(b"Adobe")
    data[marker + 11] = 2
    return bytes(data)


def plain_cmyk_jpeg() -> bytes:
    """A CMYK JPEG without Adobe's marker."""
    data = bytearray(encode(word(mode="CMYK"), "JPEG", quality=95))
    start = data.index(b"\xff\xee")
    del data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    return bytes(data)


def turned(orientation: int) -> bytes:
    """A picture with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(word(), "JPEG", exif=exif, quality=90)


def tag_bomb() -> bytes:
    """EXIF of 2,000 tags, each of which claims the same five megabytes."""
    size = 5 * 2**20
    tags = b"".join(struct.pack("<HHII", 40_000 + i, 7, size, 8) for i in range(2000))
    block = b"II*\0" + struct.pack("<IH", 8, 2000) + tags
    return encode(word(), exif=b"Exif\0\0" + block + bytes(size))


def huge_profile() -> bytes:
    """A JPEG with eight megabytes of colour profile."""
    return encode(word(), "JPEG", icc_profile=bytes(8 * 2**20))


def scans() -> bytes:
    """A progressive JPEG of 10,000 scans."""
    data = encode(word(), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:start] + data[start:-2] + last * 10_000 + b"\xff\xd9"


def frames(kind: str) -> bytes:
    """An animation of 5,000 frames."""
    if kind == "GIF":
        data = encode(word(), "GIF")
        body = data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1))
        return data[:-1] + data[body:-1] * 4999 + b";"
    small = [Image.new("RGB", (16, 16), (i % 255, 0, 0)) for i in range(5000)]
    return encode(small[0], kind, save_all=True, append_images=small[1:])


def gif_larger_than_its_screen() -> bytes:
    """A screen of 10 x 10 with a frame of 65,535 x 65,535."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    return screen + frame + b"\x02\x02\x44\x01\x00;"


def webp_bomb() -> bytes:
    """A lossless WebP of a few bytes that states 16,384 x 16,384 pixels."""
    data = bytearray(encode(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    sides = data.index(b"VP8L") + 9  # past the size and the signature: 14 bits each
    struct.pack_into("<I", data, sides, 0xFFFFFFF | (data[sides + 3] & 0xF0) << 24)
    return bytes(data)


def tiff(entries: list[tuple[int, int, int, int]], then: int, more: bytes) -> bytes:
    """A TIFF with one directory, which leads to another one at `then`."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + struct.pack("<I", then) + more


def tiff_loop() -> bytes:
    """A TIFF whose only directory comes after itself."""
    data = bytearray(encode(word(), "TIFF"))
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    struct.pack_into("<I", data, place + 2 + 12 * count, place)
    return bytes(data)


def tiff_strips(count: int) -> bytes:
    """Eight pixels wide, as many high as strips, all of which are the same bytes."""
    at = 8 + 2 + 12 * 8 + 4
    entries = [(256, 4, 1, 8), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (278, 4, 1, 1), (273, 4, count, at), (279, 4, count, at)]
    pixels = struct.pack("<I", at) * count
    return tiff(entries, 0, pixels)


def tiff_huge_strip() -> bytes:
    """One strip that states four gigabytes."""
    entries = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, 64), (279, 4, 1, 2**32 - 1)]
    return tiff(entries, 0, b"")


def script_behind_png() -> bytes:
    """A page with a script behind a picture."""
    return encode(word()) + b"<html><script>alert(1)</script></html>"


def zip_behind_jpeg() -> bytes:
    """A picture that is an archive too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    return encode(word(), "JPEG") + out.getvalue()


def noise(seed: int = 1) -> bytes:
    """Nothing but noise."""
    rng = np.random.default_rng(seed)
    return encode(Image.fromarray(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)))


def soft_noise(seed: int, sigma: float, width: int = 320, height: int = 240) -> bytes:
    """Noise as soft as a picture out of focus: blurred by `sigma` pixels."""
    noise = np.random.default_rng(seed).normal(size=(height, width))
    return _grey(cv2.GaussianBlur(noise, (0, 0), sigma))


def clouds(seed: int) -> bytes:
    """Noise whose amplitude falls with frequency to the power of 1.5: large shapes and small."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(240)[:, None] * 240, np.fft.rfftfreq(320) * 320)
    frequency[0, 0] = np.inf
    waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    return _grey(np.fft.irfft2(waves / frequency**1.5, s=(240, 320)))


def stripes(seed: int) -> bytes:
    """Soft stripes in any direction, under a little soft noise."""
    rng = np.random.default_rng(seed)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 60)
    y, x = np.mgrid[:240, :320]
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    return _grey(wave + 1.2 * cv2.GaussianBlur(rng.normal(size=(240, 320)), (0, 0), 2))


def _grey(values: np.ndarray) -> bytes:
    """From black to white."""
    low, high = values.min(), values.max()
    return encode(Image.fromarray((255 * (values - low) / (high - low)).astype(np.uint8)))


def face_photo() -> bytes:
    """A face without a letter: soft ellipses on a gradient."""
    ramp = np.linspace(60, 200, 320)[None, :].repeat(240, 0).astype(np.uint8)
    image = Image.fromarray(ramp).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 30, 230, 220), (224, 172, 140))
    for x in (125, 175):
        draw.ellipse((x, 95, x + 22, 108), (70, 50, 40))
    draw.arc((130, 130, 190, 180), 20, 160, (150, 60, 60), 6)
    return encode(image.resize((320, 240), Image.Resampling.BICUBIC), "JPEG", quality=80)


def smileys() -> bytes:
    """Three yellow faces and nothing else."""
    image = Image.new("RGB", (320, 120), "white")
    draw = ImageDraw.Draw(image)
    for x in (20, 120, 220):
        draw.ellipse((x, 20, x + 80, 100), (255, 204, 51), (120, 90, 0), 3)
        draw.ellipse((x + 20, 42, x + 30, 56), "black")
        draw.ellipse((x + 50, 42, x + 60, 56), "black")
        draw.arc((x + 20, 45, x + 60, 85), 20, 160, "black", 4)
    return encode(image)
