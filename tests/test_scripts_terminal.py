"""The command line itself: one entry, colour, completion in real shells, exit codes, words."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from encoder.boxes import Box
from encoder.picture import PictureError
from index import words
from index.answers import (
    CatalogueInfo,
    FaceInfo,
    FamilyInfo,
    Match,
    Region,
    SearchAnswer,
    TwinInfo,
    Verdict,
)
from index.errors import BusyError, QueryError, UnknownFamilyError
from scripts import answers, terminal
from scripts.commands import commands, whole_parser

ROOT = Path(__file__).resolve().parent.parent
ENTRY = ROOT / "bin" / "fontkin"
# Commands that become something else, or that print a script.
_NOT_FOR_PROGRAMS = {"completion", "serve"}


def match(name: str, score: float, *twins: str) -> Match:
    """A row for a family of this name."""
    url = f"https://fonts.google.com/specimen/{name}"
    family = FamilyInfo(name.lower(), name, "serif", "OFL-1.1", "google", url)
    same = tuple(TwinInfo(twin.lower(), twin) for twin in twins)
    return Match(family, FaceInfo(f"{name}-700", 700, True), score, 0.9, same, "/preview")


def answer(verdict: Verdict, *matches: Match, known: float = 0.9) -> SearchAnswer:
    """An answer with these rows."""
    region = Region(Box(0, 0, 9, 9), "Ham[bur]g", 1.0, matches)
    return SearchAnswer(
        verdict, known, matches, (region,), CatalogueInfo(1, 1, 1, "x"), 12.3, {"all": 12.3}
    )


def shown(found: SearchAnswer, *, terminal_width: int | None) -> str:
    """What a terminal of that width gets, or a pipe."""
    out = io.StringIO()
    width = terminal_width or 400
    answers.show(found, Console(file=out, force_terminal=bool(terminal_width), width=width))
    return out.getvalue()


def entry(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """bin/fontkin, called from another folder."""
    return subprocess.run(
        [str(ENTRY), *argv], cwd="/", env=os.environ | environment, capture_output=True, text=True
    )


def test_a_terminal_gets_colour_and_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdict, score and its word are coloured, the name is a link; NO_COLOR takes colour away."""
    found = answer("match", match("Lora", 0.95, "Parastoo"), match("Gelasio", 0.8))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = shown(found, terminal_width=120)
    assert "\x1b[1;32m" in coloured and "\x1b[32mthe same letters\x1b[0m" in coloured
    assert "https://fonts.google.com/specimen/Lora" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown(found, terminal_width=120))


def test_a_pipe_gets_whole_lines() -> None:
    """No escape codes, a line a row however long; brackets in what was read are no markup."""
    lines = shown(answer("match", match("Lora", 0.95, *["Twin"] * 30)), terminal_width=None)
    assert "\x1b" not in lines and len(lines.splitlines()) == 4
    assert "reads: Ham[bur]g" in lines


def test_a_narrow_terminal_wraps_nothing_but_twins() -> None:
    """At 80 columns each row without twins is one line."""
    rows = [match("Bricolage Grotesque", 0.95), match("Konkhmer Sleokchher", 0.76)]
    assert len(shown(answer("similar", *rows), terminal_width=80).splitlines()) == 5


def test_words_are_those_of_the_page() -> None:
    """Scores say on the command line what they say on the page."""
    source = (ROOT / "api/static/js/words.js").read_text()
    table = re.search(r"const SCORES = (\[.*?\]);", source, re.DOTALL)
    assert table and json.loads(table[1]) == [list(row) for row in words.SCORES]


@pytest.mark.parametrize(
    ("found", "head"),
    [
        (answer("match", match("Lora", 0.9)), "This is Lora"),
        (answer("similar", match("Lora", 0.9)), "No certain match"),
        (answer("similar", match("Lora", 0.9), known=0.2), "Perhaps not in the catalogue"),
        (answer("unknown", match("Lora", 0.9)), "Not in the catalogue"),
        (answer("unknown"), "Nothing passes the filters"),
        (answer("no_text"), "No text found"),
    ],
)
def test_every_verdict_has_a_headline(found: SearchAnswer, head: str) -> None:
    """What the page says above its rows."""
    assert words.headline(found)[0] == head


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (
            QueryError("k is 99; 1..50 is needed"),
            2,
            "k is 99; 1..50 is needed; the options: --help",
        ),
        (UnknownFamilyError("lorra"), 1, "fontkin families NAME"),
        (BusyError("another writer"), 1, "FONTKIN_LOCK_SECONDS"),
        (PictureError("broken", "it is broken"), 1, "save it as PNG"),
        (FileNotFoundError(2, "No such file", "x.ttf"), 1, f"relative ones start at {os.getcwd()}"),
        (PermissionError(13, "Permission denied", "/x"), 1, "check who owns it"),
        (KeyboardInterrupt(), 1, "stopped"),
    ],
)
def test_errors_say_what_to_do_next(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr with the remedy, and the exit code."""

    def fails() -> int:
        raise error

    assert terminal.run("x", fails) == code
    err = capsys.readouterr().err
    assert err.startswith("x: ") and says in err and err.count("\n") == 1


def test_every_command_has_a_parser_and_json() -> None:
    """Every command gives its parser to the completion, and JSON to programs."""
    for name in commands():
        made = importlib.import_module(f"scripts.{name}").parser()
        assert made.prog == f"fontkin {name}"
        below = [action.choices for action in made._actions if action.nargs == argparse.PARSER]
        for each in below[0].values() if below else [made]:
            options = {option for action in each._actions for option in action.option_strings}
            assert "--json" in options or name in _NOT_FOR_PROGRAMS, name


def test_the_entry_runs_from_anywhere(tmp_path: Path) -> None:
    """Through a link too; a `scripts` folder of the caller does not stand in; hyphens are fine."""
    link = tmp_path / "fontkin"
    link.symlink_to(ENTRY)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "__main__.py").write_text("print('wrong')")
    done = subprocess.run([link, "remove-font", "--help"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0 and done.stdout.startswith(b"usage: fontkin remove_font")


def test_the_entry_lists_and_corrects() -> None:
    """--help lists every command; an unknown one is 2 and names the nearest; none is 2."""
    listed = entry("--help")
    assert listed.returncode == 0 and all(name in listed.stdout for name in commands())
    wrong = entry("serch")
    assert wrong.returncode == 2 and "do you mean search?" in wrong.stderr
    assert entry().returncode == 2
    lost = entry("search", FONTKIN_PYTHON="/nowhere/python")
    assert lost.returncode == 1 and "make -C" in lost.stderr


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the completion of each shell."""
    import shtab

    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(shtab.complete(whole_parser(), shell=shell))
    return folder


def completed(scripts: Path, shell: str, line: str) -> set[str]:
    """What the shell itself offers at the end of `line`."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    if shell == "fish":
        code = f'source {scripts}/fish; complete -C "{line}"'
    else:
        parts = line.split(" ")
        given = " ".join(f"'{part}'" for part in parts)
        code = (
            f"source {scripts}/bash; COMP_WORDS=({given}); COMP_CWORD={len(parts) - 1}; "
            '_shtab_fontkin fontkin "${COMP_WORDS[COMP_CWORD]}"; printf "%s\\n" "${COMPREPLY[@]}"'
        )
    command = [shell, "-c", code] if shell == "fish" else [shell, "--norc", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {each.split("\t")[0] for each in done.stdout.split("\n") if each}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_shells_complete(scripts: Path, shell: str) -> None:
    """Commands, then a command's options, asked of the shell itself."""
    assert {"search", "serve"} <= completed(scripts, shell, "fontkin se")
    assert "--sheet" in completed(scripts, shell, "fontkin search --sh")


def test_zsh_reads_its_completion(scripts: Path) -> None:
    """zsh loads the function and knows it as fontkin's completion."""
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    (scripts / "functions").mkdir()
    shutil.copy(scripts / "zsh", scripts / "functions" / "_fontkin")
    code = f"fpath=({scripts}/functions $fpath); autoload -U compinit && compinit -uD"
    check = "autoload +X _fontkin && print $_comps[fontkin]"
    done = subprocess.run(["zsh", "-fc", f"{code}; {check}"], capture_output=True, text=True)
    assert done.stdout == "_fontkin\n", done.stderr
