"""The plots of the experiments' page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

Named = Sequence[tuple[str, list[dict[str, Any]]]]  # a run's name and its seeds' outcomes


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the plots lie, and what the page calls that."""

    folder: Path
    linked: Path

    def image(self, name: str, title: str) -> str:
        """Markdown of the plot `name`."""
        return f"![{title}]({self.linked.as_posix()}/{name}.png)"


def runs(named: Named, path: Path, *, late: bool) -> None:
    """Recall@5 of the watched families over the lines learned; at the end, by the queries.

    A bar has its curve's colour. With `late`, hatched bars are by late interaction.
    """
    figure = Figure(figsize=(10, 1.4 + 0.27 * len(named) + 0.8 * late), dpi=110, layout="tight")
    curves, bars = figure.subplots(1, 2)
    colours = [colormaps["tab10"](i % 10) for i in range(len(named))]
    high = 0.4 if late else 0.8
    for place, ((_, found), colour) in enumerate(zip(named, colours, strict=True)):
        watched = np.array([[row[2] for row in o["curve"]] for o in found], float)
        steps = [row[0] / 1000 for row in found[0]["curve"]]
        curves.plot(steps, 100 * watched.mean(axis=0), marker=".", color=colour)
        for number, key in enumerate(["unseen_at_5", "unseen_late_at_5"][: 1 + late]):
            values = [100 * o[key] for o in found if key in o]
            at = place + number * high - (high / 2 if late else 0)
            if values:
                hatch = "//" if number else None
                bars.barh(at, np.mean(values), high, color=colour, hatch=hatch, edgecolor="white")
                bars.plot(values, [at] * len(values), "o", color="black", markersize=3)
    curves.set(xlabel="thousand lines", ylabel="recall@5, held-out families")
    bars.set_yticks(range(len(named)), [name for name, _ in named], fontsize=8)
    bars.invert_yaxis()
    said = ", hatched: late interaction" if late else ""
    bars.set(xlabel=f"recall@5, unseen families, browser's pictures{said}")
    figure.savefig(path)


def losses(named: Named, path: Path) -> None:
    """Loss over the lines learned, a panel each."""
    figure = Figure(figsize=(10, 3), dpi=110, layout="tight")
    panels = figure.subplots(1, len(named), squeeze=False)[0]
    for axes, (name, found) in zip(panels, named, strict=True):
        for outcome in found:
            steps, loss, _ = zip(*outcome["curve"], strict=True)
            axes.plot(steps, loss, marker=".", color="#557")
        axes.set(xlabel="lines", ylabel="loss", title=name, ylim=(0, None))
    figure.savefig(path)


def means(pairs: np.ndarray, path: Path) -> None:
    """Recall@5 by class means of training pictures and of others, percent [runs, 2]."""
    figure = Figure(figsize=(4, 3.6), dpi=110, layout="tight")
    axes = figure.subplots()
    ends = [pairs.min() - 3, pairs.max() + 3]
    axes.plot(ends, ends, color="#aaa", linewidth=1)
    axes.plot(pairs[:, 0], pairs[:, 1], "o", color="#557", markersize=4)
    axes.set(
        xlabel="recall@5, means of training pictures", ylabel="recall@5, means of new pictures"
    )
    figure.savefig(path)


def baselines(shares: Mapping[str, Sequence[float]], path: Path) -> None:
    """recall@1 and @5 in percent of each finder."""
    figure = Figure(figsize=(7, 2.2), dpi=110, layout="tight")
    axes = figure.subplots()
    for number, (label, colour) in enumerate([("recall@1", "#335"), ("recall@5", "#99b")]):
        at = np.arange(len(shares)) + 0.4 * number - 0.2
        axes.barh(at, [some[number] for some in shares.values()], 0.4, color=colour, label=label)
    axes.set_yticks(range(len(shares)), list(shares), fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="percent of queries")
    axes.legend(fontsize=8, loc="center right")
    figure.savefig(path)
