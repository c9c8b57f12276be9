"""Run configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoder.training.config import ConfigError, ScheduleConfig, load_config
from encoder.training.loop import learning_rate

CONFIGS = sorted(Path("encoder/training/configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_committed_config_loads(path: Path) -> None:
    """A config file of the repository is valid and its name is not empty."""
    assert load_config(path).name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name='x'", "exactly one of samples and minutes"),
        ("name='x'\n[schedule]\nsamples=1\nminutes=1", "exactly one"),
        ("name='x'\n[schedule]\nsamples=1\n[loss]\nkind='hinge'", "hinge"),
        ("name='x'\n[schedule]\nsamples=1\n[data]\nsteps=['magic']", "magic"),
        ("name='x'\n[schedule]\nsamples=1\nspeed=3", "speed"),
        ("name='x'\n[data]\nsamples_per_family=1\n[schedule]\nsamples=1", "samples_per_family"),
        ("name=", "config.toml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    """What cannot be is refused with its key or value in the message."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        load_config(path)


def test_learning_rate_warms_up_and_falls() -> None:
    """Half way up the ramp half the rate, the peak at its end, the middle of the cosine half."""
    schedule = ScheduleConfig(samples=100, learning_rate=1.0, warmup=0.1)
    assert learning_rate(schedule, 0.05) == pytest.approx(0.5)
    assert learning_rate(schedule, 0.1) == pytest.approx(1.0)
    assert learning_rate(schedule, 0.55) == pytest.approx(0.01 + 0.99 * 0.5)
    assert learning_rate(schedule, 1.0) == pytest.approx(0.01)
