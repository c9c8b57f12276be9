"""Fuzzing, a little of it each time, and everything that it ever found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests import fuzz
from tests.fuzz import CORPUS, TARGETS, Target, find, keep, opened

EXAMPLES = {"font": 25, "picture": 250, "prepare": 25, "voting": 150}
KEPT = sorted(CORPUS.glob("*.json"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the jail's walls are Linux's")


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str) -> None:
    """The same examples every time; `python -m tests.fuzz` tries others."""
    with opened(name) as target:
        assert find(target, EXAMPLES[name]) is None


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path: Path) -> None:
    """A recipe of the corpus shows no fault any more."""
    assert path.stat().st_size <= fuzz.MAX_BYTES
    with opened(path.stem.split("-")[0]) as target:
        target.check(json.loads(path.read_text()))


def test_a_fault_is_found_made_small_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all failing recipes the smallest is kept, as JSON that plays it again."""

    def check(recipe: fuzz.Recipe) -> None:
        assert recipe["number"] < 137

    recipes = st.fixed_dictionaries({"number": st.integers(0, 10_000)})
    found = find(Target("toy", recipes, check), 300)
    assert found is not None and found[0] == {"number": 137}
    monkeypatch.setattr(fuzz, "CORPUS", tmp_path)
    assert json.loads(keep("toy", found[0]).read_text()) == {"number": 137}
    with pytest.raises(ValueError, match="at most 5000"):
        keep("toy", {"long": "x" * 6000})
