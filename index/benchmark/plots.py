"""The pictures of a benchmark record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def shown(sides: Mapping[str, Json], count: str = "n") -> Json:
    """The unseen side, or all when no family is unseen; `count` is the key of its queries."""
    side: Json = sides["unseen"] if sides["unseen"][count] else sides["all"]
    return side


def curves(record: Json, names: Mapping[str, str], path: Path) -> None:
    """Recall at 1 to 10 by level, with the proof and, dotted, without."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for level, sides in record["levels"].items():
        side = shown(sides)
        if not side["n"]:
            continue
        points = range(1, len(side["curve"]) + 1)
        vote = [100 * share for share in side["curve"]]
        proof = [100 * share for share in shown(record["proof"]["levels"][level])["curve"]]
        (line,) = axes.plot(points, proof, marker="o", ms=3, label=names[level])
        axes.plot(points, vote, ls=":", color=line.get_color())
    axes.set_title(
        "Unseen families, twin-credited; dotted: without the proof by drawing", fontsize=10
    )
    axes.set_xlabel("k")
    _shares(axes)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(path, dpi=120)


def reliability(record: Json, path: Path) -> None:
    """How often an answer is right by how sure it was; the diagonal would be honest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="grey", lw=1)
    for part, label in ((record["proof"], "with proof"), (record, "vote alone")):
        bins = part["calibration"]["bins_unseen"]
        sure, right = ([100 * each[i] for each in bins] for i in (0, 1))
        (line,) = axes.plot(sure, right, label=label)
        sizes = [6 * each[2] ** 0.5 for each in bins]
        axes.scatter(sure, right, s=sizes, color=line.get_color())
    axes.set_title("Confidence of the first row, unseen families", fontsize=10)
    axes.set_xlabel("confidence, %")
    axes.set_ylabel("right, %")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")
    figure.savefig(path, dpi=120)


def groups(found: Mapping[str, Mapping[str, Json]], title: str, path: Path) -> None:
    """Recall@1 and recall@5 of every group's unseen families, with their standard errors."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    asked = {name: shown(sides) for name, sides in found.items() if shown(sides)["n"]}
    for k, offset, marker in (("5", -0.08, "o"), ("1", 0.08, "s")):
        at = [number + offset for number in range(len(asked))]
        shares, errors = (
            [100 * each[part][k] for each in asked.values()] for part in ("twin", "error")
        )
        axes.errorbar(at, shares, errors, fmt=marker, capsize=3, label=f"recall@{k}")
    labels = [f"{name}\n({each['n']})" for name, each in asked.items()]
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_title(
        f"{title}: unseen families, with the proof by drawing; ± standard error", fontsize=10
    )
    _shares(axes)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(path, dpi=120)


def _shares(axes: Any) -> None:
    """An axis in percent from a little below the lowest value to all; the label says from where."""
    lowest = max(0, 5 * math.floor((axes.dataLim.y0 - 2) / 5))
    axes.set_ylim(lowest, 100 + (100 - lowest) / 50)
    begins = f" (axis begins at {lowest})" if lowest else ""
    axes.set_ylabel(f"right family found, %{begins}")
    axes.grid(alpha=0.3, axis="y")
