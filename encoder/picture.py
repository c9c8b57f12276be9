"""Any picture that Pillow reads safely -> upright sRGB pixels.

Only seven formats are opened, each recognised by its first bytes and handed to that one
parser, and the pixel count is checked before anything is decoded.
"""

from __future__ import annotations

import io

import numpy as np

# The plugins register their formats on import; without these lines the first WebP, TIFF
# or AVIF would make Pillow import all of its forty parsers.
import PIL.AvifImagePlugin
import PIL.TiffImagePlugin
import PIL.WebPImagePlugin  # noqa: F401
from PIL import Image

from encoder.pixels import opaque
from encoder.tiffparts import tiff_parts

FORMATS = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "AVIF")
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
MIN_SIDE = 8  # pixels: lower letters are not told apart by any reader
MAX_JPEG_SCANS = 100  # a usual progressive file has ten; each costs a pass over the picture
MAX_TIFF_PARTS = 50_000  # strips or tiles; Pillow starts a decoder for each

_COPY_ROWS = 256
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureError(ValueError):
    """A picture that cannot be read; `code` is a stable slug, `message` says why.

    Codes: "empty", "too-large-bytes", "unsupported-format", "broken",
    "too-many-pixels", "too-small".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_picture(data: bytes) -> np.ndarray:
    """Decode `data` to uint8 `[H, W, 3]`, contiguous and writable.

    The first frame, turned upright after its EXIF orientation. Transparency is laid on
    white or black, whichever shows the ink. 16-bit, integer and float greys are scaled
    to 0..255. Embedded colour profiles are ignored. H and W are at least `MIN_SIDE`, and
    H * W at most `MAX_PIXELS`. Raises `PictureError` for everything else.
    """
    _check_bytes(data)
    try:
        with Image.open(io.BytesIO(data), formats=(_format(data),)) as opened:
            _check_size(*opened.size)
            opened.load()
            return _pixels(_upright(opaque(opened), _orientation(opened)))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels("more than Pillow opens") from error
    except Exception as error:  # Pillow's parsers raise a dozen types for damaged files
        reason = "the file is damaged or cut off"
        raise PictureError("broken", f"The picture cannot be decoded: {reason}.") from error


def _check_bytes(data: bytes) -> None:
    if not data:
        raise PictureError("empty", "The picture holds no bytes.")
    if len(data) > MAX_BYTES:
        raise PictureError(
            "too-large-bytes",
            f"The picture has {len(data):,} bytes; at most {MAX_BYTES:,} are read.",
        )
    if data.startswith(b"\xff\xd8\xff") and data.count(b"\xff\xda") > MAX_JPEG_SCANS:
        raise PictureError("broken", f"The JPEG has more than {MAX_JPEG_SCANS} scans.")
    if tiff_parts(data) > MAX_TIFF_PARTS:
        raise PictureError("broken", f"The TIFF has more than {MAX_TIFF_PARTS:,} strips or tiles.")


def _format(data: bytes) -> str:
    """The Pillow name of the format that the first bytes announce."""
    for name, recognised in (
        ("PNG", data.startswith(b"\x89PNG")),
        ("JPEG", data.startswith(b"\xff\xd8\xff")),
        ("WEBP", data.startswith(b"RIFF") and data[8:12] == b"WEBP"),
        ("GIF", data.startswith((b"GIF87a", b"GIF89a"))),
        ("BMP", data.startswith(b"BM")),
        ("TIFF", data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))),
        ("AVIF", data[4:8] == b"ftyp" and b"avi" in data[8:64]),
    ):
        if recognised:
            return name
    known = ", ".join(FORMATS)
    raise PictureError("unsupported-format", f"The file is none of {known}; convert it to PNG.")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f"{width} x {height} pixels")
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            "too-small",
            f"The picture is {width} x {height} pixels; "
            f"both sides need at least {MIN_SIDE}, and a line of text about 16.",
        )


def _too_many_pixels(found: str) -> PictureError:
    limit = f"at most {MAX_PIXELS // 1_000_000} megapixels are read; crop or shrink it"
    return PictureError("too-many-pixels", f"The picture has {found}; {limit}.")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; a damaged EXIF block is no reason to refuse a picture."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # as many types as Pillow's parsers have
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _pixels(image: Image.Image) -> np.ndarray:
    """Convert strip by strip: one call would hold the picture three times in memory."""
    width, height = image.size
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _COPY_ROWS):
        bottom = min(top + _COPY_ROWS, height)
        out[top:bottom] = np.asarray(image.crop((0, top, width, bottom)).convert("RGB"))
    return out
