"""Train an encoder as a config file says; the same command resumes a run that was stopped."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from encoder.browser import BrowserMissingError
from encoder.training.checkpoint import CheckpointError
from encoder.training.config import ConfigError, load_config
from encoder.training.loop import train


class _Bars:
    """A bar for each kind of preparation, then one for the run."""

    def __init__(self) -> None:
        self._preparing: dict[str, tqdm] = {}
        self._run: tqdm | None = None

    def prepare(self, what: str, done: int, total: int) -> None:
        if what not in self._preparing:
            self._preparing[what] = tqdm(total=total, desc=what, unit="family")
        self._preparing[what].update(done - self._preparing[what].n)

    def step(self, share: float, loss: float) -> None:
        self._run = self._run or tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed} {postfix}")
        self._run.set_postfix_str(f"loss {loss:.3f}", refresh=False)
        self._run.update(100 * share - self._run.n)

    def epoch(self, metrics: dict[str, Any]) -> None:
        tqdm.write(json.dumps(metrics))


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for a config or checkpoint that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.add_argument("config", type=Path, help="a file of encoder/training/configs/")
    parser.add_argument("set", nargs="*", metavar="PART.KEY=VALUE", help="instead of the file's")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    args = parser.parse_args(argv)
    try:
        config, bars = load_config(args.config, args.set), _Bars()
        folder = train(
            config, args.runs, on_epoch=bars.epoch, on_step=bars.step, on_prepare=bars.prepare
        )
    except (ConfigError, CheckpointError, BrowserMissingError) as error:
        print(error, file=sys.stderr)
        return 2
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
