"""The catalogue's commands: arguments, exit codes, tables and JSON, on the fake embedder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from index.bootstrap import open_catalog
from index.many import PictureAnswer, search_files
from index.settings import Settings
from scripts import add_font, opening, rebuild_index, remove_font, search, terminal
from tests.fake_embedder import FakeEmbedder
from tests.test_index_catalog import picture_of


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands open the test's own catalogue with the fake embedder."""
    monkeypatch.setenv("FONTKIN_DATA", str(settings.data))
    monkeypatch.setenv("FONTKIN_PREBUILT", str(settings.prebuilt))
    opener = partial(open_catalog, embedder=FakeEmbedder())
    monkeypatch.setattr(opening, "open_catalog", opener)


@pytest.fixture
def word(serif_path: Path, tmp_path: Path) -> str:
    """A picture file of a word in Lora."""
    path = tmp_path / "word.png"
    Image.fromarray(picture_of(serif_path)).save(path)
    return str(path)


def searched(*argv: str) -> int:
    """The search command, as `python -m scripts.search` runs it."""
    return terminal.run("search", lambda: search.search(search.parser().parse_args(list(argv))))


def test_search_prints_a_table(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict in words, what was read, then a numbered line a family, the right one first."""
    assert searched(word, "--k", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "Lora" in lines[0] and lines[1].startswith("match, ")
    assert lines[3].startswith("1  Lora") and "OFL-1.1" in lines[3]
    assert "\x1b" not in "".join(lines)


def test_search_prints_the_apis_json(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--json is the API's answer; filters and crop reach the search."""
    assert searched(word, "--json", "--category", "sans-serif", "--crop", "0,0,400,400") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [m["family"]["id"] for m in answer["matches"]] == ["cantarell"]


def test_search_draws_a_sheet(word: str, tmp_path: Path) -> None:
    """--sheet writes a PNG with a row for every match under the picture."""
    sheets = []
    for k in ("1", "3"):
        path = tmp_path / f"sheet{k}.png"
        assert searched(word, "--k", k, "--sheet", str(path)) == 0
        with Image.open(io.BytesIO(path.read_bytes())) as sheet:
            sheets.append(sheet.size)
    assert sheets[0][0] == sheets[1][0] == 1400
    assert sheets[1][1] - sheets[0][1] == 2 * 184


@pytest.fixture
def folder(word: str, tmp_path: Path) -> Path:
    """Two pictures, one of them in a folder below, a broken one and a text file."""
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for target in ("b.png", "deeper/c.PNG"):
        (folder / target).write_bytes(Path(word).read_bytes())
    (folder / "a.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_a_folder_becomes_a_csv(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a match in the order of the files; what cannot be read says why in its row."""
    out = tmp_path / "out.csv"
    assert searched(str(folder), "--csv", str(out), "--k", "2") == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["file"]).name for row in rows] == ["a.jpg", "b.png", "b.png", "c.PNG", "c.PNG"]
    assert [row["rank"] for row in rows] == ["", "1", "2", "1", "2"]
    assert {row["family_id"] for row in rows if row["rank"] == "1"} == {"lora"}
    assert "none of PNG" in rows[0]["error"] and rows[0]["verdict"] == ""
    assert all(0 < float(row["confidence"]) <= 1 for row in rows if row["rank"] == "1")
    printed = capsys.readouterr()
    assert printed.out == "" and "2 of 3 pictures could be read" in printed.err


def test_many_pictures_print_a_line_each(
    folder: Path, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As words, or as the API's JSON."""
    assert searched(word, str(folder / "b.png")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(": match: Lora, " in line for line in lines)
    assert searched(word, str(folder / "a.jpg"), "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["answer"]["matches"][0]["family"]["id"] == "lora" and first["error"] is None
    assert second["answer"] is None and second["error"]


def test_a_csv_is_whole_or_not_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that fails in the middle leaves the old file as it was."""
    out = tmp_path / "out.csv"
    out.write_text("old")

    def broken(paths: list[Path], find: object) -> Iterator[PictureAnswer]:
        yield from search_files(paths[:1], find)  # type: ignore[arg-type]
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(search, "search_files", broken)
    assert searched(str(folder), "--csv", str(out)) == 1
    assert out.read_text() == "old"
    assert list(tmp_path.glob("*.tmp")) == []


def test_no_readable_picture_is_a_failure(folder: Path) -> None:
    """Exit code 1 when nothing could be read, 2 for a path that does not exist."""
    assert searched(str(folder / "a.jpg"), "--csv", str(folder / "out.csv")) == 1
    assert searched(str(folder / "nowhere.png"), str(folder)) == 2
    assert searched(str(folder), "--sheet", "x.png") == 2


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["--k", "0"], 2), (["--k", "99"], 2), (["--crop", "9000,0,9001,5"], 2)],
)
def test_arguments_out_of_range_exit_with_2(
    word: str, argv: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the catalogue refuses as a query is one line on stderr and a 2."""
    assert searched(word, *argv) == code
    assert capsys.readouterr().err.startswith("search: ")


@pytest.mark.parametrize("crop", ["1,2,3", "a,b,c,d", "5,5,1,1"])
def test_a_crop_that_is_none_exits_with_2(
    word: str, crop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no box is named, with how one is written."""
    with pytest.raises(SystemExit) as caught:
        searched(word, "--crop", crop)
    assert caught.value.code == 2
    assert f"{crop}: pixels x0,y0,x1,y1" in capsys.readouterr().err


def test_a_bad_picture_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No picture is a failure (1), no such file a wrong argument (2)."""
    (tmp_path / "junk.png").write_bytes(b"junk")
    for name, code in (("junk.png", 1), ("lost.png", 2)):
        assert searched(str(tmp_path / name)) == code
        assert capsys.readouterr().err.count("\n") == 1


def test_add_and_remove(serif_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Removed, removed again (1), added, added again (a duplicate is no error), junk (1)."""

    def remove() -> int:
        args = remove_font.parser().parse_args(["lora"])
        return terminal.run("remove_font", lambda: remove_font.remove(args))

    def add(path: Path, *more: str) -> int:
        args = add_font.parser().parse_args([str(path), *more])
        return terminal.run("add_font", lambda: add_font.add(args))

    assert [remove(), remove()] == [0, 1]
    assert add(serif_path) == 0
    assert "added: Lora (lora): lora-400-normal" in capsys.readouterr().out
    assert add(serif_path, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["duplicates"] == [{"name": serif_path.name, "family_id": "lora"}]
    assert add(Path(__file__)) == 1
    assert "not-a-font" in capsys.readouterr().out


def test_rebuild(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """From fonts with a limit and the shipped copy, then from vectors, both as JSON."""
    argv = ["--limit", "1", "--jobs", "1", "--freetype-only", "--json"]
    args = rebuild_index.parser().parse_args([*argv, "--prebuilt", str(settings.prebuilt)])
    assert rebuild_index.rebuild(args) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["families"], report["prebuilt"]["families"]) == (1, 1)
    assert (settings.prebuilt / "catalog.db").exists()
    assert rebuild_index.rebuild(rebuild_index.parser().parse_args(["--from-vectors"])) == 0
    assert capsys.readouterr().out.startswith("1 families, 1 faces, 8 samples")


def test_a_bad_setting_exits_with_2(
    word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that cannot be used is named."""
    monkeypatch.setenv("FONTKIN_LOCK_SECONDS", "soon")
    assert searched(word) == 2
    assert "FONTKIN_LOCK_SECONDS is 'soon'" in capsys.readouterr().err
