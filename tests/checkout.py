"""A copy of what training needs, under git, for tests that run commands in a checkout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_PARTS = (
    *("bin", "db", "encoder", "index", "scripts"),
    *("tests/fonts", ".dvc", ".dvcignore", "dvc.yaml", "params.yaml"),
    *("deploy/python.sh", "requirements*.txt"),
)
_LEFT_OUT = ("index/prebuilt/", "encoder/weights/")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of our own with what is committed or about to be; no weights, no catalogue."""
    folder = tmp_path / "checkout"
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_PARTS]
    listed = subprocess.run(names, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(_LEFT_OUT) and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder
