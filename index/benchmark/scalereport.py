"""The record of a run at size as tables and plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from index.files import write_whole

Json = dict[str, Any]
_ENOUGH = 0.99  # recall@5


def write_scale(record: Json, folder: Path) -> Path:
    """Write scale.json, scale-results.md and scale.png; the path of the table."""
    write_whole(folder / "scale.json", json.dumps(record, indent=1).encode() + b"\n")
    _plot(record, folder / "scale.png")
    path = folder / "scale-results.md"
    write_whole(path, table(record).encode() + b"\n")
    return path


def table(record: Json) -> str:
    """Every engine at the least effort that reaches 0.99, or at its best when none does."""
    lines = [
        "| vectors | engine | effort | recall@5 | p50, ms | p99, ms | MB | disk MB | build s |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size, engines in record["sizes"].items():
        for name, result in engines.items():
            if name == "similarity":
                continue
            start = f"| {int(size):,} | {name} |"
            if "note" in result:
                lines.append(f"{start} {result['note']} | | | | | | |")
                continue
            point = shown(result["points"])
            values = (
                point["way"], f"{point['recall']:.4f}", point["p50_ms"], point["p99_ms"],
                result["memory_mb"], result["disk_mb"], result["build_seconds"],
            )  # fmt: skip
            lines.append(f"{start} {' | '.join(map(str, values))} |")
    return "\n".join(lines)


def shown(points: list[Json]) -> Json:
    """The fastest of enough recall; without one, that of the highest."""
    enough = [point for point in points if point["recall"] >= _ENOUGH]
    if enough:
        return min(enough, key=lambda point: float(point["p50_ms"]))
    return max(points, key=lambda point: float(point["recall"]))


def _plot(record: Json, path: Path) -> None:
    from matplotlib.figure import Figure

    sizes = list(record["sizes"].items())
    figure = Figure(figsize=(5 * len(sizes), 4.2), layout="constrained")
    axes = figure.subplots(1, len(sizes), squeeze=False)[0]
    for one, (size, engines) in zip(axes, sizes, strict=True):
        for name, result in engines.items():
            points = sorted(result.get("points", []), key=lambda point: float(point["recall"]))
            if points:
                speed = [1000 / point["p50_ms"] for point in points]
                one.plot([p["recall"] for p in points], speed, marker="o", ms=4, label=name)
        one.axvline(_ENOUGH, color="grey", lw=0.8, ls=":")
        one.set_yscale("log")
        one.set_title(f"{int(size):,} vectors", fontsize=10)
        one.set_xlabel("recall@5 against exact search")
        one.grid(alpha=0.3)
    axes[0].set_ylabel("queries a second, one thread (from p50)")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)
