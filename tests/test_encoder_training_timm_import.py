"""timm can be imported whether or not torchvision's own library can be loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
COMPILER = shutil.which("cc")

# What matters of torchvision's library: it declares its operators as soon as it is loaded, and
# ends the process where somebody else has declared them.
LIBRARY = """
#include <stdlib.h>
extern int aoti_torch_library_init_def(const char*, const char*, unsigned, void**);
extern int aoti_torch_library_def(void*, const char*);
__attribute__((constructor)) static void declare(void) {
    void* library;
    const char* rest = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor";
    char schema[200] = "";
    if (aoti_torch_library_init_def("torchvision", "test", 1, &library)) abort();
    for (int which = 0; which < 2; which++) {
        schema[0] = 0;
        __builtin_strcat(schema, which ? "qnms" : "nms");
        __builtin_strcat(schema, rest);
        if (aoti_torch_library_def(library, schema)) abort();
    }
}
"""
PACKAGE = """
from pathlib import Path
import torch
torch.ops.load_library(str(Path(__file__).with_name("_C.so")))
torch.library.register_fake("torchvision::nms")(lambda *_: None)
"""


def python(code: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own, which finds `folders` first."""
    path = os.pathsep.join(map(str, (*folders, ROOT)))
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_timm_beside_the_torchvision_that_is_here() -> None:
    """Twice, and torchvision after it; nothing half imported is left."""
    done = python(
        "from encoder.training.timm_import import import_timm\n"
        "assert import_timm() is import_timm()\n"
        "import torch, torchvision\n"
        "assert hasattr(torch.ops.torchvision, 'nms') and hasattr(torchvision, 'transforms')\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(COMPILER is None, reason="no C compiler to make a library that can be loaded")
def test_a_torchvision_that_is_whole_declares_its_operators_itself(tmp_path: Path) -> None:
    """Before or after, once: the library is loaded, and nothing is declared beside it."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (tmp_path / "library.c").write_text(LIBRARY)
    torch = find_spec("torch")
    assert torch is not None and torch.origin is not None
    command = [str(COMPILER), "-shared", "-fPIC", str(tmp_path / "library.c")]
    command += [f"-L{Path(torch.origin).parent / 'lib'}", "-Wl,--no-as-needed", "-ltorch_cpu"]
    subprocess.run([*command, "-o", str(package / "_C.so")], check=True)
    ours = "from encoder.training.timm_import import declare_operators; declare_operators()\n"
    there = "import torch; assert hasattr(torch.ops.torchvision, 'qnms')\n"
    for code in (ours + "import torchvision\n", "import torchvision\n" + ours, ours + ours):
        done = python(code + there, tmp_path)
        assert done.returncode == 0, done.stderr
    # The library does end a process that has declared its operators before.
    early = "import torch; torch.library.define('torchvision::nms', '(Tensor x) -> Tensor')\n"
    assert python(early + "import torchvision\n", tmp_path).returncode != 0


def test_a_library_that_cannot_be_loaded_is_done_without(tmp_path: Path) -> None:
    """A broken file, as one for another torch is; the operators are declared."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_C.so").write_bytes(b"\x7fELF, but no library")
    done = python(
        "import sys, torch\n"
        "from encoder.training.timm_import import declare_operators\n"
        "declare_operators()\n"
        "assert hasattr(torch.ops.torchvision, 'nms') and hasattr(torch.ops.torchvision, 'qnms')\n"
        "assert 'torchvision' not in sys.modules\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
