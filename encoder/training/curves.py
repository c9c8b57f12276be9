"""How a shipped encoder came to be, as a picture: loss and watched recall over all its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from encoder.training.cost import chain

Card = dict[str, Any]


def draw_curves(card: Card, path: Path) -> None:
    """Loss and recall of the held-out families, the runs that it started from to the left.

    Runs whose epochs the card does not hold leave a gap.
    """
    figure = Figure(figsize=(10, 3.4), dpi=110, layout="tight")
    axes = figure.subplots(1, 2)
    before = 0
    for run in chain(card):
        epochs = run["epochs"]
        lines = [(before + epoch["samples"]) / 1000 for epoch in epochs]
        before += run["progress"]["samples"]
        axes[0].plot(lines, [epoch["loss"] for epoch in epochs], marker=".", label=run["name"])
        watched = [epoch for epoch in epochs if "holdout_recall_at_5" in epoch]
        for k, style in ((5, "-"), (1, "--")):
            shares = [100 * epoch[f"holdout_recall_at_{k}"] for epoch in watched]
            colour = axes[0].lines[-1].get_color()
            axes[1].plot(lines[: len(shares)], shares, style, color=colour)
    axes[0].set(xlabel="thousand drawn lines", ylabel="loss (its margin may differ)")
    axes[1].set(xlabel="thousand drawn lines", ylabel="recall among held-out families")
    axes[0].legend(fontsize=7)
    axes[1].text(0.98, 0.03, "solid @5, dashed @1", transform=axes[1].transAxes, ha="right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
