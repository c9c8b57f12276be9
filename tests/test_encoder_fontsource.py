"""Fonts through npm: pinned, Latin only, restartable."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from encoder import fontsource


def test_the_list_pins_every_family() -> None:
    """Over 1,600 families, each with an exact version; what is not served is named apart."""
    stored = json.loads(fontsource.LIST_PATH.read_text())
    versions = fontsource.pinned()
    assert len(versions) > 1600
    assert all(part.isdigit() for v in versions.values() for part in v.split("."))
    assert not set(versions) & set(stored["not_served"])
    assert versions["inter"] == stored["families"]["inter"]


def test_an_unknown_id_is_named(tmp_path: Path) -> None:
    """Nothing is fetched when one id is wrong, and the message says which."""
    with pytest.raises(fontsource.UnknownFamilyError, match="interr"):
        fontsource.fetch(tmp_path, only=["inter", "interr"])
    assert list(tmp_path.iterdir()) == []


def test_without_npm_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm is the only client; where it is missing the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fontsource.NpmMissingError, match="install Node.js"):
        fontsource.fetch(tmp_path / "fonts", only=["abeezee"])


# `npm pack --silent --pack-destination FOLDER @fontsource/ID@VERSION ...`, from no registry.
_NPM = """#!{python}
import io, json, sys, tarfile
from pathlib import Path
_, _, _, folder, *specs = sys.argv[1:]
for spec in specs:
    name, _, version = spec.rpartition("@")
    family = name.removeprefix("@fontsource/")
    files = {{
        "package.json": json.dumps({{"name": name, "version": version}}),
        "metadata.json": "{{}}",
        f"files/{{family}}-latin-400-normal.woff2": f"drawn for {{version}}",
        f"files/{{family}}-greek-400-normal.woff2": "",
    }}
    with tarfile.open(Path(folder, f"{{family}}.tgz"), "w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(f"package/{{path}}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    print(f"{{family}}.tgz")
"""


def test_another_pinned_version_is_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three families the one whose pin changed; a folder without a note is somebody's own."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(_NPM.format(python=sys.executable))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))
    fonts = tmp_path / "fonts"
    (fonts / "own").mkdir(parents=True)
    versions = {"abel": "5.0.0", "lora": "5.1.0", "own": "5.2.0"}
    monkeypatch.setattr(fontsource, "pinned", lambda: versions)
    report = fontsource.fetch(fonts)
    assert report == fontsource.FetchReport(("abel", "lora"), ("own",), ())
    (fonts / "lora" / "lora-latin-300-normal.woff2").touch()
    versions["lora"] = "5.1.1"
    report = fontsource.fetch(fonts)
    assert report == fontsource.FetchReport(("lora",), ("abel", "own"), ())
    (drawn,) = (fonts / "lora").glob("*.woff2")
    assert drawn.read_text() == "drawn for 5.1.1"
    assert fontsource.fetch(fonts).fetched == ()


@pytest.mark.slow
def test_a_family_is_latin_only_and_fetched_once(tmp_path: Path) -> None:
    """The Latin woff2 of every face, metadata and licence; a second call brings nothing."""
    steps: list[tuple[int, int]] = []
    report = fontsource.fetch(
        tmp_path,
        only=["abeezee", "lora"],
        on_progress=lambda done, total: steps.append((done, total)),
    )
    assert report == fontsource.FetchReport(("abeezee", "lora"), (), ())
    assert sorted(p.name for p in (tmp_path / "abeezee").iterdir()) == [
        "LICENSE",
        "abeezee-latin-400-italic.woff2",
        "abeezee-latin-400-normal.woff2",
        "metadata.json",
        "version.txt",
    ]
    meta = json.loads((tmp_path / "lora" / "metadata.json").read_text())
    faces = len(meta["weights"]) * len(meta["styles"])
    assert len(list((tmp_path / "lora").glob("*.woff2"))) == faces
    assert steps[-1] == (2, 2)
    again = fontsource.fetch(tmp_path, only=["abeezee", "lora"])
    assert again == fontsource.FetchReport((), ("abeezee", "lora"), ())
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.slow
def test_what_is_not_served_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that does not exist is reported; the others of the same call arrive."""
    monkeypatch.setattr(
        fontsource, "pinned", lambda: {"abeezee": "5.3.0", "no-such-family-here": "5.3.0"}
    )
    report = fontsource.fetch(tmp_path)
    assert report.fetched == ("abeezee",)
    assert report.not_served == ("no-such-family-here",)
