"""Progress bars of long work, by the names of its parts."""

from __future__ import annotations

import json
from typing import Any

from tqdm import tqdm


class Bars:
    """A bar for each kind of preparation, then one for the run; on stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._parts: dict[str, tqdm] = {}
        self._run: tqdm | None = None
        self.last: dict[str, Any] = {}

    def part(self, what: str, done: int, total: int, unit: str = "family") -> None:
        """`done` of `total` of the part `what`."""
        if what not in self._parts:
            self._parts[what] = tqdm(total=total, desc=what, unit=unit, disable=self._quiet)
        self._parts[what].total = total
        self._parts[what].update(done - self._parts[what].n)

    def close(self) -> None:
        """The bars of parts stay as they are, and the next output begins below them."""
        for bar in self._parts.values():
            bar.close()

    def step(self, share: float, loss: float) -> None:
        """The share 0..1 of a training that is done."""
        form = "{l_bar}{bar}| {elapsed} {postfix}"
        self._run = self._run or tqdm(total=100, bar_format=form, disable=self._quiet)
        self._run.set_postfix_str(f"loss {loss:.3f}", refresh=False)
        self._run.update(100 * share - self._run.n)

    def epoch(self, metrics: dict[str, Any]) -> None:
        """An epoch's numbers, a line of JSON on stdout."""
        self.last = metrics
        tqdm.write(json.dumps(metrics))
