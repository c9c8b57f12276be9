"""One run's settings, read from a TOML file and checked at birth."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from encoder.distort import STEPS

LOSSES = ("margin-softmax", "softmax", "supcon", "clip", "contrastive", "triplet")
MININGS = ("hard", "semi-hard")
SOURCES = ("fonts", "digits")
MOST_NEIGHBOURS = 24  # of a face, of which some come along
FEWEST_REPLAYED = 32  # batches to choose from: of fewer the same ones would come at once


class ConfigError(ValueError):
    """A setting that cannot be; the message names the key, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is drawn: where the fonts are, how a batch is made, which distortions happen."""

    source: str = "fonts"  # "digits": a small set of pictures that is no text, as a check
    fonts: str = "data/fonts"
    families: int | None = None  # only so many families, for quick experiments
    validation_families: int = 0  # of them kept out of training, to choose settings by
    families_per_batch: int = 64
    samples_per_family: int = 2
    workers: int = 1
    steps: tuple[str, ...] = tuple(sorted(STEPS))
    varied_text: bool = True
    browser_share: float = 0.0  # of the pictures: lines that Chromium drew, distorted like all
    different_batches: int | None = None  # after so many the same ones come again; None: never
    variants: float = 0.0  # of the pictures: faces made from others, as faces of their own
    neighbours: int = 0  # of a family in its batch: so many that look like it come along
    replayed: int = 0  # windows kept, to be learned again where drawing is slower; 0: none


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which net: a timm backbone, the width of its head, the length of the vector."""

    backbone: str = "resnet18"
    head: int = 512
    dim: int = 256


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Which loss, and its constants: margin (cosine), scale or temperature.

    `first` trains until `first_until` (share of the run), then `kind` takes over.
    """

    kind: str = "margin-softmax"
    first: str | None = None
    first_until: float = 0.5
    scale: float = 30.0
    margin: float = 0.1
    face_weight: float = 0.2
    temperature: float = 0.1
    mining: str = "hard"  # which negative a triplet takes
    columns: int = 0  # numbers of a column, taught together with the net; 0: no column head
    late_weight: float = 1.0  # of late interaction by columns
    near_weight: float = 0.5  # of the same by pooled vectors


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """How long and how fast. Exactly one of `samples` and `minutes` ends the run.

    `samples` are pictures learned, drawn ones and those that come again: as many steps on any
    machine. `minutes` of training are more steps on a faster one.
    """

    samples: int | None = None
    minutes: float | None = None
    epoch_samples: int = 50_000
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.03  # share of the run
    decay: Literal["cosine", "constant"] = "cosine"
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
    about: str = ""  # what the run does
    why: str = ""  # what it is to tell
    learned: str = ""  # what it taught, once it ran; its numbers stand on the page
    warm_start: str | None = None  # a checkpoint to start the weights from
    warm_start_sha256: str | None = None  # what that file must be
    warm_start_git: str | None = None  # COMMIT:PATH where git has it
    measure: bool = False  # True: ask the finished net for unseen families, see outcome.json
    keep_weights: bool = True  # False: no checkpoint, so a run that is stopped starts again
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def __post_init__(self) -> None:
        if (self.schedule.samples is None) == (self.schedule.minutes is None):
            raise ConfigError("schedule: set exactly one of samples and minutes")
        _one_of("loss.kind", self.loss.kind, LOSSES)
        _one_of("loss.first", self.loss.first, (None, *LOSSES))
        _one_of("loss.mining", self.loss.mining, MININGS)
        _one_of("data.source", self.data.source, SOURCES)
        _one_of("schedule.decay", self.schedule.decay, ("cosine", "constant"))
        if self.warm_start_sha256 and not self.warm_start:
            raise ConfigError("warm_start_sha256 needs warm_start: name the file that has it")
        if self.warm_start_git and not self.warm_start_sha256:
            raise ConfigError(
                f"warm_start_git = {self.warm_start_git!r} needs warm_start_sha256: the file's own"
            )
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

        self._check_joint()

    def _check_joint(self) -> None:
        """What joint training of net and column head adds."""
        data, batch = self.data, self.data.families_per_batch * self.data.samples_per_family
        if not 0 <= data.variants < 1:
            raise ConfigError(f"data.variants = {data.variants}: 0 to less than 1 is needed")
        if not 0 <= data.neighbours <= MOST_NEIGHBOURS:
            raise ConfigError(
                f"data.neighbours = {data.neighbours}: 0 to {MOST_NEIGHBOURS} is needed"
            )
        if data.neighbours and not self.loss.columns:
            raise ConfigError(
                f"data.neighbours = {data.neighbours} needs loss.columns: set it to 64"
            )
        if self.loss.columns and data.source != "fonts":
            raise ConfigError(
                f'loss.columns needs fonts: set data.source = "fonts", not {data.source!r}'
            )
        if data.replayed and data.replayed < FEWEST_REPLAYED * batch:
            raise ConfigError(
                f"data.replayed = {data.replayed}: {FEWEST_REPLAYED * batch} ({FEWEST_REPLAYED} "
                "batches) or more are needed, or 0"
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

_OWN_WORDS = ("about", "why", "learned")


def load_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a TOML file; `overrides` like "loss.margin=0.2" replace single values.

    `extends` names another file (beside this one) whose values hold where this one is silent,
    but for what it says of itself (`about`, `why`, `learned`).
    A run with overrides carries them in its name. Raises `ConfigError` for unknown keys and
    impossible values.
    """
    raw = _read(path)
    for override in overrides:
        raw = _merged(raw, _parsed(override))
    if overrides and not any(o.startswith("name=") for o in overrides):
        raw["name"] = "-".join([str(raw.get("name", path.stem)), *overrides]).replace("/", "_")
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


def _one_of(key: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        names = ", ".join(str(a) for a in allowed if a is not None)
        raise ConfigError(f"{key} = {value!r}: choose one of {names}")


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    base = raw.pop("extends", None)
    if base is None:
        return raw
    inherited = {k: v for k, v in _read(path.parent / base).items() if k not in _OWN_WORDS}
    return _merged(inherited, raw)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged


def _parsed(override: str) -> dict[str, Any]:
    """`part.key=value`, the value as TOML writes it; a bare word is a string."""
    key, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f"{override!r}: write a setting as part.key=value")
    for written in (text, json.dumps(text)):
        try:
            return tomllib.loads(f"{key} = {written}")
        except tomllib.TOMLDecodeError:
            continue
    raise ConfigError(f"{override!r}: {key!r} is not a key like loss.margin")
