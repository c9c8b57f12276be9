"""Train one encoder: warm-up, cosine decay, a look at held-out families after every epoch."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from encoder.training import checkpoint
from encoder.training.batches import Batch, DrawnBatches, batch_loader
from encoder.training.browser_lines import draw_missing, folder_beside
from encoder.training.config import RunConfig, ScheduleConfig
from encoder.training.faces import TrainingFace, load_faces, training_split
from encoder.training.holdout import draw_holdout, measure
from encoder.training.losses import MarginSoftmax, make_loss
from encoder.training.model import FontEncoder, coarser
from encoder.training.proxies import face_means
from encoder.training.tracking import Tracker

_SAVE_SECONDS = 300


@dataclass
class Progress:
    """How far a run is; saved with the checkpoint. `seconds` counts training only."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0

    def share(self, schedule: ScheduleConfig) -> float:
        """0 at the start, 1 at the end of the budget."""
        if schedule.samples is not None:
            return min(1.0, self.samples / schedule.samples)
        return min(1.0, self.seconds / (60 * (schedule.minutes or 1)))


def train(
    config: RunConfig,
    runs: Path,
    *,
    on_epoch: Callable[[dict[str, Any]], None] = lambda metrics: None,
    on_step: Callable[[float, float], None] = lambda share, loss: None,
    on_prepare: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Path:
    """Run `config` in `runs/<name>`, or go on with it; returns the folder.

    Stops cleanly on SIGTERM and Ctrl+C, with a checkpoint written; the same call goes on.
    `on_epoch` gets the epoch's metrics, `on_step` (share done, loss), `on_prepare` (what, done,
    total) while fonts are read and drawn before the first step. Raises `BrowserMissingError`
    when the config asks for the browser's lines and they can be neither read nor drawn.
    """
    folder = runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.as_dict(), indent=1) + "\n")
    fonts = Path(config.data.fonts)
    _note_origin(config, folder / "origin.json")
    faces = load_faces(fonts, on_progress=partial(on_prepare, "reading fonts"))
    seen, held = training_split(faces)
    seen = _limited(seen, config.data.families)
    if config.data.browser_share:
        drawing = partial(on_prepare, "drawing in the browser")
        draw_missing(seen, folder_beside(fonts), on_progress=drawing)
    families = sorted({face.family for face in seen})
    (folder / "families.json").write_text(json.dumps(families) + "\n")
    trainer = _Trainer(config, seen, held, folder)
    before = {s: signal.signal(s, trainer.ask_to_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        trainer.run(on_epoch, on_step)
    finally:
        trainer.tracker.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return folder


def _note_origin(config: RunConfig, path: Path) -> None:
    """Keep what the card of a warm start's encoder says of its own training.

    Shipping the run will write another encoder over that file.
    """
    if not config.warm_start or path.exists():
        return
    card_path = Path(config.warm_start).with_suffix(".json")
    if card_path.exists():
        card = json.loads(card_path.read_text())
        origin = {"name": card["name"], "onnx_sha256": card["onnx_sha256"]}
        origin |= {"progress": card["training"]["progress"], "origin": card.get("origin")}
        path.write_text(json.dumps(origin, indent=1) + "\n")


def _limited(faces: list[TrainingFace], families: int | None) -> list[TrainingFace]:
    """The faces of the first so many families in the order of their hashes: a fair few."""
    if families is None:
        return faces
    ids = sorted({f.family for f in faces}, key=hash_order)[:families]
    return [f for f in faces if f.family in set(ids)]


def hash_order(family_id: str) -> str:
    """A fixed shuffle of ids: alphabetical order would put foundries together."""
    return hashlib.sha1(f"order {family_id}".encode()).hexdigest()


class _Trainer:
    def __init__(
        self,
        config: RunConfig,
        seen: list[TrainingFace],
        held: list[TrainingFace],
        folder: Path,
    ) -> None:
        self.config, self.folder, self.seen = config, folder, seen
        torch.manual_seed(config.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = FontEncoder(config.model)
        if config.warm_start:
            checkpoint.warm_start(Path(config.warm_start), self.model)
        self.model.to(self.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = torch.tensor([f.group for f in seen])
        self.loss = make_loss(config.loss, groups, config.model.dim).to(self.device)
        self.optimiser = make_optimiser(self.model, self.loss, config.schedule)
        self.progress = Progress()
        self.checkpoint = folder / "checkpoint.safetensors"
        if config.warm_start and not self.checkpoint.exists():
            self._place_proxies()
        if self.checkpoint.exists():
            saved = checkpoint.resume(self.checkpoint, self.model, self.loss, self.optimiser)
            self.progress = Progress(**saved)
        self.holdout = draw_holdout(held, config.data, config.seed) if held else None
        self.tracker = Tracker(config, folder)
        self.stop = False

    def _place_proxies(self) -> None:
        if isinstance(self.loss, MarginSoftmax):
            config = self.config
            means = face_means(self.model, self.seen, config.data, config.seed, self.device)
            self.loss.start_at(means)

    def run(
        self,
        on_epoch: Callable[[dict[str, Any]], None],
        on_step: Callable[[float, float], None],
    ) -> None:
        batches = DrawnBatches(self.seen, self.config.data, self.config.seed, self.progress.step)
        saved = started = time.monotonic()
        epoch_loss, epoch_steps, epoch_start = 0.0, 0, started
        self.model.train()
        for batch in batch_loader(batches):
            share = self.progress.share(self.config.schedule)
            if share >= 1 or self.stop:
                break
            loss = self._step(batch, share)
            now = time.monotonic()
            self.progress.step += 1
            self.progress.samples += len(batch.groups)
            self.progress.seconds += now - started
            started = now
            epoch_loss, epoch_steps = epoch_loss + loss, epoch_steps + 1
            on_step(share, loss)
            if epoch_steps * len(batch.groups) >= self.config.schedule.epoch_samples:
                on_epoch(self._end_epoch(epoch_loss / epoch_steps, epoch_steps, now - epoch_start))
                epoch_loss, epoch_steps = 0.0, 0
                epoch_start = started = time.monotonic()
            if now - saved > _SAVE_SECONDS:
                self._save()
                saved = now
        if epoch_steps:
            seconds = time.monotonic() - epoch_start
            on_epoch(self._end_epoch(epoch_loss / epoch_steps, epoch_steps, seconds))
        self._save()

    def _step(self, batch: Batch, share: float) -> float:
        schedule = self.config.schedule
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(schedule, share)
        windows = batch.windows.to(self.device).float() / 255
        if share < schedule.coarse_until:
            windows = coarser(windows, schedule.coarse_height)
        windows = windows.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            vectors = self.model(windows)
        loss = self.loss(vectors, batch.groups.to(self.device), batch.faces.to(self.device))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def _end_epoch(self, loss: float, steps: int, seconds: float) -> dict[str, Any]:
        metrics: dict[str, Any] = {
            "loss": round(loss, 4),
            "samples": self.progress.samples,
            "epoch_seconds": round(seconds, 1),
            "samples_per_second": round(steps * self._batch_size() / seconds, 1),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
        }
        sheet = self.folder / "holdout.png"
        if self.holdout is not None:
            metrics |= measure(self.model, self.holdout, self.device, sheet)
        self.tracker.log(self.progress.step, metrics, sheet if self.holdout else None)
        return metrics

    def _batch_size(self) -> int:
        data = self.config.data
        return data.families_per_batch * data.samples_per_family

    def _save(self) -> None:
        checkpoint.save(
            self.checkpoint, self.model, self.loss, self.optimiser, vars(self.progress).copy()
        )

    def ask_to_stop(self, *_: object) -> None:
        """End after the running batch (a signal handler)."""
        self.stop = True


def learning_rate(schedule: ScheduleConfig, share: float) -> float:
    """Linear warm-up over `warmup` of the run, then half a cosine down to a hundredth."""
    if share < schedule.warmup:
        return schedule.learning_rate * max(share / schedule.warmup, 1e-3)
    rest = (share - schedule.warmup) / max(1 - schedule.warmup, 1e-9)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * rest)))


def make_optimiser(
    model: nn.Module, loss: nn.Module, schedule: ScheduleConfig
) -> torch.optim.AdamW:
    """AdamW; norms, biases and proxies are not decayed."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1] + list(loss.parameters())
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": schedule.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=schedule.learning_rate,
    )
