"""The DVC pipeline: real DVC, all stages on a tiny training, a remote that gives it all back."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.checkout import checkout
from tests.tiny_training import tiny_config

__all__ = ["checkout"]
ROOT = Path(__file__).resolve().parent.parent


def dvc_program() -> str | None:
    """DVC of the Makefile's environment, or the one on the PATH."""
    beside = Path(sys.prefix + "-dvc") / "bin" / "dvc"
    return str(beside) if beside.exists() else shutil.which("dvc")


def dvc(folder: Path, *words: str) -> str:
    """What a DVC command prints; it must succeed."""
    environment = {k: v for k, v in os.environ.items() if k != "FONTKIN_DATA"}
    done = subprocess.run(
        [str(dvc_program()), *words],
        cwd=folder,
        env=environment | {"FONTKIN_PYTHON": sys.executable, "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def hashes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name; but for the notes that .dvcignore names."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "faces.json"
    }


def filled(text: str) -> str:
    """With the values of params.yaml."""
    for stage, settings in yaml.safe_load((ROOT / "params.yaml").read_text()).items():
        for key, value in settings.items():
            text = text.replace(f"${{{stage}.{key}}}", value)
    return text


def test_stages_depend_on_what_is_there() -> None:
    """Every dependency is a file of this repository, or what an earlier stage makes."""
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert list(pipeline) == ["fetch", "train", "export", "index", "benchmark"]
    made: set[str] = set()
    for stage in pipeline.values():
        for dependency in map(filled, stage["deps"]):
            assert dependency in made or (ROOT / dependency).exists(), dependency
        outs = (next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"])
        made |= set(map(filled, outs))


def test_the_lock_is_of_this_commit() -> None:
    """Whoever changes what a locked stage is made from makes it anew and commits its hash."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    assert "fetch" in locked
    for name, stage in locked.items():
        assert stage["cmd"] == filled(stages[name]["cmd"])
        assert stage["params"] == {"params.yaml": {name: values[name]}}
        assert [each["path"] for each in stage["deps"]] == sorted(stages[name]["deps"])
        for file in (path for path in stage["deps"] if (ROOT / path["path"]).is_file()):
            found = hashlib.md5((ROOT / file["path"]).read_bytes()).hexdigest()
            assert file["md5"] == found, f"dvc repro {name}: {file['path']} is another one"


@pytest.mark.slow
@pytest.mark.skipif(not dvc_program(), reason="needs DVC: make .venv-dvc/dvc.stamp")
def test_a_commit_brings_data_and_weights_back(checkout: Path, tmp_path: Path) -> None:
    """Fetch and train, push to a remote, lose everything, pull: the same bytes, nothing to do."""
    fonts = checkout / "data" / "fonts"
    shutil.copytree(ROOT / "tests" / "fonts", fonts)
    (fonts / "README.md").unlink()
    (checkout / "tiny.toml").write_text(tiny_config())
    values = yaml.safe_load((checkout / "params.yaml").read_text())
    names = " ".join(path.name for path in fonts.iterdir())
    values["fetch"]["options"] = f"--only {names}"
    values["train"] |= {"config": "tiny.toml", "run": "tiny"}
    (checkout / "params.yaml").write_text(yaml.safe_dump(values))
    dvc(checkout, "remote", "add", "--default", "shelf", str(tmp_path / "shelf"))

    dvc(checkout, "repro", "train")
    before = hashes(checkout / "runs" / "tiny") | hashes(fonts)
    assert any(name.endswith(".safetensors") for name in before)
    dvc(checkout, "push")

    for lost in ("data", "runs", ".dvc/cache"):
        shutil.rmtree(checkout / lost)
    # What later stages make was never made, so it cannot come from the remote.
    dvc(checkout, "pull", "train", "fetch")
    assert hashes(checkout / "runs" / "tiny") | hashes(fonts) == before
    assert "up to date" in dvc(checkout, "repro", "train")

    (checkout / "tiny.toml").write_text(tiny_config(dim=16))
    planned = dvc(checkout, "repro", "--dry", "train")
    assert "fontkin train tiny.toml" in planned and "fetch_fonts" not in planned
