"""The config of a training that is over in seconds, and how one is stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def tiny_config(
    *, fonts: Path | None = None, samples: int = 4, dim: int = 8, wandb: str = "disabled"
) -> str:
    """TOML of a run named "tiny" over `fonts` (the config's default folder when None)."""
    return f"""
name = "tiny"
[data]
{"" if fonts is None else f'fonts = "{fonts}"'}
families_per_batch = 2
workers = 0
[model]
backbone = "resnet10t"
head = 16
dim = {dim}
[schedule]
samples = {samples}
epoch_samples = 4
[tracking]
wandb = "{wandb}"
"""


def terminated(metrics: dict[str, object]) -> None:
    """An `on_epoch` that ends the run as SIGTERM does."""
    os.kill(os.getpid(), signal.SIGTERM)
