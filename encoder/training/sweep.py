"""Run a Weights & Biases sweep file here, without an account: Optuna proposes, we train.

Trials are kept in a database in the sweep's folder, so the same command goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import yaml

from encoder.training.config import ConfigError, RunConfig, load_config

_TRACKING = "tracking.wandb="


@dataclass(frozen=True)
class Sweep:
    """What a sweep file asks for. `settings` hold for every trial, `parameters` vary."""

    name: str
    method: str
    metric: str
    maximise: bool
    trials: int | None
    config: Path
    settings: tuple[str, ...]
    parameters: dict[str, dict[str, Any]]


def load_sweep(path: Path) -> Sweep:
    """Read a sweep file (W&B's YAML). Raises `ConfigError`, which names what is missing."""
    try:
        raw = yaml.safe_load(path.read_text())
        command = [str(word) for word in raw["command"]]
        configs = [word for word in command if word.endswith(".toml")]
        settings = [w for w in command if "=" in w and not w.startswith(_TRACKING)]
        return Sweep(
            name=raw["name"],
            method=raw["method"],
            metric=raw["metric"]["name"],
            maximise=raw["metric"]["goal"] == "maximize",
            trials=raw.get("run_cap"),
            config=Path(configs[0]),
            settings=tuple(settings),
            parameters=raw["parameters"],
        )
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except (KeyError, IndexError, TypeError) as error:
        raise ConfigError(f"{path} lacks {error}; see configs/sweep.yaml") from error


def run_sweep(
    sweep: Sweep,
    folder: Path,
    *,
    trials: int,
    train: Callable[[RunConfig], dict[str, Any]],
    on_trial: Callable[[int, dict[str, Any], float], None] = lambda number, values, metric: None,
) -> optuna.Study:
    """Go on until `trials` trials are done; `train` returns a run's last metrics.

    `on_trial` gets (number, values, metric) after each. Raises `ConfigError` for a method or
    distribution that is not known here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=sweep.name,
        storage=f"sqlite:///{folder / 'trials.db'}",
        sampler=_sampler(sweep),
        direction="maximize" if sweep.maximise else "minimize",
        load_if_exists=True,
    )

    def objective(trial: optuna.Trial) -> float:
        values = {key: _suggest(trial, key, spec) for key, spec in sweep.parameters.items()}
        chosen = [f"{key}={value!r}" for key, value in values.items()]
        name = f"name={sweep.name}-{trial.number}"
        metrics = train(load_config(sweep.config, [*sweep.settings, *chosen, name]))
        on_trial(trial.number, values, metrics[sweep.metric])
        return float(metrics[sweep.metric])

    done = sum(trial.state.is_finished() for trial in study.trials)
    study.optimize(objective, n_trials=max(0, trials - done))
    return study


def _sampler(sweep: Sweep) -> optuna.samplers.BaseSampler:
    if sweep.method == "bayes":
        return optuna.samplers.TPESampler(seed=0, n_startup_trials=5)
    if sweep.method == "random":
        return optuna.samplers.RandomSampler(seed=0)
    if sweep.method == "grid":
        return optuna.samplers.GridSampler({k: s["values"] for k, s in sweep.parameters.items()})
    raise ConfigError(f"method = {sweep.method!r}: choose one of bayes, random, grid")


def _suggest(trial: optuna.Trial, key: str, spec: dict[str, Any]) -> Any:
    if "value" in spec:
        return spec["value"]
    if "values" in spec:
        return trial.suggest_categorical(key, spec["values"])
    kind = spec.get("distribution", "uniform")
    if kind == "int_uniform":
        return trial.suggest_int(key, spec["min"], spec["max"])
    if kind in ("uniform", "log_uniform_values"):
        return trial.suggest_float(key, spec["min"], spec["max"], log=kind != "uniform")
    raise ConfigError(f"{key}: distribution {kind!r} is not known here; use W&B for it")
