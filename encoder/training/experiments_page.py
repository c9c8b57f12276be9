"""The page of the experiments: tables and plots of all that is noted, and what is kept by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encoder.training import experiments_plots as plots
from encoder.training.config import RunConfig, load_config
from encoder.training.experiments import BASE, Json, base_of, experiment_paths, read_results
from encoder.training.experiments_baselines import no_learning, table

BY_HAND = "<!-- By hand from here on; `scripts.experiments` keeps it. -->"

_LATE, _CHECK = "late", "check"
_GROUPS = {
    "loss": "Losses",
    _LATE: "What ships: late interaction, and what came with it",
    "net": "Encoders",
    "decay": "Weight decay",
    "rate": "Learning rate",
    "data": "Data",
    "without": "One kind of variation taken away",
    _CHECK: "Checks that a net can learn at all",
}
_HOW = """One file each in `encoder/training/configs/experiments/`, run by the command that trains
what ships:

```sh
make data-small
python -m scripts.experiments                 # all that have not run yet, then this page
python -m scripts.train encoder/training/configs/experiments/loss-supcon.toml seed=1
```

All change one thing in the file that they extend, mostly `small.toml`: a small ResNet, 120
families of the small set, {samples:,} drawn lines, from nothing. Asked are the 60 unseen families
of the set, 8 pictures each, lines that Chromium drew with every distortion, among all 180;
searched are four clean lines a family that FreeType drew. *lines*: drawn to learn from. *against
base*: points of recall@5 more than the file it extends. *late*: by late interaction instead of the
pooled vector. *means*: one class mean a family instead of its lines. Percent; several seeds: mean
and half the spread. *M*: million parameters, *s*: seconds of training, on machines that did other
things too. Two pictures of one family are not independent, so differences under about 4 points
between single runs say little. Short runs favour what learns fast: they choose a loss, no net."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An experiment: its config, the outcomes of its seeds, and those of what it extends."""

    name: str
    config: RunConfig
    found: list[Json]
    base: list[Json]


def write_page(results: Path, page: Path, records: Path) -> None:
    """The page `page` (.md) of all noted outcomes, its plots beside `results`.

    What learned nothing is copied from the newest of the benchmark's records (seed*.json) in the
    folder `records`. What follows `BY_HAND` on the page stays.
    """
    runs = _runs(results)
    shown = plots.Folder(results.parent, results.parent.relative_to(page.parent))
    samples = load_config(experiment_paths([BASE])[0]).schedule.samples or 0
    lines = ["# Experiments", "", _HOW.format(samples=samples), *no_learning(records, shown)]
    for prefix, title in _GROUPS.items():
        chosen = [r for r in runs.values() if r.name.split("-")[0] == prefix]
        if chosen:
            lines += ["", f"## {title}", "", *_group(prefix, chosen, runs, shown)]
    lines += ["", "## Where a class mean comes from", "", *_means(runs.values(), shown)]
    old = page.read_text() if page.exists() else ""
    kept = old.partition(BY_HAND)[2] or "\n"
    page.write_text("\n".join([*lines, "", BY_HAND]) + kept)


def _runs(results: Path) -> dict[str, _Run]:
    """All experiments with an outcome, by name."""
    noted = read_results(results)
    found: dict[str, list[Json]] = {}
    for key, outcome in noted.items():
        found.setdefault(key.split("/")[0], []).append(outcome)
    return {
        path.stem: _Run(
            path.stem, load_config(path), found[path.stem], found.get(base_of(path) or "", [])
        )
        for path in experiment_paths()
        if path.stem in found
    }


def _group(
    prefix: str, chosen: list[_Run], runs: dict[str, _Run], shown: plots.Folder
) -> list[str]:
    """The table of a group, with its base as the first row, and its plot."""
    measured: dict[str, Callable[[_Run], str]]
    if prefix == _CHECK:
        measured = _LOSSES
        plots.losses([(r.name, r.found) for r in chosen], shown.folder / f"{prefix}.png")
    else:
        if prefix != _LATE and BASE in runs:
            chosen = [runs[BASE], *chosen]
        measured = _BY_COLUMNS if prefix == _LATE else _BY_VECTORS
        named = [(r.name, r.found) for r in chosen]
        plots.runs(named, shown.folder / f"{prefix}.png", late=prefix == _LATE)
    columns = _FIRST | measured | _LAST
    rows = [[cell(run) for cell in columns.values()] for run in chosen]
    return [*table(list(columns), rows), "", shown.image(prefix, _GROUPS[prefix])]


def _share(found: list[Json], *keys: str) -> str:
    """Percent by the first of `keys` there is, with half the range of several seeds; else "-"."""
    for key in keys:
        values = [100 * o[key] for o in found if key in o]
        if values:
            spread = f" ± {(max(values) - min(values)) / 2:.1f}" if len(values) > 1 else ""
            return f"{np.mean(values):.1f}{spread}"
    return "-"


def _against(run: _Run, key: str) -> str:
    """Points more than the base; "" where there is none, or it is not measured so."""
    own, base = ([o[key] for o in found if key in o] for found in (run.found, run.base))
    return f"{100 * (np.mean(own) - np.mean(base)):+.1f}" if own and base else ""


def _lines(run: _Run) -> str:
    drawn, again = (np.mean([o.get(k, 0) for o in run.found]) for k in ("samples", "replayed"))
    return f"{drawn:,.0f}" + (f" and {again:,.0f} again" if again else "")


def _loss(run: _Run, epoch: int) -> str:
    return f"{np.mean([o['curve'][epoch][1] for o in run.found]):.2f}"


_Columns = dict[str, Callable[[_Run], str]]
_FIRST: _Columns = {
    "run": lambda run: run.name,
    "what": lambda run: run.config.about,
    "why": lambda run: run.config.why,
    "seeds": lambda run: ", ".join(str(o["seed"]) for o in run.found),
    "lines": _lines,
}
_BY_VECTORS: _Columns = {
    "unseen @1": lambda run: _share(run.found, "unseen_at_1"),
    "unseen @5": lambda run: _share(run.found, "unseen_at_5"),
    "against base": lambda run: _against(run, "unseen_at_5"),
    "means @5": lambda run: _share(run.found, "unseen_means_at_5"),
    "seen @5": lambda run: _share(run.found, "seen_at_5"),
}
_BY_COLUMNS: _Columns = {
    "unseen @1": lambda run: _share(run.found, "unseen_at_1"),
    "unseen @5": lambda run: _share(run.found, "unseen_at_5"),
    "against base": lambda run: _against(run, "unseen_at_5"),
    "unseen, late @1": lambda run: _share(run.found, "unseen_late_at_1"),
    "unseen, late @5": lambda run: _share(run.found, "unseen_late_at_5"),
    "late against base": lambda run: _against(run, "unseen_late_at_5"),
    "seen @5": lambda run: _share(run.found, "seen_at_5"),
    "seen, late @5": lambda run: _share(run.found, "seen_late_at_5"),
}
_LOSSES: _Columns = {
    "first loss": lambda run: _loss(run, 0),
    "last loss": lambda run: _loss(run, -1),
    "held-out @1": lambda run: _share(run.found, "holdout_recall_at_1", "unseen_at_1"),
}
_LAST: _Columns = {
    "M": lambda run: f"{run.found[0]['parameters'] / 1e6:.1f}",
    "s": lambda run: f"{np.mean([o['seconds'] for o in run.found]):.0f}",
    "learned": lambda run: run.config.learned,
}


def _means(runs: Iterable[_Run], shown: plots.Folder) -> list[str]:
    """Seen families alone, recall@5: means of pictures that were trained on, and of others."""
    keys = ("trained_means_at_5", "fresh_means_at_5")
    chosen = [
        r for r in runs if not r.name.startswith(_CHECK) and any(keys[0] in o for o in r.found)
    ]
    if not chosen:
        return []
    pairs = np.array(
        [[100 * np.mean([o[key] for o in r.found if key in o]) for key in keys] for r in chosen]
    )
    plots.means(pairs, shown.folder / "means.png")
    more = pairs[:, 1] - pairs[:, 0]
    rows = [[r.name, *(_share(r.found, key) for key in keys)] for r in chosen]
    said = f"""Seen families alone are searched by one class mean each, of pictures that training
saw or of others drawn the same way. Recall@5 in percent.

Over {len(chosen)} experiments new pictures' means find {more.mean():+.1f} points against those of
training, from {more.min():+.1f} to {more.max():+.1f}: no more than seeds differ. A mean's pictures
may come from anywhere.
"""
    return [
        said,
        shown.image("means", "Class means of training pictures and of others"),
        "",
        *table(["run", "means of training pictures", "means of new pictures"], rows),
    ]
