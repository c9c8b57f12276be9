"""Short runs side by side: what was tried, why, and what it gave, as one page with plots."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from encoder.training.config import RunConfig, load_config

Json = dict[str, Any]

CONFIGS = Path(__file__).with_name("configs")
_BASE = "small"
_GROUPS = {
    "loss": "Losses",
    "net": "Encoders",
    "decay": "Weight decay",
    "rate": "Learning rate",
    "data": "Data",
    "without": "One kind of variation taken away",
    "check": "Checks that a net can learn at all",
}
_HEAD = (
    "| run | what | seeds | unseen @1 | unseen @5 | means @5 | seen @5 | M | s | learned |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
)
_HOW = """One file each in `encoder/training/configs/experiments/`, run by the command that trains
what ships:

```sh
make data-small
python -m scripts.experiments                 # all that have not run yet, then this page
python -m scripts.train encoder/training/configs/experiments/loss-supcon.toml seed=1
```

All change one thing in `small.toml`: a small ResNet, 120 families of the small set, {samples:,}
drawn lines, from nothing. Asked are the 60 unseen families of the set, 8 pictures each, lines that
Chromium drew with every distortion, among all 180; searched are four clean lines a family that
FreeType drew. *means*: one class mean a family instead of its lines. Percent; several seeds: mean
and half the spread. *M*: million parameters, *s*: seconds of training. Two pictures of one family
are not independent, so differences under about 4 points between single runs say little. Short runs
favour what learns fast; what ships was also compared [in longer ones](benchmark/losses.md).

What needs no learning (mean pictures, eigenvectors of the covariance, nearest picture, ImageNet's
features) is measured over the whole catalogue, in
[the benchmark](benchmark/README.md#baselines)."""


def experiment_paths(names: Sequence[str] = ()) -> list[Path]:
    """The base and every experiment, or those of `names`. Raises `FileNotFoundError`."""
    known = [CONFIGS / f"{_BASE}.toml", *sorted((CONFIGS / "experiments").glob("*.toml"))]
    if unknown := set(names) - {path.stem for path in known}:
        raise FileNotFoundError(
            f"no experiment is called {', '.join(sorted(unknown))}; "
            f"there are {', '.join(path.stem for path in known)}"
        )
    return [path for path in known if not names or path.stem in names]


def run_experiment(
    path: Path, seed: int, results: Path, train: Callable[[RunConfig], Path]
) -> bool:
    """Train `path` with `seed` and note its outcome in `results`; False if it stands there."""
    config = load_config(path, [f"seed={seed}"])
    noted = read_results(results)
    key = f"{path.stem}/{seed}"
    if key in noted:
        return False
    folder = train(config)
    outcome = json.loads((folder / "outcome.json").read_text())
    epochs = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    curve = [(e["samples"], e["loss"], e.get("holdout_recall_at_5")) for e in epochs]
    noted = read_results(results) | {key: outcome | {"curve": curve}}
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n")
    return True


def read_results(path: Path) -> dict[str, Json]:
    """Every noted outcome by "experiment/seed"; {} when nothing ran yet."""
    noted: dict[str, Json] = json.loads(path.read_text()) if path.exists() else {}
    return noted


def write_page(results: Path, page: Path) -> None:
    """The page `page` (.md) of all noted outcomes, its plots beside `results`."""
    outcomes: dict[str, list[Json]] = defaultdict(list)
    for key, outcome in read_results(results).items():
        outcomes[key.split("/")[0]].append(outcome)
    configs = {path.stem: load_config(path) for path in experiment_paths()}
    samples = configs[_BASE].schedule.samples or 0
    lines = ["# Experiments", "", _HOW.format(samples=samples)]
    plots = results.parent.relative_to(page.parent)
    for prefix, title in _GROUPS.items():
        names = [n for n in configs if n.split("-")[0] == prefix and n in outcomes]
        if not names:
            continue
        if prefix != "check" and _BASE in outcomes:
            names.insert(0, _BASE)
        rows = [_row(n, configs[n], outcomes[n]) for n in names]
        lines += ["", f"## {title}", "", _HEAD, *rows]
        if prefix != "check":
            _plot(names, outcomes, title, results.parent / f"{prefix}.png")
            lines += ["", f"![{title}]({plots}/{prefix}.png)"]
    lines += ["", "## Where a class mean comes from", "", *_means_table(outcomes)]
    page.write_text("\n".join(lines) + "\n")


def _row(name: str, config: RunConfig, outcomes: list[Json]) -> str:
    shares = ("unseen_at_1", "unseen_at_5", "unseen_means_at_5", "seen_at_5")
    cells = [name, config.about, str(len(outcomes)), *(_share(outcomes, key) for key in shares)]
    cells.append(f"{outcomes[0]['parameters'] / 1e6:.1f}")
    cells.append(f"{np.mean([o['seconds'] for o in outcomes]):.0f}")
    return f"| {' | '.join([*cells, config.learned])} |"


def _share(outcomes: list[Json], key: str) -> str:
    """Percent, with half the range of several seeds; "-" where it is not measured."""
    values = [100 * o[key] for o in outcomes if key in o]
    if not values:
        return "-"
    spread = f" ± {(max(values) - min(values)) / 2:.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread}"


def _means_table(outcomes: dict[str, list[Json]]) -> list[str]:
    """Seen families alone, recall@5: means of pictures that were trained on, and of others."""
    rows = [
        f"| {name} | {_share(found, 'trained_means_at_5')} | {_share(found, 'fresh_means_at_5')} |"
        for name, found in sorted(outcomes.items())
        if any("fresh_means_at_5" in o for o in found)
    ]
    head = "| run | means of training pictures | means of new pictures |\n| --- | ---: | ---: |"
    return [
        "Seen families alone are searched by one class mean each, of pictures that training saw",
        "or of others drawn the same way. Recall@5 in percent.",
        "",
        head,
        *rows,
    ]


def _plot(names: list[str], outcomes: dict[str, list[Json]], title: str, path: Path) -> None:
    """Recall@5 of the families that are watched, over the lines drawn."""
    figure = Figure(figsize=(10, 3.6), dpi=110, layout="tight")
    axes = figure.subplots(1, 2)
    for name in names:
        curves = np.array([[row[2] for row in o["curve"]] for o in outcomes[name]], float)
        steps = [row[0] / 1000 for row in outcomes[name][0]["curve"]]
        axes[0].plot(steps, 100 * curves.mean(axis=0), marker=".", label=name)
    axes[0].set(xlabel="thousand lines", ylabel="recall@5, held-out families", title=title)
    axes[0].legend(fontsize=7)
    values = [[100 * o["unseen_at_5"] for o in outcomes[n]] for n in names]
    axes[1].barh(names, [np.mean(v) for v in values], color="#557")
    for place, found in enumerate(values):
        axes[1].plot(found, [place] * len(found), "o", color="#e73", markersize=3)
    axes[1].invert_yaxis()
    axes[1].tick_params(axis="y", labelsize=7)
    axes[1].set(xlabel="recall@5, unseen families, browser's pictures")
    figure.savefig(path)
