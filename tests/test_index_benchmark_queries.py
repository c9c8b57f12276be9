"""The benchmark's pictures: reproducible, cached, true to the face and to their words."""

from __future__ import annotations

import io
import json
import shutil
import string
from pathlib import Path
from random import Random

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from encoder import browser
from encoder.heldout import is_heldout
from encoder.reference import reference_lines
from index.benchmark import effects, faces, queries, styles, text
from index.benchmark.faces import AskedFamily

needs_chromium = pytest.mark.skipif(not browser.available(), reason="no Chromium here")
FONTS = Path(__file__).parent / "fonts"
LATIN = frozenset(string.ascii_letters + string.digits + " .,")


def test_no_word_is_in_the_catalogue():
    """No text of a sample, and no word of one, is among the benchmark's words."""
    samples = {w for line in reference_lines(LATIN) for w in line.text.lower().split()}
    assert samples
    assert not samples & set(text.vocabulary())
    assert len(text.vocabulary()) > 2000


def test_random_letters_are_never_a_sample(monkeypatch: pytest.MonkeyPatch):
    """A string that a sample shows is drawn again."""
    first = text.letters(Random(3), LATIN)
    monkeypatch.setattr(text, "reserved", lambda: frozenset({first.lower()}))
    assert text.letters(Random(3), LATIN).lower() != first.lower()


@pytest.mark.parametrize("seed", range(40))
def test_texts_have_the_promised_lengths(seed: int):
    """Headlines of 2 to 4 words, strings of 5 to 10 letters, two body lines."""
    rng = Random(seed)
    head = text.headline(rng, LATIN)
    assert 2 <= len(head.split()) <= 4 and len(head) <= 24
    assert 4 <= len(text.word(rng, LATIN)) <= 10
    letters = text.letters(rng, LATIN)
    assert 5 <= len(letters) <= 10 and letters.isalpha()
    lines = text.body(rng, LATIN).split("\n")
    assert len(lines) == 2 and all(26 <= len(line) <= 46 for line in lines)


def test_a_face_of_capitals_is_asked_for_capitals():
    """Only texts that the face can draw are chosen; without letters there is none."""
    capitals = frozenset(string.ascii_uppercase + " ")
    for seed in range(30):
        assert text.letters(Random(seed), capitals).isupper()
        assert text.body(Random(seed), capitals).isupper()
    with pytest.raises(text.CoverageError):
        text.word(Random(0), frozenset("abc"))


def test_faces_are_regular_bold_and_their_italics():
    """Of a full family four faces are asked, of a light and a black one the nearer."""
    full = [(w, i) for w in range(100, 1000, 100) for i in (False, True)]
    assert faces._basic_keys(full) == [(400, False), (400, True), (700, False), (700, True)]
    assert faces._basic_keys([(300, False), (800, False)]) == [(300, False), (800, False)]
    assert faces._basic_keys([(100, False), (900, True)]) == [(100, False), (900, True)]


def _fake_fonts(folder: Path, count: int) -> Path:
    """Family folders that all hold Lora's regular face under their own names."""
    source = next((FONTS / "lora").glob("*-400-normal.woff2")).read_bytes()
    for number in range(count):
        name = f"family-{number}"
        (folder / name).mkdir()
        (folder / name / f"{name}-latin-400-normal.woff2").write_bytes(source)
        (folder / name / "metadata.json").write_text(json.dumps({"category": "serif"}))
    return folder


def test_half_of_the_families_are_unseen(tmp_path: Path):
    """Seen and unseen alternate, and a longer list starts with the shorter one."""
    fonts = _fake_fonts(tmp_path, 60)
    four = list(faces.google_families(fonts, 4, seed=1))
    six = list(faces.google_families(fonts, 6, seed=1))
    assert six[:4] == four
    assert [is_heldout(f.id) for f in six] == [True, False] * 3
    assert four != list(faces.google_families(fonts, 4, seed=2))


def _renamed(source: Path, target: Path, family: str) -> None:
    """A web font as a desktop font of another family name."""
    with TTFont(source) as font:
        font.flavor = None
        for record in font["name"].names:
            if record.nameID in (1, 16):
                record.string = family
        font.save(target)


def test_own_families_are_grouped_by_name(tmp_path: Path):
    """Two files of one name are one unseen family; a name of Google Fonts is left out."""
    for number, source in enumerate(sorted((FONTS / "lora").glob("*.woff2"))[:2]):
        _renamed(source, tmp_path / f"mine-{number}.ttf", "Mine")
    _renamed(next((FONTS / "cantarell").glob("*.woff2")), tmp_path / "theirs.ttf", "Open Sans")
    (tmp_path / "broken.otf").write_bytes(b"no font")
    (family,) = faces.own_families([tmp_path])
    assert (family.id, family.category, family.seen) == ("Mine", "own", False)
    assert {face.path.name for face in family.faces} == {"mine-0.ttf", "mine-1.ttf"}


def test_degrading_shrinks_to_three_quarters():
    """A picture of 80 x 200 becomes 60 x 150, and the same seed gives the same picture."""
    picture = np.full((80, 200, 3), 255, np.uint8)
    picture[30:50, 40:160] = 0
    first = effects.degrade(picture, np.random.default_rng(5))
    assert first.shape == (60, 150, 3)
    assert np.array_equal(first, effects.degrade(picture, np.random.default_rng(5)))


def test_a_photograph_keeps_ink_darker_than_paper():
    """Uneven light and noise move the greys but never turn the picture into its negative."""
    picture = np.full((120, 300, 3), 230, np.uint8)
    picture[40:80, 60:240] = 30
    for seed in range(20):
        photo = effects.photograph(picture, np.random.default_rng(seed)).astype(float)
        assert photo.shape == picture.shape
        assert photo[55:65, 120:180].mean() < photo[5:15, 120:180].mean() - 40


def test_files_keep_their_colours():
    """Red stays red in both formats."""
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    for data in (effects.png(red), effects.jpeg(red, 90)):
        back = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert np.abs(back - red).max() <= 2


def test_text_is_escaped_in_the_page():
    """An ampersand or a bracket is drawn, not parsed."""
    face = faces.AskedFace(next((FONTS / "lora").glob("*.woff2")), 400, False, (("wght", 450.0),))
    html = styles.page(face, "a<b>&", styles.Look(20))
    assert "a&lt;b&gt;&amp;" in html
    assert '"wght" 450' in html


@needs_chromium
def test_pictures_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A second run reads the folder without a browser; a new family adds its pictures only."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    _fake_fonts(fonts, 60)
    folder = tmp_path / "queries"
    two = list(faces.google_families(fonts, 2, seed=0))
    first = queries.draw_queries(two, folder, seed=0)
    assert [q.level for q in first.queries[:7]] == list(queries.LEVELS)
    before = {q.file: first.read(q) for q in first.queries}
    assert len(before) == 14 and first.skipped == ()
    third = list(faces.google_families(fonts, 3, seed=0))
    more = queries.draw_queries(third, folder, seed=0, levels=["clean"])
    assert len(more.queries) == 3
    monkeypatch.setenv("FONTKIN_CHROMIUM", "/nowhere")
    again = queries.draw_queries(two, folder, seed=0)
    assert again == first
    assert {q.file: again.read(q) for q in again.queries} == before


@needs_chromium
def test_another_seed_draws_other_texts(tmp_path: Path):
    """The seed is part of every picture."""
    face = faces.AskedFace(next((FONTS / "lora").glob("*-400-normal.woff2")), 400, False)
    family = AskedFamily("lora", "serif", (face,))
    sets = [
        queries.draw_queries([family], tmp_path / str(s), seed=s, levels=["body"]) for s in (0, 1)
    ]
    assert sets[0].queries[0].text != sets[1].queries[0].text


@needs_chromium
def test_what_cannot_be_drawn_is_reported(tmp_path: Path):
    """A broken file is skipped with its reason and stays skipped in the manifest."""
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    family = AskedFamily("broken", "own", (faces.AskedFace(broken, 400, False),))
    for _ in range(2):
        drawn = queries.draw_queries([family], tmp_path / "q", seed=0, levels=["word"])
        assert drawn.queries == ()
        assert drawn.skipped[0][:2] == ("broken", "word")


def test_unknown_levels_are_named(tmp_path: Path):
    """A typing error is an error, not an empty answer."""
    with pytest.raises(queries.UnknownLevelError, match="fancy"):
        queries.draw_queries([], tmp_path, seed=0, levels=["fancy"])


def test_real_queries_read_their_manifest(tmp_path: Path):
    """`also_ok` counts as right, unknown weights become 0, no folder gives no queries."""
    entry = {
        "file": "img/a.png",
        "family": "lora",
        "category": "serif",
        "weight": None,
        "italic": True,
        "text": "Aa",
        "also_ok": ["parastoo"],
    }
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    (query,) = queries.real_queries(tmp_path).queries
    assert query.right == {"lora", "parastoo"}
    assert (query.level, query.weight, query.italic) == ("real", 0, True)
    assert queries.real_queries(tmp_path / "none").queries == ()


def test_a_file_named_otherwise_is_passed_over(fonts_dir: Path, tmp_path: Path):
    """Variable files beside the static ones change nothing; alone they make no family."""
    folder = tmp_path / "lora"
    shutil.copytree(fonts_dir / "lora", folder)
    before = faces.google_family(tmp_path, "lora")
    for file in list(folder.glob("*.woff2")):
        shutil.copy(file, folder / "lora-latin-variable-full-normal.woff2")
    assert before is not None and faces.google_family(tmp_path, "lora") == before
    for face in before.faces:
        face.path.unlink()
    assert faces.google_family(tmp_path, "lora") is None


def test_a_family_without_a_category_is_asked(fonts_dir: Path, tmp_path: Path):
    """A few families' metadata lack it: they count as "unknown", as in the catalogue."""
    shutil.copytree(fonts_dir / "lora", tmp_path / "lora")
    path = tmp_path / "lora" / "metadata.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in known.items() if k != "category"}))
    family = faces.google_family(tmp_path, "lora")
    assert family is not None and family.category == "unknown"
