"""Ask a net for families that it never sees: recall, class means, and a picture of it.

For watching a run and for comparing short ones; `scripts.benchmark` measures what ships.
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
from encoder.training.browser_lines import BrowserLines
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.precision import mixed
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


def draw_holdout(
    asked: Sequence[TrainingFace],
    searched: Sequence[TrainingFace],
    config: DataConfig,
    seed: int,
    *,
    each: int = 2,
    lines: BrowserLines | None = None,
) -> Holdout:
    """`each` distorted queries a family asked, clean lines of all searched; seeded.

    With `lines`, a share `config.browser_share` of the queries is the browser's.
    """
    rng = np.random.default_rng((seed, 0x4E7D))
    queries = [
        (face.group, window)
        for face in _plainest(asked)
        for _ in range(each)
        if (window := draw_window(face, rng, config, lines)) is not None
    ]
    references = [
        (face.group, window)
        for face in _plainest(searched)
        for text in _TEXTS
        for window in _clean(face, text)
    ]
    query_groups, query_windows = zip(*queries, strict=True)
    reference_groups, reference_windows = zip(*references, strict=True)
    return Holdout(
        np.stack(query_windows)[:, None],
        np.array(query_groups),
        np.stack(reference_windows)[:, None],
        np.array(reference_groups),
    )


def _plainest(faces: Sequence[TrainingFace]) -> list[TrainingFace]:
    """One face a group: its regular one, if there is one."""
    plain: dict[int, TrainingFace] = {}
    for face in faces:
        if face.group not in plain or face.ref.path.name.endswith("-400-normal.woff2"):
            plain[face.group] = face
    return list(plain.values())


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
        with mixed(device):
            parts.append(model(part.contiguous(memory_format=torch.channels_last)).cpu().numpy())
    model.train()
    return np.concatenate(parts)


def measure(
    model: torch.nn.Module, holdout: Holdout, device: torch.device, sheet: Path
) -> dict[str, float]:
    """recall@1 and @5 among the searched groups; writes the picture `sheet`."""
    queries = embed(model, holdout.queries, device)
    references = embed(model, holdout.references, device)
    ranked = ranking(queries, references, holdout.reference_groups)
    _draw_sheet(holdout, ranked[:, :5], sheet)
    return {
        "holdout_recall_at_1": recall(ranked, holdout.query_groups, 1),
        "holdout_recall_at_5": recall(ranked, holdout.query_groups, 5),
    }


def ranking(queries: np.ndarray, references: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """All groups for every query, the one with the most similar reference first: [N, G].

    `queries` [N, D] and `references` [M, D] are unit vectors; `groups` int [M].
    """
    names, place = np.unique(groups, return_inverse=True)
    best = np.full((len(queries), len(names)), -np.inf, np.float32)
    for start in range(0, len(references), 1024):  # bounds the memory
        part = slice(start, start + 1024)
        np.maximum.at(best.T, place[part], references[part] @ queries.T)
    return names[np.argsort(-best, axis=1, kind="stable")]


def recall(ranked: np.ndarray, groups: np.ndarray, k: int) -> float:
    """The share of rows of `ranked` [N, G] that hold their group of `groups` [N] in the first k."""
    return float((ranked[:, :k] == groups[:, None]).any(axis=1).mean())


def class_means(vectors: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit mean of every group's vectors: float32 [G, D], int [G]."""
    names, place = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), np.float32)
    np.add.at(sums, place, vectors)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), names


def _draw_sheet(holdout: Holdout, ranked: np.ndarray, path: Path) -> None:
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
