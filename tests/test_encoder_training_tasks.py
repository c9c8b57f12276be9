"""What a run learns from: which families it sees, spares and holds out; digits as a check."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from encoder.fontsource import small
from encoder.heldout import is_heldout
from encoder.training.config import (
    ConfigError,
    DataConfig,
    LossConfig,
    ModelConfig,
    RunConfig,
    ScheduleConfig,
)
from encoder.training.digits import DigitBatches, digit_holdout
from encoder.training.loop import train
from encoder.training.tasks import make_task

pytestmark = pytest.mark.slow
SMALL = Path("data/small/fonts")  # `make data-small`, which `make test` runs first
QUICK = ScheduleConfig(samples=1)


def _task(**data: object):  # type: ignore[no-untyped-def]
    config = DataConfig(fonts=str(SMALL), **data)  # type: ignore[arg-type]
    return make_task(RunConfig("x", data=config, schedule=QUICK), lambda *_: None)


def test_the_small_set_is_what_it_says() -> None:
    """120 families to see and 60 held out, all fetched, none the twin of another."""
    held = [family for family in small() if is_heldout(family)]
    assert (len(small()), len(held)) == (180, 60)
    task = _task()
    assert set(task.families()) == set(small()) - set(held)
    assert {face.family for face in task.held} == set(held)
    assert len({face.group for face in (*task.seen, *task.held)}) == 180


def test_validation_families_are_neither_trained_on_nor_reported() -> None:
    """Thirty of the seen families are watched instead of the held-out ones."""
    whole, spared = _task(), _task(validation_families=30)
    missing = set(whole.families()) - set(spared.families())
    assert len(missing) == 30
    groups = {face.group for face in whole.seen if face.family in missing}
    assert set(spared.holdout.query_groups.tolist()) == groups
    assert not groups & set(spared.face_group.tolist())


def test_fewer_families_are_a_fair_few() -> None:
    """Half of them are a subset of all, from the whole alphabet."""
    half = _task(families=60).families()
    assert len(half) == 60 and set(half) < set(_task().families())
    assert half[0][0] < "d" and half[-1][0] > "p"


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    """No font, no run; the message says what to do."""
    config = RunConfig("x", data=DataConfig(fonts=str(tmp_path)), schedule=QUICK)
    with pytest.raises(ConfigError, match="make fonts"):
        make_task(config, lambda *_: None)


def test_finite_data_comes_again(tmp_path: Path) -> None:
    """With three different batches the fourth is the first."""
    batches = _task(different_batches=3, families_per_batch=4).batches(0)
    assert torch.equal(batches.draw(0).windows, batches.draw(3).windows)
    assert not torch.equal(batches.draw(0).windows, batches.draw(1).windows)


def test_digits_are_split_and_reproducible() -> None:
    """Held-out digits are not among the references, and a batch's labels fit its pictures."""
    held, first = digit_holdout(), DigitBatches(DataConfig(), seed=1).draw(0)
    assert len(held.queries) == 360 and len(held.references) == 400
    assert torch.equal(first.windows, DigitBatches(DataConfig(), seed=1).draw(0).windows)
    assert first.windows.shape == (128, 1, 64, 64)
    assert first.windows.min() < 60 and np.median(first.windows) == 255


def test_a_small_net_learns_digits(tmp_path: Path) -> None:
    """Six thousand pictures: nine of ten held-out digits find their like first."""
    config = RunConfig(
        "digits",
        measure=True,
        keep_weights=False,
        data=DataConfig(source="digits", workers=0, families_per_batch=32),
        model=ModelConfig(backbone="conv1x16", head=64, dim=32),
        schedule=ScheduleConfig(samples=6_400, learning_rate=3e-3),
    )
    folder = train(config, tmp_path)
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["holdout_recall_at_1"] > 0.9
    assert not (folder / "checkpoint.safetensors").exists()


def test_one_batch_can_be_overfitted(tmp_path: Path) -> None:
    """The check that a model can learn at all: one batch again and again, down to nothing."""
    config = RunConfig(
        "one-batch",
        keep_weights=False,
        data=DataConfig(fonts=str(SMALL), families_per_batch=8, different_batches=1, workers=0),
        model=ModelConfig(backbone="conv1x16", head=64, dim=32),
        loss=LossConfig(margin=0.0),
        schedule=ScheduleConfig(samples=16 * 24, epoch_samples=16 * 12, learning_rate=3e-3),
    )
    losses: list[float] = []
    train(config, tmp_path, on_epoch=lambda metrics: losses.append(metrics["loss"]))
    assert losses[0] > 1.0 and losses[-1] < 0.1
