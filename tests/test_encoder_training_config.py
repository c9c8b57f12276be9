"""Run configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoder.training.config import ConfigError, ScheduleConfig, load_config
from encoder.training.loop import learning_rate

CONFIGS = sorted(Path("encoder/training/configs").rglob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_committed_config_loads(path: Path) -> None:
    """A config file of the repository is valid and says what it is and what for."""
    config = load_config(path)
    assert config.name and config.about and config.why


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name='x'", "exactly one of samples and minutes"),
        ("name='x'\n[schedule]\nsamples=1\nminutes=1", "exactly one"),
        ("name='x'\n[schedule]\nsamples=1\n[loss]\nkind='hinge'", "hinge"),
        ("name='x'\n[schedule]\nsamples=1\n[loss]\nfirst='hinge'", "loss.first"),
        ("name='x'\n[schedule]\nsamples=1\n[loss]\nmining='gold'", "gold"),
        ("name='x'\n[schedule]\nsamples=1\n[data]\nsource='cats'", "cats"),
        ("name='x'\n[schedule]\nsamples=1\ndecay='steep'", "steep"),
        ("extends='none.toml'\nname='x'", "none.toml"),
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


def test_a_config_changes_what_it_extends(tmp_path: Path) -> None:
    """Its own values win, key by key; what it does not name holds as in the other file."""
    words = "name='b'\nabout='a'\nwhy='w'\nlearned='l'\nseed=3"
    (tmp_path / "base.toml").write_text(f"{words}\n[schedule]\nsamples=5\nwarmup=0.5")
    path = tmp_path / "own.toml"
    path.write_text("extends='base.toml'\nname='own'\n[schedule]\nwarmup=0.25")
    config = load_config(path)
    assert (config.name, config.schedule.samples, config.schedule.warmup) == ("own", 5, 0.25)
    # What the other file says of itself is not said of this one.
    assert (config.seed, config.about, config.why, config.learned) == (3, "", "", "")


def test_overrides_replace_single_values_and_name_the_run(tmp_path: Path) -> None:
    """TOML values and bare words; two settings of one file never share a folder."""
    path = tmp_path / "base.toml"
    path.write_text("name='b'\n[schedule]\nsamples=5")
    config = load_config(path, ["loss.margin=0.25", "loss.kind=supcon", "seed=3"])
    assert (config.loss.margin, config.loss.kind, config.seed) == (0.25, "supcon", 3)
    assert config.name == "b-loss.margin=0.25-loss.kind=supcon-seed=3"
    assert load_config(path, ["seed=3", "name=mine"]).name == "mine"


@pytest.mark.parametrize("override", ["loss.margin", "loss margin=3", "loss.colour=3"])
def test_a_wrong_override_is_named(tmp_path: Path, override: str) -> None:
    """No value, no key, or a key that does not exist."""
    path = tmp_path / "base.toml"
    path.write_text("name='b'\n[schedule]\nsamples=5")
    with pytest.raises(ConfigError, match=r"margin|colour"):
        load_config(path, [override])


def test_a_constant_rate_stays(tmp_path: Path) -> None:
    """After the warm-up nothing changes."""
    schedule = ScheduleConfig(samples=100, learning_rate=1.0, warmup=0.1, decay="constant")
    assert [learning_rate(schedule, share) for share in (0.1, 0.5, 1.0)] == [1.0, 1.0, 1.0]


def test_learning_rate_warms_up_and_falls() -> None:
    """Half way up the ramp half the rate, the peak at its end, the middle of the cosine half."""
    schedule = ScheduleConfig(samples=100, learning_rate=1.0, warmup=0.1)
    assert learning_rate(schedule, 0.05) == pytest.approx(0.5)
    assert learning_rate(schedule, 0.1) == pytest.approx(1.0)
    assert learning_rate(schedule, 0.55) == pytest.approx(0.01 + 0.99 * 0.5)
    assert learning_rate(schedule, 1.0) == pytest.approx(0.01)
