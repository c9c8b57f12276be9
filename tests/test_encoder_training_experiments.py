"""The page of the experiments: what is noted once, and the numbers that it shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from encoder.training.config import RunConfig
from encoder.training.experiments import (
    experiment_paths,
    read_results,
    run_experiment,
    write_page,
)
from scripts import experiments as command


def _outcome(unseen: float, seed: int) -> dict[str, object]:
    shares = {"unseen_at_1": unseen / 2, "unseen_at_5": unseen, "unseen_means_at_5": 0.5}
    shares |= {"seen_at_5": 0.75, "trained_means_at_5": 0.81, "fresh_means_at_5": 0.8}
    cost = {"seed": seed, "seconds": 60, "samples": 20_000, "parameters": 5_500_000, "loss": 1.0}
    return shares | cost | {"curve": [[10_000, 5.0, 0.3], [20_000, 4.0, unseen]]}


def test_an_experiment_is_noted_once(tmp_path: Path) -> None:
    """The outcome of a run stands in the results by name and seed; a second call trains nothing."""
    ran: list[RunConfig] = []

    def train(config: RunConfig) -> Path:
        ran.append(config)
        outcome = _outcome(0.6, config.seed)
        epochs = [
            {"samples": samples, "loss": loss, "holdout_recall_at_5": share}
            for samples, loss, share in outcome.pop("curve")  # type: ignore[attr-defined]
        ]
        (tmp_path / "outcome.json").write_text(json.dumps(outcome))
        (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, epochs)))
        return tmp_path

    results = tmp_path / "docs" / "results.json"
    (path,) = experiment_paths(["loss-supcon"])
    assert [run_experiment(path, seed, results, train) for seed in (0, 1, 0)] == [True, True, False]
    assert [(config.loss.kind, config.seed) for config in ran] == [("supcon", 0), ("supcon", 1)]
    assert read_results(results) == {
        f"loss-supcon/{seed}": json.loads(json.dumps(_outcome(0.6, seed))) for seed in (0, 1)
    }


def test_the_page_shows_means_and_spread(tmp_path: Path) -> None:
    """Two seeds of 60 and 64 % are 62.0 +- 2.0; the base stands beside what changes it."""
    results, page = tmp_path / "experiments" / "results.json", tmp_path / "experiments.md"
    results.parent.mkdir()
    noted = {"small/0": _outcome(0.5, 0)}
    noted |= {f"loss-supcon/{seed}": _outcome(0.6 + 0.04 * seed, seed) for seed in (0, 1)}
    results.write_text(json.dumps(noted))
    write_page(results, page)
    rows = [line for line in page.read_text().splitlines() if line.startswith("| loss-supcon |")]
    assert "| 2 | 31.0 ± 1.0 | 62.0 ± 2.0 | 50.0 ± 0.0 | 75.0 ± 0.0 | 5.5 | 60 |" in rows[0]
    assert rows[1] == "| loss-supcon | 81.0 ± 0.0 | 80.0 ± 0.0 |"
    assert "| small | " in page.read_text() and "## Encoders" not in page.read_text()
    assert (tmp_path / "experiments" / "loss.png").stat().st_size > 10_000


def test_an_unknown_experiment_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the names that there are."""
    assert command.main(["loss-hinge"]) == 2
    message = capsys.readouterr().err
    assert "loss-hinge" in message and "loss-supcon" in message
