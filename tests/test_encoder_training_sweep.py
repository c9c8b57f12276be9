"""A Weights & Biases sweep file, run here: what it proposes, and that it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from encoder.training.config import ConfigError, RunConfig
from encoder.training.sweep import load_sweep, run_sweep
from scripts import sweep as command

SWEEP = Path("encoder/training/configs/sweep.yaml")


def _score(config: RunConfig) -> dict[str, Any]:
    """A landscape with its top at margin 0.2."""
    return {"holdout_recall_at_5": 1 - abs(config.loss.margin - 0.2)}


def test_trials_stay_in_the_file_s_ranges_and_find_the_top(tmp_path: Path) -> None:
    """Twenty trials of the committed sweep: every value allowed, the best near the top."""
    sweep, seen = load_sweep(SWEEP), []
    study = run_sweep(
        sweep, tmp_path, trials=20, train=lambda config: seen.append(config) or _score(config)
    )
    for config in seen:
        assert 0 <= config.loss.margin <= 0.35 and config.loss.scale in (16.0, 30.0, 48.0)
        assert 3e-4 <= config.schedule.learning_rate <= 6e-3
        assert config.data.validation_families == 30 and not config.measure
        assert not config.keep_weights and config.tracking.wandb == "disabled"
    assert len({config.name for config in seen}) == 20
    assert abs(study.best_params["loss.margin"] - 0.2) < 0.03


def test_a_stopped_sweep_goes_on(tmp_path: Path) -> None:
    """Three trials, then five in all: two more."""
    counts = []
    for trials in (3, 5, 5):
        ran: list[str] = []
        run_sweep(
            load_sweep(SWEEP),
            tmp_path,
            trials=trials,
            train=lambda config, ran=ran: ran.append(config.name) or _score(config),  # type: ignore[misc]
        )
        counts.append(len(ran))
    assert counts == [3, 2, 0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"method": "guess"}, "guess"),
        ({"parameters": {"loss.margin": {"distribution": "beta", "min": 0, "max": 1}}}, "beta"),
        ({"parameters": {"loss.colour": {"values": [1]}}}, "colour"),
        ({"command": ["python"]}, "lacks"),
    ],
)
def test_what_cannot_be_run_is_named(
    tmp_path: Path, change: dict[str, Any], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command exits with 2 and names the method, the distribution or the setting."""
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(SWEEP.read_text()) | change))
    with pytest.raises(ConfigError, match=named):
        run_sweep(load_sweep(path), tmp_path / "runs", trials=1, train=_score)
    assert command.main([str(path), "--runs", str(tmp_path / "runs2"), "--trials", "1"]) == 2
    assert named in capsys.readouterr().err


def test_a_grid_visits_every_place(tmp_path: Path) -> None:
    """Two by two values: four different trials."""
    path = tmp_path / "sweep.yaml"
    grid = {"loss.margin": {"values": [0.1, 0.2]}, "loss.scale": {"values": [16.0, 30.0]}}
    raw = yaml.safe_load(SWEEP.read_text()) | {"method": "grid", "parameters": grid}
    path.write_text(yaml.safe_dump(raw))
    seen: set[tuple[float, float]] = set()

    def train(config: RunConfig) -> dict[str, Any]:
        seen.add((config.loss.margin, config.loss.scale))
        return _score(config)

    run_sweep(load_sweep(path), tmp_path, trials=4, train=train)
    assert seen == {(0.1, 16.0), (0.1, 30.0), (0.2, 16.0), (0.2, 30.0)}
