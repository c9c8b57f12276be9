"""In which numbers a net computes: half of them where the machine is made for it."""

from __future__ import annotations

import torch


def mixed(device: torch.device) -> torch.autocast:
    """bfloat16 autocast on a GPU, and on a CPU that multiplies bfloat16 itself; else float32.

    Without AMX or AVX-512 BF16 the numbers are converted for each product: many times slower.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=_is_fast(device))


def _is_fast(device: torch.device) -> bool:
    if device.type != "cpu":
        return True
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))
