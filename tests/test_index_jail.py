"""The jail: what a font's drawing may do there, and what becomes of it when it does more."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef, read_faces
from encoder.fontguard import FontRefusedError
from encoder.glyphs import signature
from encoder.reference import draw_reference, reference_lines
from encoder.typeset import TypesetError
from index import jail as jail_module
from index import jailed, jailreplies, previews
from index.jail import MAX_BREACHES, BreachError, Jail

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock ends nothing here: what is tested holds on a machine that is busy with more."""
    monkeypatch.setattr(jail_module, "SECONDS", 900.0)


@pytest.fixture
def font(serif_path: Path, tmp_path: Path) -> Path:
    """A font alone in a folder of its own."""
    folder = tmp_path / "jail"
    folder.mkdir()
    return Path(shutil.copy(serif_path, folder / "font.ttf"))


@pytest.fixture
def hostile(font: Path) -> Iterator[Jail]:
    """A jail whose child does what it is told (see `tests.hostile_child`)."""
    with Jail(font.parent, module="tests.hostile_child") as jail:
        yield jail


@pytest.fixture(scope="module")
def taken(serif_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jail]:
    """One such jail for all deeds that do not end the child."""
    folder = tmp_path_factory.mktemp("taken")
    shutil.copy(serif_path, folder / "font.ttf")
    with Jail(folder, module="tests.hostile_child") as jail:
        yield jail


def test_the_child_gives_what_would_be_drawn_here(font: Path) -> None:
    """Faces, lines, specimen and signature are the same as without a jail."""
    (here,) = read_faces(font)
    line = reference_lines(here.coverage)[0]
    with Jail(font.parent) as jail:
        assert jail.measure(font) == 1
        assert jail.faces(font) == (here,)
        np.testing.assert_array_equal(jail.line(here.ref, line), draw_reference(here.ref, line))
        shown = previews.specimen(here.ref, "Lora", here.coverage)
        assert jail.specimen(here.ref, "Lora", here.coverage) == shown
        made, expected = (d.signature(here.ref, here.coverage) for d in (jail, _Plain()))
        np.testing.assert_array_equal(made.pictures, expected.pictures)
        np.testing.assert_array_equal(made.drawn, expected.drawn)


def test_the_walls_stand(font: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The kernel says so of the child: limits, filter, no privileges, no network, low priority."""
    with Jail(font.parent) as jail:
        jail.measure(font)
        assert jail._child is not None
        process = Path(f"/proc/{jail._child.pid}")
        said = (process / "status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in said)
        lines = (process / "limits").read_text().splitlines()[1:]
        limits = {line[:26].strip(): line[26:].split()[:2] for line in lines}
        devices = (process / "net/dev").read_text().splitlines()[2:]
        nice = os.getpriority(os.PRIO_PROCESS, jail._child.pid)
        assert (process / "oom_score_adj").read_text() == "1000\n"
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    for name, most in (
        ("Max address space", jailed.LIMITS.memory),
        ("Max open files", 32),
        ("Max file size", 0),
        ("Max processes", 0),
        ("Max core file size", 0),
    ):
        assert limits[name] == [str(most)] * 2, name
    assert int(limits["Max cpu time"][0]) <= jailed.CPU_SECONDS + 5
    assert nice == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    assert "files" not in caplog.text  # else the kernel has no Landlock
    if "network" not in caplog.text:  # else it has no namespaces for this user
        assert [line.split(":")[0].strip() for line in devices] == ["lo"]


class _Plain:
    signature = staticmethod(signature)


def test_faces_of_a_variable_font_keep_their_places(variable_path: Path, tmp_path: Path) -> None:
    """The place on the axes goes there and back, and another instance is another picture."""
    copy = Path(shutil.copy(variable_path, tmp_path / "v.ttf"))
    with Jail(tmp_path) as jail:
        faces = jail.faces(copy)
        assert faces == read_faces(copy)
        line = reference_lines(faces[0].coverage)[0]
        assert jail.line(faces[0].ref, line).shape != jail.line(faces[1].ref, line).shape


def test_a_refusal_comes_back_as_one(font: Path) -> None:
    """Codes and reasons of refused fonts arrive; so does a drawing that fails."""
    with Jail(font.parent) as jail:
        font.write_bytes(b"\0\1\0\0" + bytes(100))
        with pytest.raises(FontRefusedError) as refused:
            jail.faces(font)
        assert refused.value.code == "broken"
        with pytest.raises(TypesetError, match="FreeType cannot open it"):
            jail.specimen(FaceRef(font), "Lora", frozenset("Lora"))


@pytest.mark.parametrize("deed", ["segfault", "abort", "shout", "hog", "spin", "sleep"])
def test_who_breaks_the_limits_dies(
    hostile: Jail, font: Path, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash, rubbish, too much memory or time end the child; the next one works."""
    code = {"hog": "memory-limit", "spin": "time-limit", "sleep": "time-limit"}.get(deed, "crashed")
    assert len(hostile.faces(font)) == 1
    if deed == "sleep":
        monkeypatch.setattr(jail_module, "SECONDS", 1.0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(BreachError) as breach:
        hostile.faces(font, deed)
    assert (breach.value.code, breach.value.path) == (code, font)
    assert "export it again" in breach.value.message
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 30
    monkeypatch.setattr(jail_module, "SECONDS", 900.0)
    assert len(hostile.faces(font)) == 1


@pytest.mark.parametrize(
    "deed",
    [
        "fork",
        "exec",
        "run",
        "socket",
        "kill the service",
        "read secrets",
        "read passwords",
        "list the data",
        "write beside the font",
        "delete the font",
    ],
)
def test_who_is_taken_over_can_do_nothing(taken: Jail, deed: str) -> None:
    """No process, program, socket, signal, foreign file or written file: the system says no."""
    font = taken.folder / "font.ttf"
    with pytest.raises(TypesetError, match="PermissionError|BlockingIOError"):
        taken.faces(font, deed)
    assert [p.name for p in font.parent.iterdir()] == ["font.ttf"]


def test_the_child_knows_no_secret(
    hostile: Jail, font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's environment, tokens among it, stays outside."""
    monkeypatch.setenv("FONTKIN_API_TOKEN", "a-very-secret-token")
    with pytest.raises(TypesetError) as told:
        hostile.faces(font, "environment")
    assert "PYTHONPATH" in str(told.value) and "FONTKIN" not in str(told.value)


def test_a_picture_that_is_none_is_a_breach(hostile: Jail, font: Path) -> None:
    """Pixels of another shape than a picture's are not believed."""
    (face,) = hostile.faces(font)
    with pytest.raises(BreachError):
        hostile.line(face.ref, reference_lines(face.coverage)[0])


def test_after_some_breaches_nothing_more_is_read(hostile: Jail, font: Path) -> None:
    """A batch that goes on breaking limits is refused, without another child."""
    for _ in range(MAX_BREACHES):
        with pytest.raises(BreachError):
            hostile.faces(font, "abort")
    with pytest.raises(FontRefusedError, match="3 files before it"):
        hostile.faces(font)


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": "heavy"},
        {"variation": [["wght"]]},
        {"variation": 5},
        {"coverage": None, "scripts": None},
        {"index": [1]},
        {"designer": {}, "weight": float("inf")},
    ],
)
def test_nonsense_about_a_face_is_an_error(font: Path, changes: dict[str, object]) -> None:
    """Values of another type than promised raise; nothing of them is passed on."""
    with pytest.raises((KeyError, TypeError, ValueError, OverflowError)):
        jailreplies.faces({"faces": [HONEST | changes]}, font, "0" * 64)
    with pytest.raises((KeyError, TypeError, ValueError)):
        jailreplies.faces({"faces": []}, font, "0" * 64)


HONEST = {
    "index": 0,
    "variation": [["wght", 400]],
    "family_name": "A\u202eB",
    "style_name": "",
    "weight": 5000,
    "italic": 1,
    "width": 0,
    "coverage": "ab\u4e00",
    "scripts": ["latin", "<script>"],
    "license": "x" * 5000,
    "license_url": "javascript:alert(1)",
    "designer": None,
    "version": 7,
    "sha256": "f" * 64,
}


def test_what_is_told_of_a_face_is_cleaned(font: Path) -> None:
    """Names, ranges, links, scripts and the hash are ours to check."""
    (face,) = jailreplies.faces({"faces": [HONEST]}, font, "0" * 64)
    assert (face.family_name, face.style_name, face.weight, face.width) == (
        "AB",
        "Regular",
        1000,
        1,
    )
    assert (face.coverage, face.scripts) == (frozenset("ab"), frozenset({"latin"}))
    assert (len(face.license or ""), face.license_url, face.sha256) == (300, None, "0" * 64)
    assert face.ref == FaceRef(font, 0, (("wght", 400.0),))
