"""Font files of every kind: the faces that come out, and the reasons for those refused."""

from __future__ import annotations

import copy
import hashlib
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from PIL import ImageFont

from encoder.fontcmap import read_segments
from encoder.fontcomposites import largest_composite
from encoder.fontfile import FaceRef, FontRefusedError, read_faces
from encoder.fontguard import MAX_BYTES, MAX_UNPACKED

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(FontRefusedError) as caught:
        read_faces(path)
    return caught.value.code, caught.value.message


def changed(
    source: Path, target: Path, change: Callable[[TTFont], Any], flavor: str | None
) -> Path:
    """`source` with one thing changed, saved in another container."""
    font = TTFont(source)
    change(font)
    font.flavor = flavor
    font.save(target)
    return target


@pytest.fixture
def edit(sans_path: Path, tmp_path: Path) -> Callable[..., Path]:
    """Cantarell Regular with one thing changed, as a TTF (or another flavour)."""

    def make(
        change: Callable[[TTFont], Any] = lambda font: None, flavor: str | None = None
    ) -> Path:
        return changed(sans_path, tmp_path / f"edited.{flavor or 'ttf'}", change, flavor)

    return make


def built(path: Path, draw: Callable[[str, int], Any], chars: str = LETTERS) -> Path:
    """A small TTF whose glyph for the i-th character is `draw(character, i)`."""
    names = {c: f"u{ord(c):04X}" for c in chars}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(c): n for c, n in names.items()})
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf(
        {".notdef": empty, **{n: draw(c, i) for i, (c, n) in enumerate(names.items())}}
    )
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Built", "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    return path


def polygon(*points: tuple[int, int]) -> Any:
    pen = TTGlyphPen(None)
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def picture(i: int) -> Any:
    """The i-th of many dissimilar pictures: little squares after the bits of a hash."""
    bits = int.from_bytes(hashlib.sha256(bytes([i])).digest()[:4], "big")
    pen = TTGlyphPen(None)
    for cell in range(25):
        x, y = 100 * (cell % 5), 140 * (cell // 5)
        if bits >> cell & 1 or cell in (0, 24):
            pen.moveTo((x, y))
            for point in ((x, y + 140), (x + 100, y + 140), (x + 100, y)):
                pen.lineTo(point)
            pen.closePath()
    return pen.glyph()


@pytest.mark.parametrize(
    ("style", "weight", "italic", "name"),
    [
        ("400-normal", 400, False, "Regular"),
        ("400-italic", 400, True, "Italic"),
        ("700-normal", 700, False, "Bold"),
        ("700-italic", 700, True, "Bold Italic"),
    ],
)
def test_static_faces(fonts_dir: Path, style: str, weight: int, italic: bool, name: str) -> None:
    """A static WOFF2 gives one face with its name, weight, slope and the file's sha256."""
    path = fonts_dir / "cantarell" / f"cantarell-latin-{style}.woff2"
    (face,) = read_faces(path)
    assert face.ref == FaceRef(path)
    assert (face.family_name, face.style_name) == ("Cantarell", name)
    assert (face.weight, face.italic, face.width) == (weight, italic, 100)
    assert face.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_test_font_is_read(fonts_dir: Path) -> None:
    """The files' own names say the weight and slope that are read, and all have Latin."""
    paths = sorted(fonts_dir.glob("*/*.woff2"))
    assert len(paths) == 8
    for path in paths:
        (face,) = read_faces(path)
        weight, slope = path.stem.split("-")[-2:]
        assert (face.weight, face.italic) == (int(weight), slope == "italic")
        assert set(LETTERS + "0123456789 é") <= face.coverage


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_containers_agree(edit: Callable[..., Path], sans_path: Path, flavor: str | None) -> None:
    """TTF, WOFF and WOFF2 of one font give the same face."""
    (face,) = read_faces(edit(flavor=flavor))
    (original,) = read_faces(sans_path)
    assert face.coverage == original.coverage
    assert (face.family_name, face.version) == (original.family_name, original.version)


def test_coverage_is_what_the_character_map_says(sans_path: Path) -> None:
    """For an honest font the coverage equals fontTools' map, within U+0020..U+024F."""
    expected = {chr(c) for c in TTFont(sans_path).getBestCmap() if 0x20 <= c <= 0x24F}
    (face,) = read_faces(sans_path)
    assert face.coverage == expected


@pytest.mark.parametrize("form", [0, 4, 6, 12, 13])
def test_character_maps_of_every_format(edit: Callable[..., Path], form: int) -> None:
    """The formats 0, 4, 6, 12 and 13 give the glyphs that fontTools finds."""
    font = TTFont(edit())
    wanted = {c: g for c, g in font.getBestCmap().items() if 0x20 <= c < 0x7F}
    table = CmapSubtable.newSubtable(form)
    table.platformID, table.platEncID, table.language = 0, 3, 0
    table.cmap = wanted
    font["cmap"].tables = [table]
    segments = read_segments(font["cmap"].compile(font))
    assert segments is not None
    for code in range(0x20, 0x100):
        name = wanted.get(code)
        assert segments.glyph(code) == (font.getGlyphID(name) if name else 0)
    assert segments.count(0x41, 0x5A) == 26


def test_metadata_is_read(edit: Callable[..., Path]) -> None:
    """Licence, designer and version come from their name records; known licences by id."""

    def change(font: TTFont) -> None:
        for name_id, text in {
            5: "Version 9.1",
            9: "Ann Example",
            13: "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
            14: "https://openfontlicense.org",
        }.items():
            font["name"].setName(text, name_id, 3, 1, 0x409)

    (face,) = read_faces(edit(change))
    assert (face.version, face.designer) == ("Version 9.1", "Ann Example")
    assert (face.license, face.license_url) == ("OFL-1.1", "https://openfontlicense.org")


def test_unknown_licence_keeps_its_words_and_a_script_is_no_link(edit: Callable[..., Path]) -> None:
    """An unknown licence is given as written, and only web addresses pass as its link."""

    def change(font: TTFont) -> None:
        font["name"].setName("Ask Ann first.", 13, 3, 1, 0x409)
        font["name"].setName("javascript:alert(1)", 14, 3, 1, 0x409)

    (face,) = read_faces(edit(change))
    assert (face.license, face.license_url) == ("Ask Ann first.", None)


def test_typographic_names_come_first(edit: Callable[..., Path]) -> None:
    """Name 16 is the family and 17 the style where both exist."""

    def change(font: TTFont) -> None:
        for name_id, text in {1: "Fam SemiBold", 2: "Regular", 16: "Fam", 17: "SemiBold"}.items():
            font["name"].setName(text, name_id, 3, 1, 0x409)

    (face,) = read_faces(edit(change))
    assert (face.family_name, face.style_name) == ("Fam", "SemiBold")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  A\tB\n C ", "A B C"),
        ("evil\u202etxt.exe\u0000\u0007", "eviltxt.exe"),
        ("A\u200b\ufeffB", "AB"),
        ("é" * 5000, "é" * 100),
        ("../../etc/passwd", "../../etc/passwd"),
        ("Robert'); DROP TABLE", "Robert'); DROP TABLE"),
        ("\u0001\u0002", "edited"),
    ],
)
def test_names_are_made_safe(edit: Callable[..., Path], raw: str, clean: str) -> None:
    """Control, direction and invisible characters go, spaces are single, length is bounded."""

    def change(font: TTFont) -> None:
        font["name"].names = []
        font["name"].setName(raw, 1, 3, 1, 0x409)

    (face,) = read_faces(edit(change))
    assert face.family_name == clean


def test_without_names_the_file_names_the_family(edit: Callable[..., Path]) -> None:
    """A font stripped of its name table is named after its file."""

    def change(font: TTFont) -> None:
        del font["name"]

    (face,) = read_faces(edit(change))
    assert (face.family_name, face.style_name, face.license) == ("edited", "Regular", None)


def test_forged_name_records_cost_no_memory(edit: Callable[..., Path]) -> None:
    """Records that all point to the same long string are ignored, not expanded."""

    def change(font: TTFont) -> None:
        record = struct.pack(">6H", 3, 1, 0x409, 1, 60_000, 0)
        table = DefaultTable("name")
        table.data = struct.pack(">3H", 0, 3000, 6 + 3000 * 12) + record * 3000 + b"\0A" * 30_000
        font["name"] = table

    (face,) = read_faces(edit(change))
    assert face.family_name == "edited"


@pytest.mark.parametrize(
    ("stored", "weight"), [(250, 250), (4, 400), (0, 400), (1000, 1000), (60_000, 1000)]
)
def test_weight_class_is_brought_into_range(
    edit: Callable[..., Path], stored: int, weight: int
) -> None:
    """Weights are 1..1000; the old scale of 1 to 9 means hundreds."""
    (face,) = read_faces(edit(lambda font: setattr(font["OS/2"], "usWeightClass", stored)))
    assert face.weight == weight


@pytest.mark.parametrize(
    ("stored", "style", "weight"),
    [
        (250, "Thin", 100),
        (250, "ExtraLight Italic", 200),
        (275, "Ultra Light", 200),
        (250, "Book", 250),
        (300, "Thin", 300),
    ],
)
def test_thin_fonts_that_state_250(
    edit: Callable[..., Path], stored: int, style: str, weight: int
) -> None:
    """250 and 275, written for the sake of old Windows, are read by the style's name."""

    def change(font: TTFont) -> None:
        font["OS/2"].usWeightClass = stored
        font["name"].setName(style, 17, 3, 1, 0x409)

    (face,) = read_faces(edit(change))
    assert face.weight == weight


@pytest.mark.parametrize(("stored", "width"), [(1, 50), (3, 75), (5, 100), (9, 200), (77, 100)])
def test_width_class_is_a_percentage(edit: Callable[..., Path], stored: int, width: int) -> None:
    """The nine width classes become the specification's percentages."""
    (face,) = read_faces(edit(lambda font: setattr(font["OS/2"], "usWidthClass", stored)))
    assert face.width == width


def test_slope_by_flag_name_or_angle(edit: Callable[..., Path]) -> None:
    """Any one flag or the style's name makes an italic; an angle alone only without OS/2."""

    def flags(font: TTFont) -> None:
        font["OS/2"].fsSelection |= 0x200

    def mac(font: TTFont) -> None:
        font["head"].macStyle |= 2

    def named(font: TTFont) -> None:
        font["name"].setName("Light Oblique", 17, 3, 1, 0x409)

    def angle(font: TTFont) -> None:
        font["post"].italicAngle = -12.0

    def angle_only(font: TTFont) -> None:
        angle(font)
        del font["OS/2"]

    assert [read_faces(edit(c))[0].italic for c in (flags, mac, named, angle_only)] == [True] * 4
    assert read_faces(edit(angle))[0].italic is False


def test_named_instances_become_faces(variable_path: Path) -> None:
    """Each named instance is a face with the weight, width and slope of its place."""
    faces = read_faces(variable_path)
    assert [(f.style_name, f.weight, f.width, f.italic) for f in faces] == [
        ("Thin", 100, 100, False),
        ("Bold", 700, 100, False),
        ("Condensed Bold Slanted", 700, 75, True),
    ]
    assert faces[0].ref.variation == (("wght", 100.0), ("wdth", 100.0), ("slnt", 0.0))
    assert {f.family_name for f in faces} == {"Test Variable"}
    assert len({f.sha256 for f in faces}) == 1


def test_a_reference_opens_the_instance_that_it_names(variable_path: Path) -> None:
    """The variation of a face, given to FreeType, draws that instance."""
    widths = []
    for face in read_faces(variable_path)[:2]:
        font = ImageFont.truetype(face.ref.path, 100, index=face.ref.index)
        font.set_variation_by_axes([value for _, value in face.ref.variation])
        widths.append(font.getbbox("H")[2])
    assert widths[1] > widths[0] + 5


def test_variable_without_instances_gives_the_default(variable_path: Path, tmp_path: Path) -> None:
    """Without named instances the default place is the one face."""

    def change(font: TTFont) -> None:
        font["fvar"].instances = []

    (face,) = read_faces(changed(variable_path, tmp_path / "v.ttf", change, None))
    assert face.ref.variation == (("wght", 100.0), ("wdth", 100.0), ("slnt", 0.0))
    assert face.weight == 100


def test_instances_at_one_place_are_one_face_and_stay_on_their_axes(
    variable_path: Path, tmp_path: Path
) -> None:
    """A repeated place counts once, and a place beyond an axis is brought to its end."""

    def change(font: TTFont) -> None:
        instances = font["fvar"].instances
        beyond = copy.deepcopy(instances[1])
        beyond.coordinates["wght"] = 9000
        font["fvar"].instances = [instances[0], instances[0], beyond]

    faces = read_faces(changed(variable_path, tmp_path / "v.ttf", change, None))
    assert [f.weight for f in faces] == [100, 900]


def collection(path: Path, sources: list[Path]) -> Path:
    ttc = TTCollection()
    ttc.fonts = [TTFont(s) for s in sources]
    for font in ttc.fonts:
        font.flavor = None
    ttc.save(path)
    return path


def test_a_collection_gives_all_its_faces(fonts_dir: Path, tmp_path: Path) -> None:
    """Every face of a TTC is read, with the index that opens it."""
    sources = sorted((fonts_dir / "cantarell").glob("*.woff2"))
    faces = read_faces(collection(tmp_path / "four.ttc", sources))
    assert [(f.weight, f.italic, f.ref.index) for f in faces] == [
        (400, True, 0),
        (400, False, 1),
        (700, True, 2),
        (700, False, 3),
    ]


def test_an_unusable_face_of_a_collection_is_left_out(sans_path: Path, tmp_path: Path) -> None:
    """One bad face does not cost the others."""
    bad = built(tmp_path / "bad.ttf", lambda c, i: polygon((0, 0), (0, 700), (500, 700)))
    (face,) = read_faces(collection(tmp_path / "two.ttc", [bad, sans_path]))
    assert (face.family_name, face.ref.index) == ("Cantarell", 1)


def test_collections_with_too_many_or_no_faces(tmp_path: Path) -> None:
    """The stated number of faces is checked before any is opened."""
    path = tmp_path / "many.ttc"
    path.write_bytes(b"ttcf\0\1\0\0" + struct.pack(">I", 10_000) + b"\0" * 40_000)
    assert refusal(path)[0] == "too-many-faces"
    path.write_bytes(b"ttcf\0\1\0\0" + struct.pack(">I", 0))
    assert refusal(path)[0] == "broken"


def test_all_letters_alike(tmp_path: Path) -> None:
    """A font whose letters are one drawing, also at different widths, is refused."""
    same = built(tmp_path / "same.ttf", lambda c, i: polygon((0, 0), (0, 700), (500, 700)))
    assert refusal(same)[0] == "identical-glyphs"
    bars = built(
        tmp_path / "bars.ttf",
        lambda c, i: polygon((0, 0), (0, 700), (50 + 9 * i, 700), (50 + 9 * i, 0)),
    )
    assert refusal(bars)[0] == "identical-glyphs"


def test_hairline_letters_are_not_alike(tmp_path: Path) -> None:
    """Letters of little ink differ by little, and are still different letters."""

    def dots(i: int) -> Any:
        """The corners of a square and four of 25 inner places, each a tiny dot."""
        pen = TTGlyphPen(None)
        inner = [
            (100 + 100 * (k % 5), 100 + 100 * (k // 5)) for k in (i % 25, 3 * i % 25, 7 * i % 25)
        ]
        for x, y in [(0, 0), (680, 680), *inner]:
            pen.moveTo((x, y))
            for point in ((x, y + 20), (x + 20, y + 20), (x + 20, y)):
                pen.lineTo(point)
            pen.closePath()
        return pen.glyph()

    accented = LETTERS + "".join(chr(c) for c in range(0xC0, 0x100))
    path = built(tmp_path / "dots.ttf", lambda c, i: dots(i), accented)
    assert len(read_faces(path)) == 1


def test_empty_outlines(tmp_path: Path) -> None:
    """Letters that are mapped but have no outline are refused."""
    path = built(tmp_path / "empty.ttf", lambda c, i: TTGlyphPen(None).glyph())
    assert refusal(path)[0] == "empty-outlines"


def test_no_latin_letters(tmp_path: Path) -> None:
    """Digits alone, or a handful of letters, are not enough."""
    digits = built(tmp_path / "d.ttf", lambda c, i: picture(i), "0123456789ABC")
    assert refusal(digits)[0] == "no-latin"


def test_no_unicode_map(edit: Callable[..., Path]) -> None:
    """A font without a character map, or with a symbol one only, maps no Latin."""

    def without(font: TTFont) -> None:
        del font["cmap"]

    def symbol(font: TTFont) -> None:
        table = font["cmap"].tables[-1]
        table.platformID, table.platEncID = 3, 0
        font["cmap"].tables = [table]

    assert refusal(edit(without))[0] == "no-latin"
    assert refusal(edit(symbol))[0] == "no-latin"


def test_private_use_icons(tmp_path: Path) -> None:
    """A font of private-use characters is called an icon font."""
    chars = "".join(chr(0xE000 + i) for i in range(60))
    assert refusal(built(tmp_path / "pua.ttf", lambda c, i: picture(i), chars))[0] == "icon-font"


def test_pictures_on_a_to_z(tmp_path: Path) -> None:
    """Pictures in place of letters are called an icon font."""
    assert refusal(built(tmp_path / "pic.ttf", lambda c, i: picture(i)))[0] == "icon-font"


@pytest.mark.parametrize("drawn", [True, False], ids=["with letters", "without letters"])
def test_ligature_icons(edit: Callable[..., Path], drawn: bool) -> None:
    """A font that turns words into icons is refused, whether or not it draws its letters."""

    def change(font: TTFont) -> None:
        subsetter = Subsetter(Options(layout_features=[], glyph_names=True))
        subsetter.populate(text=LETTERS + "_")
        subsetter.subset(font)
        cmap = font.getBestCmap()
        words = ("home", "search", "menu", "settings", "delete", "favorite")
        rules = "".join(
            f"sub {' '.join(cmap[ord(c)] for c in word)} by {cmap[ord('Q')]};" for word in words
        )
        addOpenTypeFeaturesFromString(font, f"feature liga {{{rules}}} liga;")
        for code, name in cmap.items():
            if not drawn and code != ord("Q"):
                font["glyf"][name] = TTGlyphPen(None).glyph()

    assert refusal(edit(change))[0] == "icon-font"


def test_plain_ascii_fonts_are_not_icons(edit: Callable[..., Path]) -> None:
    """A text font that stops at ASCII is a text font."""

    def change(font: TTFont) -> None:
        subsetter = Subsetter(Options())
        subsetter.populate(text=LETTERS)
        subsetter.subset(font)

    (face,) = read_faces(edit(change))
    assert face.coverage == frozenset(LETTERS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"%!PS-AdobeFont-1.0: Old",
        b"\x80\x01\0\0",
        b"PK\3\4" + b"\0" * 40,
        b"\0\0\1\0\0\0\1\0",
        b"STARTFONT 2.1",
        b"<svg/>",
        bytes(range(256)) * 40,
    ],
)
def test_other_files_are_no_fonts(tmp_path: Path, data: bytes) -> None:
    """What does not begin like one of the five kinds is no font, with its kind where known."""
    path = tmp_path / "x.ttf"
    path.write_bytes(data)
    code, message = refusal(path)
    assert code == "not-a-font" and "WOFF2 files are read" in message


def test_things_that_are_no_files(tmp_path: Path) -> None:
    """Directories, FIFOs, link loops and missing files are refused at once."""
    (tmp_path / "dir.ttf").mkdir()
    os.mkfifo(tmp_path / "fifo.ttf")
    (tmp_path / "loop.ttf").symlink_to(tmp_path / "loop.ttf")
    for name in ("dir.ttf", "fifo.ttf", "loop.ttf", "missing.ttf"):
        assert refusal(tmp_path / name)[0] == "not-a-font"


@pytest.mark.parametrize(
    ("magic", "limit"), [(b"wOF2", MAX_BYTES), (b"wOFF", MAX_BYTES), (b"OTTO", MAX_UNPACKED)]
)
def test_too_many_bytes(tmp_path: Path, magic: bytes, limit: int) -> None:
    """A file over the limit is refused unread; a packed one may have fewer bytes."""
    path = tmp_path / "big.ttf"
    with path.open("wb") as file:
        file.write(magic)
        file.truncate(limit + 1)
    code, message = refusal(path)
    assert code == "too-large" and f"{limit:,}" in message


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_cut_off_files_are_broken(edit: Callable[..., Path], flavor: str | None) -> None:
    """A font cut off anywhere gives a refusal of the right kind, and nothing else."""
    path = edit(flavor=flavor)
    data = path.read_bytes()
    for share in range(1, 20):
        path.write_bytes(data[: len(data) * share // 20])
        assert refusal(path)[0] in {"broken", "no-latin", "empty-outlines"}


def test_damaged_bytes_never_escape_the_error_type(edit: Callable[..., Path]) -> None:
    """Random damage gives faces or a refusal: no other exception, and no long wait."""
    rng = random.Random(5)
    for flavor in (None, "woff", "woff2"):
        path = edit(flavor=flavor)
        good = path.read_bytes()
        for _ in range(15):
            data = bytearray(good)
            for _ in range(8):
                data[rng.randrange(4, len(data))] = rng.randrange(256)
            path.write_bytes(bytes(data))
            try:
                assert read_faces(path)
            except FontRefusedError as error:
                assert error.code and error.message


@pytest.mark.parametrize("tag", ["head", "hhea", "hmtx", "maxp", "glyf", "loca"])
def test_missing_tables_are_broken(edit: Callable[..., Path], tag: str) -> None:
    """A font without a table that drawing needs is broken."""
    path = edit()
    data = bytearray(path.read_bytes())
    at = data.index(tag.encode())
    data[at : at + 4] = b"zzzz"
    path.write_bytes(bytes(data))
    assert refusal(path)[0] in {"broken", "empty-outlines"}


@pytest.mark.parametrize("em", [0, 1, 65535])
def test_absurd_units_per_em_are_broken(edit: Callable[..., Path], em: int) -> None:
    """Units to the em outside 16..16384 are refused before anything is drawn."""
    code, message = refusal(edit(lambda font: setattr(font["head"], "unitsPerEm", em)))
    assert code == "broken" and "units to the em" in message


def test_a_forged_character_map_costs_no_time(edit: Callable[..., Path]) -> None:
    """Groups that claim four billion characters are looked up, not expanded."""
    rows = struct.pack(">3I", 0, 0xFFFFFFFF, 1) * 1000
    body = struct.pack(">HHIII", 12, 0, 16 + len(rows), 0, 1000) + rows

    def change(font: TTFont) -> None:
        table = DefaultTable("cmap")
        table.data = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + body
        font["cmap"] = table

    path = edit(change)
    try:
        assert read_faces(path)
    except FontRefusedError as error:
        assert error.code


def test_drawing_is_given_up_after_a_while(
    sans_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes longer than its time is refused, not waited for."""
    monkeypatch.setattr("encoder.fontfile.SECONDS", 0.0)
    code, message = refusal(sans_path)
    assert code == "broken" and "too long" in message


def nested(*rows: tuple[str, int]) -> Any:
    """A composite glyph: so many copies of each named glyph."""
    glyph = Glyph()
    glyph.numberOfContours, glyph.components = -1, []
    for name, copies in rows:
        for _ in range(copies):
            part = GlyphComponent()
            part.glyphName, part.x, part.y, part.flags = name, 0, 0, 0x2
            glyph.components.append(part)
    glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
    return glyph


def nest(path: Path, chain: dict[str, Any]) -> Path:
    """Every letter is one copy of the last glyph of `chain`."""
    font = TTFont(built(path, lambda c, i: picture(i)), recalcBBoxes=False)
    glyphs = font["glyf"]
    for name, glyph in chain.items():
        glyphs[name] = glyph
        font["hmtx"][name] = (600, 0)
    for name in font.getBestCmap().values():
        glyphs[name] = nested((list(chain)[-1], 1))
    font["maxp"].recalc = lambda font: None
    font["maxp"].numGlyphs, font["maxp"].maxComponentDepth = len(glyphs.glyphOrder), 40
    font.save(path)
    return path


@pytest.mark.parametrize("flavor", [None, "woff2"])
def test_nested_composites_are_not_followed(tmp_path: Path, flavor: str | None) -> None:
    """Ten copies of ten copies ... of nothing, twenty deep, are counted and not drawn."""
    chain = {"n0": TTGlyphPen(None).glyph()}
    chain |= {f"n{i}": nested((f"n{i - 1}", 10)) for i in range(1, 21)}
    path = nest(tmp_path / "nest.ttf", chain)
    if flavor:
        path = changed(path, tmp_path / "nest.woff2", lambda font: None, flavor)
    code, message = refusal(path)
    assert code == "broken" and "parts" in message


def test_composites_in_a_circle_are_broken(tmp_path: Path) -> None:
    """A glyph that contains itself by way of another is refused."""
    path = nest(tmp_path / "c.ttf", {"n0": nested(("n1", 1)), "n1": nested(("n0", 1))})
    code, message = refusal(path)
    assert code == "broken" and "circle" in message


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_parts_are_counted_as_fonttools_does(
    serif_path: Path, tmp_path: Path, flavor: str | None
) -> None:
    """The largest composite of a real font has the parts that fontTools sees."""
    path = changed(serif_path, tmp_path / "serif", lambda font: None, flavor)
    full = TTFont(path)

    def parts(name: str) -> int:
        glyph = full["glyf"][name]
        return 1 + sum(parts(c.glyphName) for c in glyph.components) if glyph.isComposite() else 1

    expected = max(parts(name) for name in full.getGlyphOrder())
    assert expected > 2
    with TTFont(path, lazy=True) as font:
        assert largest_composite(font) == expected


def test_brotli_bomb_is_refused(tmp_path: Path) -> None:
    """A WOFF2 whose stream unpacks to far more than it states is refused."""
    bomb = brotli.compress(b"\0" * (120 * 2**20), quality=1)
    entry = bytes([0x3F]) + b"zzzz" + bytes([0x10])
    body = entry + bomb
    header = struct.pack(
        ">4sIIHHIIHHIIIII", b"wOF2", 0x10000, 48 + len(body), 1, 0, 100, len(bomb), *[0] * 7
    )
    path = tmp_path / "bomb.woff2"
    path.write_bytes(header + body)
    assert refusal(path)[0] == "too-large"


def test_zlib_bomb_is_refused(tmp_path: Path) -> None:
    """A WOFF table that unpacks to far more than it states is refused."""
    bomb = zlib.compress(b"\0" * (120 * 2**20), 1)
    entry = struct.pack(">4s4I", b"zzzz", 64, len(bomb), len(bomb) + 1, 0)
    header = struct.pack(">4sIIHHI", b"wOFF", 0x10000, 64 + len(bomb), 1, 0, 100) + b"\0" * 24
    path = tmp_path / "bomb.woff"
    path.write_bytes(header + entry + bomb)
    assert refusal(path)[0] == "too-large"


def test_woff2_collections_are_named_unsupported(edit: Callable[..., Path]) -> None:
    """A WOFF2 collection says what to do instead."""
    path = edit(flavor="woff2")
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"ttcf" + data[8:])
    assert refusal(path)[0] == "unsupported"
