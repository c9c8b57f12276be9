"""From pictures to windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoder.boxes import Box
from encoder.fontfile import FaceRef
from encoder.prepare import HEIGHT, INK_HEIGHT, WIDTH, cut_windows, line_strip, prepare
from encoder.typeset import draw_line


def _picture(path: Path, text: str = "Hamburgefons", size: float = 40) -> np.ndarray:
    return np.asarray(draw_line(FaceRef(path), text, size).convert("RGB"))


def test_windows_have_the_shape_and_range_of_the_contract(serif_path: Path) -> None:
    """Windows are float32 [n, 1, HEIGHT, WIDTH] in 0..1 with both ink and paper in them."""
    (line,) = prepare(_picture(serif_path))
    assert line.windows.dtype == np.float32
    assert line.windows.shape[1:] == (1, HEIGHT, WIDTH)
    assert line.windows.min() == 0.0
    assert line.windows.max() == 1.0


@pytest.mark.parametrize("text", ["Hamburgefons", "i", "WIDE LETTERS", "0123"])
def test_a_picture_and_its_inverse_give_the_same_windows(serif_path: Path, text: str) -> None:
    """Light on dark is prepared exactly like dark on light."""
    picture = _picture(serif_path, text)
    straight, inverse = prepare(picture), prepare(255 - picture)
    assert [line.box for line in straight] == [line.box for line in inverse]
    for a, b in zip(straight, inverse, strict=True):
        np.testing.assert_allclose(a.windows, b.windows, atol=2e-3)


def test_a_coloured_picture_and_its_inverse_give_the_same_windows(sans_path: Path) -> None:
    """The same for colours, on a gradient and with noise."""
    rng = np.random.default_rng(3)
    alpha = 1 - _picture(sans_path) / 255.0
    ground = np.linspace(150, 220, alpha.shape[1])[None, :, None] + rng.normal(0, 4, alpha.shape)
    picture = ground + alpha * (np.array([180, 20, 60]) - ground)
    picture = picture.clip(0, 255).astype(np.uint8)
    straight, inverse = prepare(picture), prepare(255 - picture)
    np.testing.assert_allclose(straight[0].windows, inverse[0].windows, atol=2e-3)


def test_equally_bright_colours_are_told_apart(sans_path: Path) -> None:
    """Red letters on a green of the same luminance are still ink on paper."""
    ink = (1 - _picture(sans_path) / 255.0)[..., :1]
    red, green = np.array([200, 0, 0]), np.array([0, 102, 0])
    picture = (green + ink * (red - green)).astype(np.uint8)
    (coloured,) = prepare(picture)
    (plain,) = prepare(_picture(sans_path))
    assert np.abs(coloured.windows - plain.windows).mean() < 0.02


def test_size_does_not_matter_much(sans_path: Path) -> None:
    """The same text at 100 and 200 pixels gives nearly the same window."""
    small, large = (prepare(_picture(sans_path, "Hamburg", size))[0] for size in (100, 200))
    width = min(small.windows.shape[3], large.windows.shape[3])
    gap = np.abs(small.windows[0, 0, :, :width] - large.windows[0, 0, :, :width])
    assert gap.mean() < 0.06


def test_ink_fills_the_height(sans_path: Path) -> None:
    """From the top of the highest letter to the lowest foot it is INK_HEIGHT pixels."""
    (line,) = prepare(_picture(sans_path, "Hg", 90))
    rows = np.flatnonzero(line.windows[0, 0].min(axis=1) < 0.5)
    assert rows[-1] - rows[0] + 1 == pytest.approx(INK_HEIGHT, abs=2)


@pytest.mark.parametrize("size", [12, 14, 18, 40, 100])
@pytest.mark.parametrize("invert", [False, True])
def test_a_line_cut_tight_ends_in_paper(serif_path: Path, size: int, invert: bool) -> None:
    """The same strip as of the line on its paper: letters do not go on beyond the picture."""
    whole = _picture(serif_path, "minimum", size)
    rows, columns = ((whole < 250).any(axis=(axis, 2)).nonzero()[0] for axis in (1, 0))
    (loose,) = prepare(255 - whole if invert else whole)
    part = whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    (tight,) = prepare(255 - part if invert else part)
    np.testing.assert_allclose(tight.strip, loose.strip, atol=0.03)


def test_uneven_light_is_flattened(sans_path: Path) -> None:
    """A strong shade over the picture leaves the paper nearly white."""
    picture = _picture(sans_path).astype(np.float32)
    shaded = (picture * np.linspace(0.5, 1.0, picture.shape[1])[None, :, None]).astype(np.uint8)
    (even,), (uneven,) = prepare(_picture(sans_path)), prepare(shaded)
    assert np.abs(even.windows - uneven.windows).mean() < 0.05


def test_no_ink_gives_no_line() -> None:
    """One plain colour has no line in it."""
    assert prepare(np.full((50, 80, 3), 90, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (9, 9)])
def test_any_size_is_answered(shape: tuple[int, int]) -> None:
    """Tiny and thin pictures give lines of the right shape, or none."""
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for line in prepare(noise):
        assert line.windows.shape[1:] == (1, HEIGHT, WIDTH)
        assert np.isfinite(line.windows).all()


def test_lines_are_found_from_top_to_bottom(sans_path: Path) -> None:
    """Two lines of text are two lines, in reading order, with boxes around their ink."""
    first, second = _picture(sans_path, "Upper line"), _picture(sans_path, "lower")
    picture = np.full((first.shape[0] * 2, first.shape[1], 3), 255, np.uint8)
    picture[: first.shape[0]] = first
    picture[first.shape[0] :, : second.shape[1]] = second
    upper, lower = prepare(picture)
    assert upper.box.y1 <= first.shape[0] <= lower.box.y0
    ink = np.flatnonzero(first.min(axis=(0, 2)) < 128)
    assert (upper.box.x0, upper.box.x1) == pytest.approx((ink[0], ink[-1] + 1), abs=2)


def test_a_crop_limits_the_answer_and_keeps_its_place(sans_path: Path) -> None:
    """Boxes of a crop are in pixels of the whole picture; a crop outside is an error."""
    picture = _picture(sans_path, "Hamburg", 60)
    middle = picture.shape[1] // 2
    (line,) = prepare(picture, Box(middle, 0, picture.shape[1], picture.shape[0]))
    assert line.box.x0 >= middle
    with pytest.raises(ValueError, match="empty"):
        prepare(picture, Box(5000, 0, 6000, 10))


def test_a_dot_belongs_to_its_line(sans_path: Path) -> None:
    """The dots of "iii" do not become a line of their own."""
    assert len(prepare(_picture(sans_path, "minimum", 80))) == 1


def test_small_print_is_a_line_of_its_own(sans_path: Path) -> None:
    """A headline and the small print close below it are two lines."""
    headline, print_ = _picture(sans_path, "HEADLINE", 90), _picture(sans_path, "VERSION", 36)
    picture = np.full((headline.shape[0] + print_.shape[0], headline.shape[1], 3), 255, np.uint8)
    picture[: headline.shape[0]] = headline
    picture[headline.shape[0] - 30 : -30, : print_.shape[1]] = np.minimum(
        print_, picture[headline.shape[0] - 30 : -30, : print_.shape[1]]
    )
    assert len(prepare(picture)) == 2


@pytest.mark.parametrize(("width", "count"), [(1, 1), (256, 1), (257, 2), (448, 2), (449, 3)])
def test_windows_cover_the_strip(width: int, count: int) -> None:
    """As many windows as the stride needs, the first at the start and the last at the end."""
    strip = np.linspace(0, 0.5, width, dtype=np.float32)[None].repeat(HEIGHT, axis=0)
    windows = cut_windows(strip)
    assert windows.shape == (count, 1, HEIGHT, WIDTH)
    assert windows[0, 0, 0, 0] == strip[0, 0]
    last = min(width, WIDTH) - 1
    assert windows[-1, 0, 0, last] == strip[0, -1]


def test_a_short_strip_is_padded_with_paper() -> None:
    """What is beside a short word is paper."""
    windows = cut_windows(np.zeros((HEIGHT, 10), np.float32))
    assert windows[0, 0, :, 10:].min() == 1.0


def test_strip_of_a_wide_rule_is_bounded() -> None:
    """A line of one pixel's height does not become a strip of a million pixels."""
    picture = np.full((3, 20_000, 3), 255, np.uint8)
    picture[1] = 0
    strip = line_strip(picture, Box(0, 1, 20_000, 2))
    assert strip.shape[0] == HEIGHT
    assert strip.shape[1] <= 4200
