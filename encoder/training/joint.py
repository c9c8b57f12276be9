"""Net and column head learn together: what a run has for it beside the net and its other losses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encoder.training.batches import Batch
from encoder.training.config import RunConfig
from encoder.training.late_loss import LateInteraction, Seen
from encoder.training.model import FontEncoder
from encoder.training.onnxfile import read_column_head
from encoder.training.references import draw_references, neighbours
from encoder.training.tasks import Task

_LASTING = 0.99  # of a step's share of right answers in the running mean


class Joint:
    """The catalogue's lines of all faces, and the loss (with the column head) that asks them.

    `late` is to be trained. `means` float32 [faces, D] are the faces' mean vectors before the
    first step; `near` int64 [faces, n] their neighbours, None when none are asked for. `right`
    float32 [] is a running mean, from 0 on, of the share of pictures that find their face.
    """

    def __init__(
        self,
        config: RunConfig,
        task: Task,
        model: FontEncoder,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Draw the lines. The head starts as that of the warm start, if there is one."""
        device = next(model.parameters()).device
        self.late = LateInteraction(config.model, config.loss).to(device)
        if config.warm_start and config.warm_start.endswith(".onnx"):
            head = read_column_head(Path(config.warm_start))
            if head:
                self.late.head.load_state_dict(head)
        self.references = draw_references(task.seen, device, on_progress)
        self.means = self.references.means(model)
        asked = config.data.neighbours
        self.near: np.ndarray | None = neighbours(self.means, task.seen) if asked else None
        self.right = torch.zeros((), device=device)
        self._seed, self._generator = config.seed, torch.Generator(device)
        self._face_group = task.face_group.to(device)

    def lines_of(self, faces: Tensor, step: int) -> Tensor:
        """Some windows of each of `faces` int64 [F], a face's K in a row: uint8 [F K, 1, H, W].

        The same for the same `step`, so that a resumed run goes on exactly where it stopped.
        """
        self._generator.manual_seed((self._seed << 32) + step)
        return self.references.pick(faces, self._generator).flatten(0, 1)

    def loss(self, asked: Seen, answers: Seen, answering: Tensor, batch: Batch) -> Tensor:
        """The loss of the pictures of `batch`, `asked`, among the faces `answering` int64 [F].

        These ascend; `answers` are their `lines_of`.
        """
        own = torch.searchsorted(answering, batch.faces)
        twins = self._face_group[answering][None] == batch.groups[:, None]
        twins &= answering[None] != batch.faces[:, None]
        loss, right = self.late(asked, answers, own, twins)
        self.right = _LASTING * self.right + (1 - _LASTING) * right.detach()
        return loss
