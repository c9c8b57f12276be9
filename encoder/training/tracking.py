"""Where a run's numbers go: always a JSON-lines file, and Weights & Biases when asked."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from encoder.training.config import RunConfig


class Tracker:
    """Writes metrics and pictures of one run into `folder`.

    With `resuming` the lines that stand there stay; a run from the start begins a new file.
    """

    def __init__(self, config: RunConfig, folder: Path, *, resuming: bool) -> None:
        self._file = (folder / "metrics.jsonl").open("a" if resuming else "w", buffering=1)
        self._wandb: Any = None
        if config.tracking.wandb != "disabled":
            import wandb

            self._wandb = wandb
            wandb.init(
                project=config.tracking.project,
                name=config.name,
                id=os.environ.get("WANDB_RUN_ID", folder.name),  # an agent's sweep names its runs
                resume="allow",
                mode=config.tracking.wandb,
                dir=str(folder),
                config=config.as_dict(),
            )

    def log(self, step: int, metrics: dict[str, Any], picture: Path | None = None) -> None:
        """One line: step, seconds since the epoch of time, and the metrics."""
        line = {"step": step, "time": round(time.time(), 1), **metrics}
        self._file.write(json.dumps(line) + "\n")
        if self._wandb is not None:
            shown = {"holdout": self._wandb.Image(str(picture))} if picture else {}
            self._wandb.log({**metrics, **shown}, step=step)

    def close(self) -> None:
        """Finish both."""
        self._file.close()
        if self._wandb is not None:
            self._wandb.finish()
