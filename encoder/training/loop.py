"""Train one encoder: warm-up, cosine decay, a look at held-out families after every epoch."""

from __future__ import annotations

import itertools
import json
import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from encoder.training import checkpoint
from encoder.training.batches import Batch, batch_loader
from encoder.training.config import RunConfig, ScheduleConfig
from encoder.training.cost import Progress, this_machine
from encoder.training.holdout import measure
from encoder.training.joint import Joint
from encoder.training.late_loss import Seen
from encoder.training.losses import MarginSoftmax, make_loss
from encoder.training.model import FontEncoder, coarser, count_parameters
from encoder.training.origin import note_origin, take_origin
from encoder.training.outcome import outcome
from encoder.training.precision import mixed
from encoder.training.proxies import face_means
from encoder.training.replay import replaying
from encoder.training.tasks import OnPrepare, Task, make_task
from encoder.training.tracking import Tracker

_SAVE_SECONDS = 300


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
    when the config asks for the browser's lines and they can be neither read nor drawn, and
    `CheckpointError` when the run cannot go on from what its config means.
    """
    take_origin(config)
    folder = runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.as_dict(), indent=1) + "\n")
    note_origin(config, folder / "origin.json")
    task = make_task(config, on_prepare)
    (folder / "families.json").write_text(json.dumps(task.families()) + "\n")
    trainer = _Trainer(config, task, folder, on_prepare)
    before = {s: signal.signal(s, trainer.ask_to_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        trainer.run(on_epoch, on_step)
    finally:
        trainer.tracker.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    if config.measure and not trainer.stop:
        trainer.write_outcome()
    return folder


class _Trainer:
    def __init__(self, config: RunConfig, task: Task, folder: Path, on_prepare: OnPrepare) -> None:
        self.config, self.folder, self.task = config, folder, task
        torch.manual_seed(config.seed)
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.machine = this_machine(self.device)
        self.model = FontEncoder(config.model)
        if config.warm_start:
            checkpoint.warm_start(Path(config.warm_start), self.model)
        self.model.to(self.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.losses = self._make_losses()
        self.joint = self._make_joint(on_prepare) if config.loss.columns else None
        self.optimiser = make_optimiser(self.model, self.losses, config.schedule)
        self.progress = Progress()
        self.checkpoint = folder / "checkpoint.safetensors"
        resuming = config.keep_weights and self.checkpoint.exists()
        if resuming:
            saved = checkpoint.resume(self.checkpoint, self.model, self.losses, self.optimiser)
            self.progress = Progress(**saved)
        else:
            self._place_proxies()
        self.tracker = Tracker(config, folder, resuming=resuming)
        self.stop = False
        self.last: dict[str, Any] = {}

    def _make_losses(self) -> nn.ModuleList:
        """What trains the end of the run, then what trains its beginning, if that is another."""
        config = self.config.loss
        kinds = [config.kind] if config.first is None else [config.kind, config.first]
        group, dim = self.task.face_group, self.config.model.dim
        return nn.ModuleList(make_loss(kind, config, group, dim) for kind in kinds).to(self.device)

    def _make_joint(self, on_prepare: OnPrepare) -> Joint:
        """What teaches the column head; its loss is the last of the losses."""
        drawing = partial(on_prepare, "drawing references")
        joint = Joint(self.config, self.task, self.model, drawing)
        self.losses.append(joint.late)
        return joint

    def _place_proxies(self) -> None:
        """Begin at the faces' mean vectors: of their lines, or of pictures for a warm start."""
        config, chosen = self.config, self.losses[0]
        if not isinstance(chosen, MarginSoftmax) or not self.task.seen:
            return
        if self.joint is not None:
            chosen.start_at(self.joint.means)
        elif config.warm_start:
            seen = self.task.seen
            chosen.start_at(face_means(self.model, seen, config.data, config.seed, self.device))

    def run(
        self,
        on_epoch: Callable[[dict[str, Any]], None],
        on_step: Callable[[float, float], None],
    ) -> None:
        self.model.train()
        batches = self._batches()
        # A schedule of minutes begins with the first batch, not while workers start to draw it.
        saved = started = epoch_start = time.monotonic()
        epoch_loss, epoch_steps = 0.0, 0
        for batch in batches:
            share = self.progress.share(self.config.schedule)
            if share >= 1 or self.stop:
                break
            loss = self._step(batch, share)
            now = time.monotonic()
            count = {"again" if batch.again else "drawn": len(batch.groups)}
            self.progress.add(self.machine, now - started, **count)
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

    def _batches(self) -> Iterable[Batch]:
        """From where the run is, the first one drawn; replayed ones among them, if asked for."""
        data = self.config.data
        near = None if self.joint is None else self.joint.near
        # Steps on batches that came again count, too: a resumed run leaves some numbers out.
        drawn = batch_loader(self.task.batches(self.progress.step, near), data.workers)
        coming: Iterator[Batch] = iter(drawn)
        if data.replayed:
            coming = replaying(drawn, data.replayed, self.device)
        return itertools.chain([next(coming)], coming)

    def _step(self, batch: Batch, share: float) -> float:
        """Learn from `batch`, `share` of the run done; returns its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.config.schedule, share)
        loss = self._loss(batch.to(self.device), share)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def _loss(self, batch: Batch, share: float) -> Tensor:
        """float32 []: of the pictures alone, and of what their faces' lines answer."""
        first = self.config.loss.first is not None and share < self.config.loss.first_until
        chosen = self.losses[1 if first else 0]
        if self.joint is None:
            vectors = self._see(batch.windows, share).vectors
            return chosen(vectors, batch.groups, batch.faces)
        answering = batch.faces.unique()
        windows = torch.cat([batch.windows, self.joint.lines_of(answering, self.progress.step)])
        asked, answers = self._see(windows, share).split(len(batch.groups))
        alone = chosen(asked.vectors, batch.groups, batch.faces)
        return alone + self.joint.loss(asked, answers, answering, batch)

    def _see(self, windows: Tensor, share: float) -> Seen:
        """What the net makes of `windows` uint8 [N, 1, H, W]."""
        windows = windows.float() / 255
        if share < self.config.schedule.coarse_until:
            windows = coarser(windows, self.config.schedule.coarse_height)
        windows = windows.contiguous(memory_format=torch.channels_last)
        with mixed(self.device):
            columns, weights = self.model.features(windows)
            return Seen(columns, weights, self.model.pooled(columns, weights))

    def _end_epoch(self, loss: float, steps: int, seconds: float) -> dict[str, Any]:
        metrics: dict[str, Any] = {
            "loss": round(loss, 4),
            "samples": self.progress.samples,
            "replayed": self.progress.replayed,
            "late_right": 0.0 if self.joint is None else round(float(self.joint.right), 4),
            "epoch_seconds": round(seconds, 1),
            "samples_per_second": round(steps * self._batch_size() / seconds, 1),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
        }
        sheet = self.folder / "holdout.png"
        if self.task.holdout is not None:
            metrics |= measure(self.model, self.task.holdout, self.device, sheet)
        self.tracker.log(self.progress.step, metrics, sheet if self.task.holdout else None)
        self.last = metrics
        return metrics

    def write_outcome(self) -> None:
        """`outcome.json`: what the run cost and how it measures, for comparisons."""
        found: dict[str, Any] = {"loss": self.last["loss"], "samples": self.progress.samples}
        found |= {"replayed": self.progress.replayed, "seconds": round(self.progress.seconds)}
        found |= {"seed": self.config.seed, "parameters": count_parameters(self.model)}
        if self.task.seen:
            head = None if self.joint is None else self.joint.late.head
            found |= outcome(self.model, head, self.task, self.config, self.device)
        else:
            found |= {k: v for k, v in self.last.items() if k.startswith("holdout")}
        (self.folder / "outcome.json").write_text(json.dumps(found, indent=1) + "\n")

    def _batch_size(self) -> int:
        data = self.config.data
        return data.families_per_batch * data.samples_per_family

    def _save(self) -> None:
        if self.config.keep_weights:
            progress = vars(self.progress).copy()
            checkpoint.save(self.checkpoint, self.model, self.losses, self.optimiser, progress)

    def ask_to_stop(self, *_: object) -> None:
        """End after the running batch (a signal handler)."""
        self.stop = True


def learning_rate(schedule: ScheduleConfig, share: float) -> float:
    """Linear warm-up over `warmup` of the run, then half a cosine down to a hundredth."""
    if share < schedule.warmup:
        return schedule.learning_rate * max(share / schedule.warmup, 1e-3)
    if schedule.decay == "constant":
        return schedule.learning_rate
    rest = (share - schedule.warmup) / max(1 - schedule.warmup, 1e-9)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * rest)))


def make_optimiser(
    model: nn.Module, losses: nn.Module, schedule: ScheduleConfig
) -> torch.optim.AdamW:
    """AdamW; norms, biases and proxies are not decayed."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1] + list(losses.parameters())
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": schedule.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=schedule.learning_rate,
    )
