"""Import timm beside a CPU build of torch.

timm needs torchvision, whose registry build is for CUDA and fails at import when the two
operator schemas below are missing; declaring them is enough, nothing here calls them.
"""

from __future__ import annotations

from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_timm() -> ModuleType:
    """The timm module, importable whichever torchvision is installed."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}{_SCHEMA}")
    globals().setdefault("_library", library)  # the schemas live as long as their library
    import timm

    return timm
