"""How good a short run's net is: unseen families in the browser's pictures, several ways to ask.

Queries are lines that Chromium drew, distorted in every way whatever the run itself trained
on; all families that the run knows of are searched, by clean lines that FreeType drew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoder.training.batches import DrawnBatches
from encoder.training.browser_lines import BrowserLines, folder_beside
from encoder.training.config import DataConfig, RunConfig
from encoder.training.faces import TrainingFace
from encoder.training.holdout import class_means, draw_holdout, embed, ranking, recall
from encoder.training.late_ranking import late_ranking
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.tasks import Task

_EACH = 8  # queries a family
_MEAN_BATCHES = 16  # for class means of distorted pictures
_FRESH = 1_000_000  # number of a batch that no short run reaches
_SEED = 20_000  # of the queries: the same for every run


def outcome(
    model: FontEncoder,
    head: ColumnHead | None,
    task: Task,
    config: RunConfig,
    device: torch.device,
) -> dict[str, Any]:
    """Shares in 0..1: recall@1 and @5 of unseen and seen families, among all of `task`.

    By the most similar reference line, by class means of references (`means_...`) and, with a
    `head`, by late interaction (`late_...`). Without one also, for seen families, by the means of
    pictures that training saw (`trained_means_at_5`) and of others drawn the same way
    (`fresh_means_at_5`), among the seen ones alone. Faces made from others are not searched.
    """
    drawn_faces = [face for face in task.seen if not face.variant]
    everything = (*drawn_faces, *task.held)
    data = DataConfig(fonts=config.data.fonts, browser_share=1.0)
    lines = BrowserLines(folder_beside(Path(config.data.fonts)))
    found: dict[str, Any] = {"families": len({f.group for f in everything})}
    asked = {
        name: draw_holdout(faces, everything, data, _SEED, each=_EACH, lines=lines)
        for name, faces in (("unseen", task.held), ("seen", drawn_faces))
        if faces
    }
    queries = {name: embed(model, drawn.queries, device) for name, drawn in asked.items()}
    # Both sides are searched among the same clean lines.
    seen = asked["seen"]
    references, groups = embed(model, seen.references, device), seen.reference_groups
    for name, drawn in asked.items():
        ranked = {
            "": ranking(queries[name], references, groups),
            "means_": ranking(queries[name], *class_means(references, groups)),
        }
        if head is not None:
            answers = (seen.references, groups)
            ranked["late_"] = late_ranking(model, head, drawn.queries, *answers, device)
        found[f"{name}_queries"] = len(queries[name])
        for way, families in ranked.items():
            for k in (1, 5):
                found[f"{name}_{way}at_{k}"] = recall(families, drawn.query_groups, k)
    # What is compared in batches of neighbours, or with faces made from others, has no such means.
    for name, start in (("trained", 0), ("fresh", _FRESH)) if head is None else ():
        vectors, means_of = _pictures(model, task.seen, config, start, device)
        ranks = ranking(queries["seen"], *class_means(vectors, means_of))
        found[f"{name}_means_at_5"] = recall(ranks, seen.query_groups, 5)
    return found


def _pictures(
    model: FontEncoder,
    faces: Sequence[TrainingFace],
    config: RunConfig,
    start: int,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors [N, D] and groups [N] of the run's batches from number `start` on."""
    data = config.data if start < _FRESH else replace(config.data, different_batches=None)
    batches = DrawnBatches(faces, data, config.seed)
    drawn = [batches.draw(start + i) for i in range(_MEAN_BATCHES)]
    windows = torch.cat([batch.windows for batch in drawn]).numpy()
    groups = torch.cat([batch.groups for batch in drawn]).numpy()
    return embed(model, windows, device), groups
