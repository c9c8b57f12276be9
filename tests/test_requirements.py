"""The pinned sets are whole: training needs no more than its own, and nothing comes unpinned."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
# Drawn on one's own machine, and sent along: data/browser-lines-2.
HERE_ALONE = {"playwright"}
# The environment's own, and what PyTorch for a GPU pins by itself.
NOT_OURS = re.compile(r"pip$|nvidia-|cuda-|triton")


def plain(name: str) -> str:
    """A distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(name: str) -> dict[str, Requirement]:
    """The distributions of a requirements file and of those that it includes."""
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found |= pinned(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            requirement = Requirement(line)
            assert str(requirement.specifier).startswith("=="), line
            found[plain(requirement.name)] = requirement
    return found


def imported() -> Iterator[str]:
    """The packages that training's code names anywhere, also inside of a function."""
    files = [*(ROOT / "encoder").rglob("*.py"), ROOT / "scripts" / "train.py"]
    for node in (n for f in files for n in ast.walk(ast.parse(f.read_text()))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_training_needs_its_own_set_alone() -> None:
    """What the encoder's code imports is pinned in requirements-train.txt."""
    of_module = packages_distributions()
    ours = {path.name for path in ROOT.iterdir()}
    needed = {
        plain(of_module[name][0])
        for name in set(imported()) - sys.stdlib_module_names - ours - HERE_ALONE
    }
    assert {"torch", "timm", "onnxruntime"} <= needed
    assert needed <= set(pinned("requirements-train.txt"))


@pytest.mark.parametrize("name", ["serve", "train", ""])
def test_nothing_comes_unpinned(name: str) -> None:
    """What the packages of a set need themselves is in the set, as installed here."""
    pins = pinned(f"requirements-{name}.txt" if name else "requirements.txt")
    missing = set()
    for package, pin in pins.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        for text in requires(package) or []:
            needed = Requirement(text)
            extras = pin.extras or {""}
            if needed.marker and not any(needed.marker.evaluate({"extra": e}) for e in extras):
                continue
            if plain(needed.name) not in pins and not NOT_OURS.match(plain(needed.name)):
                missing.add(f"{package} needs {needed}")
    assert not missing
