"""One run's settings, read from a TOML file and checked at birth."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from encoder.distort import STEPS

LOSSES = ("margin-softmax", "supcon", "triplet")


class ConfigError(ValueError):
    """A setting that cannot be; the message names the key, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is drawn: where the fonts are, how a batch is made, which distortions happen."""

    fonts: str = "data/fonts"
    families: int | None = None  # only so many families, for quick experiments
    families_per_batch: int = 64
    samples_per_family: int = 2
    workers: int = 1
    steps: tuple[str, ...] = tuple(sorted(STEPS))
    varied_text: bool = True
    browser_share: float = 0.0  # of the pictures: lines that Chromium drew, distorted like all


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which net: a timm backbone, the width of its head, the length of the vector."""

    backbone: str = "resnet18"
    head: int = 512
    dim: int = 256


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Which loss, and its constants: margin (cosine), scale or temperature."""

    kind: str = "margin-softmax"
    scale: float = 30.0
    margin: float = 0.1
    face_weight: float = 0.2
    temperature: float = 0.1


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """How long and how fast. Exactly one of `samples` and `minutes` ends the run."""

    samples: int | None = None
    minutes: float | None = None
    epoch_samples: int = 50_000
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.03  # share of the run
    coarse_until: float = 0.0  # share of the run on pictures of coarse_height: 3 times cheaper
    coarse_height: int = 48


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """Weights & Biases: "disabled", "offline" or "online"; the JSON lines are always written."""

    wandb: Literal["online", "offline", "disabled"] = "disabled"
    project: str = "fontkin"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All of a run. `name` says what it is; the run's folder carries it."""

    name: str
    seed: int = 0
    warm_start: str | None = None  # a checkpoint to start the weights from
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def __post_init__(self) -> None:
        if (self.schedule.samples is None) == (self.schedule.minutes is None):
            raise ConfigError("schedule: set exactly one of samples and minutes")
        if self.loss.kind not in LOSSES:
            raise ConfigError(f"loss.kind = {self.loss.kind!r}: choose one of {', '.join(LOSSES)}")
        if unknown := set(self.data.steps) - STEPS:
            raise ConfigError(
                f"data.steps holds {sorted(unknown)}: choose from {', '.join(sorted(STEPS))}"
            )
        if not 0 <= self.data.browser_share <= 1:
            raise ConfigError(f"data.browser_share = {self.data.browser_share}: 0 to 1 is needed")
        if self.data.samples_per_family < 2:
            raise ConfigError(
                f"data.samples_per_family = {self.data.samples_per_family}: "
                "metric losses need 2 or more"
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are logged and stored in the card."""
        return asdict(self)


_PARTS = {
    "data": DataConfig,
    "model": ModelConfig,
    "loss": LossConfig,
    "schedule": ScheduleConfig,
    "tracking": TrackingConfig,
}


def load_config(path: Path) -> RunConfig:
    """Read a TOML file. Raises `ConfigError` for unknown keys and impossible values."""
    try:
        raw = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    values: dict[str, Any] = {}
    try:
        for key, value in raw.items():
            if key in _PARTS:
                value = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
                value = _PARTS[key](**value)
            values[key] = value
        return RunConfig(**values)
    except TypeError as error:
        raise ConfigError(f"{path}: {error}") from error
