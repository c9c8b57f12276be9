"""Fonts are taken in by an ordinary user as well, and what confines them holds for him too."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.unprivileged import NOBODY, ROOT

# The jail's walls, the sanitizer, a font from an HTTP call to its place in an answer, and one that
# only root could read.
WHOLE_PATH = (
    "tests/test_index_jail.py",
    "tests/test_encoder_sanitize.py",
    "tests/test_api_real.py::test_add_find_and_remove",
    "tests/test_api_real.py::test_refused_font",
    "tests/test_bad_inputs_fonts.py::test_73_unreadable",
)


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="whoever is not root runs these tests so"
)
def test_an_ordinary_user_takes_fonts_in() -> None:
    """Root becomes nobody and runs the tests of the whole path: all pass, none is skipped."""
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, NOBODY, NOBODY)
        command = [sys.executable, "-m", "tests.unprivileged"]
        command += [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += ["--basetemp", str(Path(home, "tests")), *WHOLE_PATH]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "HOME": home, "TMPDIR": home},
            capture_output=True,
            text=True,
        )
    if "no mount namespace" in done.stderr:
        pytest.skip("root may not become another user here")
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in last and "skipped" not in last, last
