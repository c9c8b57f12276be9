"""Import timm beside a CPU build of torch.

timm needs torchvision, whose registry build is for CUDA. Its library cannot be loaded beside such
a torch, and its import fails when the two operator schemas below are missing; declaring them is
enough, nothing here calls them. Where the library can be loaded, it declares them itself, and
would end the process if they were there before.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_timm() -> ModuleType:
    """The timm module, importable whichever torchvision is installed."""
    declare_operators()
    import timm

    return timm


def declare_operators() -> None:
    """Have torchvision's operators declared, by its own library if that can be loaded."""
    found = find_spec("torchvision")
    if found is not None and found.origin is not None:
        _load_library(Path(found.origin).parent)
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}{_SCHEMA}")
    globals().setdefault("_library", library)  # the schemas live as long as their library


def _load_library(folder: Path) -> None:
    """What `import torchvision` does first; loaded again by that, it is the same one."""
    finder = FileFinder(str(folder), (ExtensionFileLoader, EXTENSION_SUFFIXES))
    found = finder.find_spec("_C")
    if found is not None and found.origin is not None:
        with suppress(OSError):  # built for another torch, as torchvision itself finds it to be
            torch.ops.load_library(found.origin)
