"""Train a verifier (`encoder.training.verifier`) on freshly drawn pairs; resumes where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from encoder.embed import Embedder
from encoder.training import checkpoint
from encoder.training.batches import batch_loader
from encoder.training.browser_lines import BrowserLines, draw_missing, folder_beside
from encoder.training.config import ScheduleConfig
from encoder.training.faces import TrainingFace, load_faces, training_split
from encoder.training.loop import learning_rate
from encoder.training.model import count_parameters
from encoder.training.nearest import nearest_faces
from encoder.training.pairs import DrawnPairs, Pairs
from encoder.training.precision import mixed
from encoder.training.replay import replaying
from encoder.training.verifier import Verifier, loss

_SAVE_SECONDS = 60
_LOG_STEPS = 50
_WARMUP = 0.03


@dataclass(frozen=True, slots=True)
class VerifierConfig:
    """A run: `batch` lines a step, each beside its own face and `others`.

    It ends after `steps`, which are the same on any machine, or after `minutes` from the first
    batch on, where they are given.
    """

    steps: int = 20_000
    minutes: float | None = None
    batch: int = 128
    others: int = 3
    workers: int = 1
    replayed: int = 4096  # lines of 80 kB kept, to be learned again where drawing is slower
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    browser_share: float = 0.35
    seed: int = 0


def train_from_fonts(
    fonts: Path,
    encoder: Path,
    config: VerifierConfig,
    folder: Path,
    *,
    on_part: Callable[[str, int, int], None] = lambda what, done, total: None,
    on_step: Callable[[float, float], None] = lambda share, loss: None,
) -> Path:
    """`train_verifier` on the families below `fonts` that may be seen, on the GPU if there is one.

    Faces that look alike to the served `encoder` (.onnx) are told apart; the browser's lines are
    drawn first where they are missing. `on_part` hears what is prepared. Raises
    `FileNotFoundError` without fonts or encoder, and `BrowserMissingError`.
    """
    seen, _ = training_split(load_faces(fonts, on_progress=partial(on_part, "reading fonts")))
    if not seen:
        raise FileNotFoundError(f"no fonts below {fonts}: run `python -m scripts.fetch_fonts`")
    embedder = Embedder.from_files(encoder)
    near = nearest_faces(seen, embedder, on_progress=partial(on_part, "kin"))
    lines = folder_beside(fonts)
    draw_missing(seen, lines, on_progress=partial(on_part, "browser's lines"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return train_verifier(
        seen, near, BrowserLines(lines), config, folder, device=device, on_step=on_step
    )


def train_verifier(
    faces: Sequence[TrainingFace],
    near: np.ndarray,
    lines: BrowserLines,
    config: VerifierConfig,
    folder: Path,
    *,
    device: torch.device,
    on_step: Callable[[float, float], None] = lambda share, loss: None,
) -> Path:
    """Train in `folder` as long as `config` says, from its checkpoint on where there is one.

    `near` as in `DrawnPairs`. `on_step` hears the share that is done and the loss, `metrics.jsonl`
    gets more now and then. Returns the checkpoint. Raises `CheckpointError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    run = _Run(config, folder, device)
    pairs = DrawnPairs(
        faces,
        near,
        lines,
        batch=config.batch,
        others=config.others,
        browser_share=config.browser_share,
        seed=config.seed,
        start=run.done["batches"],
    )
    drawn = batch_loader(pairs, config.workers)
    with closing(replaying(drawn, config.replayed, device)) as batches:
        run.learn(batches, on_step)
    return run.kept


class _Run:
    """Model, optimiser and how far they got: steps, fresh batches, seconds."""

    def __init__(self, config: VerifierConfig, folder: Path, device: torch.device) -> None:
        self.config, self.folder, self.device = config, folder, device
        self.kept = folder / "checkpoint.safetensors"
        self.model = Verifier().to(device)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.done: dict[str, Any] = {"step": 0, "batches": 0, "seconds": 0.0}
        if self.kept.exists():
            self.done = checkpoint.resume(self.kept, self.model, nn.Module(), self.optimiser)
        (folder / "config.json").write_text(json.dumps(asdict(config), indent=1) + "\n")

    def learn(self, batches: Iterator[Pairs], on_step: Callable[[float, float], None]) -> None:
        """Until the run's end; saved every minute and at the end."""
        self.model.train()
        schedule = ScheduleConfig(learning_rate=self.config.learning_rate, warmup=_WARMUP)
        batch, seen = next(batches), list[Tensor]()
        before = saved = time.monotonic()
        while (share := self._share()) < 1:
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate(schedule, share)
            seen.append(step(self.model, self.optimiser, batch, self.device))
            now = time.monotonic()
            self.done["step"] += 1
            self.done["batches"] += not batch.again
            self.done["seconds"] += now - before
            before = now
            if self.done["step"] % _LOG_STEPS == 0:
                on_step(share, self._log(torch.stack(seen).mean(dim=0).tolist()))
                seen.clear()
            if now - saved > _SAVE_SECONDS:
                self._save()
                saved = now
            batch = next(batches)
        self._save()
        card = {"parameters": count_parameters(self.model), **self.done}
        (self.folder / "outcome.json").write_text(json.dumps(card, indent=1) + "\n")

    def _log(self, means: list[float]) -> float:
        value, first, told = means
        metrics = {**self.done, "loss": value, "first": first, "told": told}
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics) + "\n")
        return value

    def _save(self) -> None:
        checkpoint.save(self.kept, self.model, nn.Module(), self.optimiser, self.done)

    def _share(self) -> float:
        """How much of the run is done."""
        if self.config.minutes is not None:
            return float(self.done["seconds"]) / (60 * self.config.minutes)
        return float(self.done["step"]) / self.config.steps


def logits_of(model: Verifier, batch: Pairs, device: torch.device) -> Tensor:
    """float32 [N, C] of the drawings of each line."""
    count, drawings = batch.drawings.shape[:2]
    lines = batch.lines.expand(-1, drawings, -1, -1)
    pairs = torch.stack([lines, batch.drawings], dim=2).flatten(0, 1).float() / 255
    with mixed(device):
        return model(pairs.contiguous(memory_format=torch.channels_last)).float().view(count, -1)


def step(
    model: Verifier, optimiser: torch.optim.Optimizer, batch: Pairs, device: torch.device
) -> Tensor:
    """Learn from a batch: [loss, share of lines whose face is first, share of pairs told right]."""
    logits = logits_of(model, batch, device)
    value = loss(logits, batch.told)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimiser.step()
    found = logits.detach()
    first = found[:, 0] > found[:, 1:].masked_fill(~batch.told[:, 1:], -1e4).amax(dim=1)
    told = (found[:, 0] > 0).float().mean() / 2 + (found[:, 1:] < 0)[
        batch.told[:, 1:]
    ].float().mean() / 2
    return torch.stack([value.detach(), first.float().mean(), told])
