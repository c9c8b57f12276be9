"""The pictures of a benchmark record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    _finish(axes, "Unseen families, twin-credited; dotted: without the proof by drawing")
    axes.set_xlabel("k")
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


def bars(groups: Mapping[str, Mapping[str, Json]], title: str, path: Path) -> None:
    """Recall@1 and recall@5 of every group, as bars."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    asked = {name: sides["all"] for name, sides in groups.items() if sides["all"]["n"]}
    _bars(axes, asked, "5", 0.0, "recall@5")
    _bars(axes, asked, "1", 0.4, "recall@1")
    labels = [f"{name}\n({group['n']})" for name, group in asked.items()]
    axes.set_xticks([i + 0.2 for i in range(len(labels))], labels, fontsize=8)
    _finish(axes, title)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(path, dpi=120)


def _bars(axes: Any, groups: Mapping[str, Json], k: str, offset: float, label: str) -> None:
    heights: Sequence[float] = [100 * group["twin"][k] for group in groups.values()]
    axes.bar([i + offset for i in range(len(heights))], heights, 0.38, label=label)


def _finish(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_ylabel("right family found, %")
    axes.set_ylim(0, 101)
    axes.grid(alpha=0.3, axis="y")
