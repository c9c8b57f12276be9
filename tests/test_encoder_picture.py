"""Pictures of every kind: the pixels that come out, and the reasons for those refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from encoder.picture import MAX_BYTES, PictureError, read_picture

SMALL = (40, 24)


def scene(size: tuple[int, int] = SMALL) -> Image.Image:
    """White paper with a black block at the upper left and a red one at the lower right."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 9, 7), "black")
    draw.rectangle((24, 16, 39, 23), (200, 30, 30))
    return image


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def code_of(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data)
    assert caught.value.message
    return caught.value.code


def png_header(width: int, height: int) -> bytes:
    """A PNG of that claimed size without any pixels: nothing may try to decode it."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_lossless_formats_give_the_pixels_that_were_saved(kind: str) -> None:
    """A lossless file comes back byte for byte as contiguous, writable uint8 RGB."""
    pixels = read_picture(encode(scene(), kind))
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous and pixels.flags.writeable
    np.testing.assert_array_equal(pixels, np.asarray(scene()))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_give_nearly_the_pixels_that_were_saved(kind: str) -> None:
    """A lossy file comes back within a few levels of the original."""
    pixels = read_picture(encode(scene(), kind, quality=95))
    assert np.abs(pixels.astype(int) - np.asarray(scene())).mean() < 6


def test_a_tall_picture_is_copied_whole() -> None:
    """Copying in strips leaves no row behind, whatever the height."""
    image = Image.fromarray(
        np.arange(700 * 9 * 3, dtype=np.uint32).astype(np.uint8).reshape(700, 9, 3)
    )
    np.testing.assert_array_equal(read_picture(encode(image, "PNG")), np.asarray(image))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    """A picture stored turned or mirrored comes out upright, for all eight values."""
    upright = np.asarray(scene())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {} if kind in ("PNG", "TIFF") else {"quality": 95}
    data = encode(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    pixels = read_picture(data)
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 6


@pytest.mark.parametrize("block", [b"II*\0\xff\xff\xff\xff" + b"\xee" * 20, b"rubbish" * 9, b""])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_picture(block: bytes) -> None:
    """Rubbish in the EXIF block is ignored."""
    data = encode(scene(), "PNG", exif=b"Exif\0\0" + block)
    np.testing.assert_array_equal(read_picture(data), np.asarray(scene()))


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    """A 16-bit ramp comes out as value / 257, so that mid grey stays mid grey."""
    ramp = np.linspace(0, 65535, 40 * 10).round().astype(np.uint16).reshape(10, 40)
    for kind in ("PNG", "TIFF"):
        grey = read_picture(encode(Image.fromarray(ramp), kind))[..., 0]
        np.testing.assert_allclose(grey, ramp / 257, atol=0.51)


def test_twelve_bits_in_sixteen_are_scaled_by_twelve() -> None:
    """A scanner's 12-bit white (4095) is white and not nearly black."""
    values = np.full((10, 10), 4095, np.uint16)
    values[5:] = 2048
    grey = read_picture(encode(Image.fromarray(values), "TIFF"))[..., 0]
    assert grey[0, 0] == 255 and abs(int(grey[9, 0]) - 128) <= 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-3.5, 12.0)])
def test_float_tiff_is_scaled_from_its_own_range(low: float, high: float) -> None:
    """Floats in 0..1, in 0..255 and in any other range all reach 0..255; NaN does no harm."""
    ramp = np.linspace(low, high, 400, dtype=np.float32).reshape(10, 40)
    expected = np.linspace(0, 255, 400).reshape(10, 40)
    damaged = ramp.copy()
    damaged[5, 20] = np.nan
    grey = read_picture(encode(Image.fromarray(damaged), "TIFF"))[..., 0].astype(float)
    grey[5, 20] = expected[5, 20]
    np.testing.assert_allclose(grey, expected, atol=0.51)


def test_thirty_two_bit_integers_are_scaled() -> None:
    """Mode I within 0..65535 is read as 16-bit grey."""
    values = np.linspace(0, 65535, 100).astype(np.int32).reshape(10, 10)
    grey = read_picture(encode(Image.fromarray(values), "TIFF"))[..., 0]
    np.testing.assert_allclose(grey, values / 257, atol=0.51)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_keeps_paper_white_and_ink_dark(kind: str) -> None:
    """CMYK files, with Adobe's inverted JPEG among them, are not read as negatives."""
    options = {"quality": 95} if kind == "JPEG" else {}
    pixels = read_picture(encode(scene().convert("CMYK"), kind, **options))
    assert pixels[20, 5].min() > 245 and pixels[2, 2].max() < 12
    assert pixels[20, 30, 0] > pixels[20, 30, 1] + 120


def test_cmyk_jpeg_without_adobe_marker_is_not_inverted() -> None:
    """Without Adobe's marker the values mean what they say."""
    plain = Image.merge("CMYK", [Image.new("L", SMALL, v) for v in (0, 0, 0, 0)])
    # Pillow stores 255 - v and an APP14 marker; a writer without one stores v itself.
    data = bytearray(encode(plain.point(lambda v: 255 - v), "JPEG", quality=95))
    start = data.index(b"\xff\xee")
    del data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    assert read_picture(bytes(data)).min() > 243


def test_palette_one_bit_and_grey_modes() -> None:
    """Palette, 1-bit and 8-bit grey files give their colours."""
    np.testing.assert_array_equal(
        read_picture(encode(scene().quantize(8), "PNG")), np.asarray(scene())
    )
    for mode in ("1", "L"):
        image = scene().convert(mode, dither=Image.Dither.NONE)
        np.testing.assert_array_equal(
            read_picture(encode(image, "PNG")), np.asarray(image.convert("RGB"))
        )


def ink_on_nothing(colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGBA", SMALL, (*colour, 0))
    ImageDraw.Draw(image).rectangle((8, 8, 20, 14), (*colour, 255))
    return image


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (60, 255), (200, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_what_shows_the_ink(mode: str, ink: int, paper: int) -> None:
    """Dark ink gets white paper and light ink black, also when RGB is one flat colour."""
    image = ink_on_nothing((ink, ink, ink)).convert(mode)
    pixels = read_picture(encode(image, "PNG"))
    assert pixels[0, 0].tolist() == [paper] * 3
    assert pixels[10, 10].tolist() == [ink] * 3


def test_half_transparency_is_blended() -> None:
    """Alpha 128 over white is half way to white."""
    image = Image.new("RGBA", SMALL, (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 10, 10), (0, 0, 0, 128))
    assert read_picture(encode(image, "PNG"))[5, 5].tolist() == [127] * 3


def test_palette_transparency_of_gif() -> None:
    """A GIF with a transparent colour is laid on paper too."""
    image = Image.new("P", SMALL, 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    ImageDraw.Draw(image).rectangle((8, 8, 20, 14), 1)
    pixels = read_picture(encode(image, "GIF", transparency=1))
    assert pixels[10, 10].tolist() == [255] * 3 and pixels[0, 0].tolist() == [0] * 3


def test_a_card_with_round_corners_keeps_its_own_paper() -> None:
    """A white card with black text and a few open corner pixels gets white corners."""
    image = scene().convert("RGBA")
    image.putpixel((39, 0), (0, 0, 0, 0))
    assert read_picture(encode(image, "PNG"))[0, 39].tolist() == [255] * 3


def test_nothing_visible_is_blank_paper() -> None:
    """A fully transparent picture is white all over."""
    data = encode(Image.new("RGBA", SMALL, (0, 0, 0, 0)), "PNG")
    assert read_picture(data).min() == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"])
def test_the_first_frame_is_read(kind: str) -> None:
    """Of an animation or a multi-page file the first picture counts."""
    frames = [scene(), Image.new("RGB", SMALL, (0, 0, 255))]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert read_picture(data)[20, 5].min() > 240


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_cut_off_files_are_broken(kind: str) -> None:
    """A file cut at any of several places is refused as broken, never half read."""
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = encode(noise, kind)
    for share in (0.1, 0.5, 0.9):
        assert code_of(data[: int(len(data) * share)]) == "broken"


def test_a_wrong_checksum_is_broken() -> None:
    """A PNG with a changed byte in its pixels is refused."""
    data = bytearray(encode(scene(), "PNG"))
    data[data.index(b"IDAT") + 8] ^= 0xFF
    assert code_of(bytes(data)) == "broken"


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\0" * 100,
        b"%PDF-1.7 ...",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS\0\1" + b"\0" * 40,
        b"SIMPLE  =                    T",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"<html>",
        b"PK\3\4",
    ],
)
def test_other_formats_are_named_unsupported(data: bytes) -> None:
    """What is none of the seven formats never reaches a parser."""
    assert code_of(data) == "unsupported-format"


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"]
)
def test_a_magic_number_alone_is_broken(magic: bytes) -> None:
    """A known beginning without a picture behind it is broken, not unsupported."""
    assert code_of(magic) == "broken"


def test_empty_and_too_many_bytes() -> None:
    """No bytes and too many bytes have codes of their own."""
    assert code_of(b"") == "empty"
    assert code_of(b"\x89PNG" + b"\0" * MAX_BYTES) == "too-large-bytes"


@pytest.mark.parametrize("size", [(8000, 5001), (50_000, 50_000), (10_000, 10_000)])
def test_pixel_count_is_checked_before_decoding(size: tuple[int, int]) -> None:
    """Bombs are refused from their header, also beyond Pillow's own two limits."""
    assert code_of(png_header(*size)) == "too-many-pixels"


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (20_000, 1)])
def test_specks_are_too_small(size: tuple[int, int]) -> None:
    """A side below eight pixels holds no text."""
    assert code_of(encode(Image.new("RGB", size), "PNG")) == "too-small"


def test_long_strips_and_small_pictures_are_read() -> None:
    """The limits themselves pass: eight pixels high, and very wide."""
    assert read_picture(encode(Image.new("RGB", (8, 8)), "PNG")).shape == (8, 8, 3)
    assert read_picture(encode(Image.new("L", (20_000, 8)), "PNG")).shape == (8, 20_000, 3)


def test_a_jpeg_of_endless_scans_is_refused_unread() -> None:
    """Thousands of progressive scans would take minutes to decode."""
    data = encode(scene(), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    assert code_of(data[:start] + data[start:-2] * 30 + b"\xff\xd9") == "broken"
    assert read_picture(data).shape == (24, 40, 3)


def test_random_bytes_behind_a_known_beginning_never_escape_the_error_type() -> None:
    """Whatever a parser raises on rubbish becomes a PictureError."""
    rng = np.random.default_rng(7)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        good = encode(scene(), kind)
        for _ in range(40):
            data = bytearray(good)
            for at in rng.integers(0, len(data), 6):
                data[at] = rng.integers(0, 256)
            try:
                assert read_picture(bytes(data)).ndim == 3
            except PictureError as error:
                assert error.code in {
                    "broken",
                    "unsupported-format",
                    "too-many-pixels",
                    "too-small",
                }
