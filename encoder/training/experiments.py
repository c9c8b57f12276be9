"""Short runs side by side: which there are, and what each gave, noted once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from encoder.training.config import RunConfig, load_config

Json = dict[str, Any]

CONFIGS = Path(__file__).with_name("configs")
BASE = "small"


def experiment_paths(names: Sequence[str] = ()) -> list[Path]:
    """The base and every experiment, or those of `names`. Raises `FileNotFoundError`."""
    known = [CONFIGS / f"{BASE}.toml", *sorted((CONFIGS / "experiments").glob("*.toml"))]
    if unknown := set(names) - {path.stem for path in known}:
        raise FileNotFoundError(
            f"no experiment is called {', '.join(sorted(unknown))}; "
            f"there are {', '.join(path.stem for path in known)}"
        )
    return [path for path in known if not names or path.stem in names]


def base_of(path: Path) -> str | None:
    """The experiment that the one of `path` changes in one thing; None for the base of all."""
    extended = tomllib.loads(path.read_text()).get("extends")
    return None if extended is None else Path(extended).stem


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
    curve = [
        (e["samples"] + e.get("replayed", 0), e["loss"], e.get("holdout_recall_at_5"))
        for e in epochs
    ]
    noted = read_results(results) | {key: outcome | {"curve": curve}}
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n")
    return True


def read_results(path: Path) -> dict[str, Json]:
    """Every noted outcome by "experiment/seed"; {} when nothing ran yet."""
    noted: dict[str, Json] = json.loads(path.read_text()) if path.exists() else {}
    return noted
