"""Watch a run on families that it never sees: recall among them, and a picture of it.

For watching only. Nothing is chosen by these numbers; `scripts.benchmark` measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from encoder.prepare import cut_windows, line_strip, prepare
from encoder.training.batches import draw_window
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.typeset import TypesetError, draw_line

_TEXTS = ("Hamburgefons", "QUICKLY VEX", "jumpinglazy", "0123456")
_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Holdout:
    """Fixed queries and references: windows uint8 [N, 1, H, W], groups int64 [N]."""

    queries: np.ndarray
    query_groups: np.ndarray
    references: np.ndarray
    reference_groups: np.ndarray


def draw_holdout(faces: Sequence[TrainingFace], config: DataConfig, seed: int) -> Holdout:
    """Two distorted queries and a few clean reference lines a family, the same every time."""
    rng = np.random.default_rng((seed, 0x4E7D))
    queries: list[tuple[int, np.ndarray]] = []
    references: list[tuple[int, np.ndarray]] = []
    plain: dict[int, TrainingFace] = {}
    for face in faces:
        if face.group not in plain or face.ref.path.name.endswith("-400-normal.woff2"):
            plain[face.group] = face
    for group, face in plain.items():
        for _ in range(2):
            window = draw_window(face, rng, config)
            if window is not None:
                queries.append((group, window))
        references += [(group, w) for text in _TEXTS for w in _clean(face, text)]
    query_groups, query_windows = zip(*queries, strict=True)
    reference_groups, reference_windows = zip(*references, strict=True)
    return Holdout(
        np.stack(query_windows)[:, None],
        np.array(query_groups),
        np.stack(reference_windows)[:, None],
        np.array(reference_groups),
    )


def _clean(face: TrainingFace, text: str) -> list[np.ndarray]:
    text = "".join(c for c in text if c in face.coverage or c == " ")
    try:
        picture = np.asarray(draw_line(face.ref, text or "Aa", 48).convert("RGB"))
    except TypesetError:
        return []
    lines = prepare(picture)
    if not lines:
        return []
    return [(cut_windows(line_strip(picture, lines[0].box))[0, 0] * 255).astype(np.uint8)]


@torch.no_grad()
def embed(model: torch.nn.Module, windows: np.ndarray, device: torch.device) -> np.ndarray:
    """uint8 windows [N, 1, H, W] -> float32 [N, D]; the net is left in training mode."""
    model.eval()
    parts = []
    for start in range(0, len(windows), 64):
        part = torch.from_numpy(windows[start : start + 64]).to(device).float() / 255
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(model(part.contiguous(memory_format=torch.channels_last)).cpu().numpy())
    model.train()
    return np.concatenate(parts)


def measure(
    model: torch.nn.Module, holdout: Holdout, device: torch.device, sheet: Path
) -> dict[str, float]:
    """recall@1 and @5 among the held-out groups; writes the picture `sheet`."""
    queries = embed(model, holdout.queries, device)
    references = embed(model, holdout.references, device)
    order = np.argsort(-(queries @ references.T), axis=1)
    ranked = [_distinct(holdout.reference_groups[row], 5) for row in order]
    hits = [
        list(r).index(g) if g in r else 99
        for r, g in zip(ranked, holdout.query_groups, strict=True)
    ]
    _draw_sheet(holdout, ranked, sheet)
    return {
        "holdout_recall_at_1": float(np.mean([h < 1 for h in hits])),
        "holdout_recall_at_5": float(np.mean([h < 5 for h in hits])),
    }


def _distinct(groups: np.ndarray, count: int) -> list[int]:
    return [int(g) for g in dict.fromkeys(groups[:400].tolist())][:count]


def _draw_sheet(holdout: Holdout, ranked: list[list[int]], path: Path) -> None:
    """A row a query: the picture asked, then its five nearest families; green is right."""
    first = {int(g): i for i, g in reversed(list(enumerate(holdout.reference_groups)))}
    rows = []
    for i in np.linspace(0, len(ranked) - 1, min(_SHOWN, len(ranked))).astype(int):
        cells = [np.repeat(holdout.queries[i, 0][..., None], 3, axis=2)]
        for group in ranked[i]:
            cell = np.repeat(holdout.references[first[group], 0][..., None], 3, axis=2)
            right = group == holdout.query_groups[i]
            cell[..., 0 if right else 1] //= 2
            cell[..., 2] //= 2
            cells.append(cell)
        rows.append(np.concatenate(cells, axis=1))
    Image.fromarray(np.concatenate(rows)).save(path)
