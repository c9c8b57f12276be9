"""Teach a trained net's column head; all the rest of it stays as it is.

A window of distorted text is asked, and the faces answer by late interaction with the columns of
their reference lines, as in a search: its own face must come first among those that the pooled
vector takes for it, and some others. Twins of it are not asked. As nothing before the head
changes, its input is computed once and kept on disk, so a run that is stopped goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.prepare import HEIGHT, WIDTH, prepare
from encoder.reference import draw_reference, reference_lines
from encoder.training.batches import DrawnBatches
from encoder.training.browser_lines import write_arrays
from encoder.training.config import DataConfig
from encoder.training.faces import TrainingFace
from encoder.training.model import ColumnHead, FontEncoder
from encoder.typeset import TypesetError

OnPrepare = Callable[[str, int, int], None]

_SHOWS = 0.01  # least weight in the pool of a column that is kept: paper has none
_FACES_AT_ONCE = 64
_WINDOWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class LateConfig:
    """How the head is taught. `against` faces beside the right one, of the `nearest` others."""

    dim: int = 64
    windows: int = 60_000
    steps: int = 3_000
    batch: int = 40
    against: int = 6
    nearest: int = 40
    columns: int = 96  # of a face, drawn anew each time
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    scale: float = 20.0  # of the cosines in the softmax; learned from there
    seed: int = 0


@dataclass(frozen=True)
class Features:
    """What the head sees, float16: `references` [n, head] of each face, of the others' windows.

    `asked` float16 [N, C, head], `answers` int64 [N] their faces, `vectors` float32 [N, D] and
    `face_vectors` float32 [F, D] are pooled; `groups` int64 [F] are the same for twins.
    """

    references: list[Tensor]
    groups: Tensor
    face_vectors: Tensor
    asked: Tensor
    answers: Tensor
    vectors: Tensor


def teach_columns(
    model: FontEncoder,
    features: Features,
    config: LateConfig,
    on_step: Callable[[float, float], None] = lambda share, loss: None,
) -> tuple[ColumnHead, float]:
    """The head, and the share of right answers in its last hundred steps."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng((config.seed, 0x1A7E))
    head = _first_head(model, features, config.dim, rng)
    scale = nn.Parameter(torch.tensor(math.log(config.scale)))
    near = _nearest(features, config.nearest)
    optimiser = torch.optim.AdamW(
        [*head.parameters(), scale], config.learning_rate, weight_decay=config.weight_decay
    )
    right: list[float] = []
    for step, asked in enumerate(_batches(len(features.asked), config, rng)):
        share = step / config.steps
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _cosine(share)
        faces = _answering(features, asked, near, config, rng)
        scores = _scores(head, features, asked, faces, config, rng)
        own = features.answers[asked]
        twins = features.groups[faces][None, :] == features.groups[own][:, None]
        twins &= faces[None, :] != own[:, None]
        logits = (scores * scale.exp()).masked_fill(twins, -torch.inf)
        target = torch.searchsorted(faces, own)
        loss = functional.cross_entropy(logits, target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        right.append(float((logits.argmax(dim=1) == target).float().mean()))
        on_step(share, float(loss.detach()))
    return head.eval(), float(np.mean(right[-100:]))


@torch.no_grad()
def _first_head(
    model: FontEncoder, features: Features, dim: int, rng: np.random.Generator
) -> ColumnHead:
    """The principal axes of what the pooled projection makes of columns, and its attention."""
    head = ColumnHead(model.project.in_features, dim)
    chosen = rng.permutation(len(features.references))[:600]
    columns = torch.cat([features.references[at][:40] for at in chosen]).float()
    made = columns @ model.project.weight.T
    middle = made.mean(dim=0)
    axes = torch.linalg.svd(made - middle, full_matrices=False)[2][:dim]
    head.project.weight.copy_(axes @ model.project.weight)
    head.project.bias.copy_(-0.5 * axes @ middle)
    assert model.attention.bias is not None  # a Conv2d's is made unless it is asked not to
    head.attention.weight.copy_(model.attention.weight.flatten(1))
    head.attention.bias.copy_(model.attention.bias)
    return head


def _cosine(share: float) -> float:
    warm = min(1.0, share / 0.02 + 1e-3)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def _batches(count: int, config: LateConfig, rng: np.random.Generator) -> Iterator[Tensor]:
    order = rng.permutation(count)
    for step in range(config.steps):
        at = step * config.batch % max(1, count - config.batch + 1)
        if at < config.batch:
            order = rng.permutation(count)
        yield torch.from_numpy(order[at : at + config.batch])


@torch.no_grad()
def _nearest(features: Features, count: int) -> Tensor:
    """The nearest faces of other groups for every window, one a group: int64 [N, count]."""
    found = torch.zeros(len(features.asked), count, dtype=torch.int64)
    for start in range(0, len(found), 512):
        part = slice(start, start + 512)
        order = (
            (features.vectors[part] @ features.face_vectors.T)
            .topk(min(4 * count, len(features.face_vectors)), dim=1)
            .indices
        )
        for row, (faces, own) in enumerate(zip(order, features.answers[part], strict=True)):
            groups = features.groups[faces].numpy()
            first = np.sort(np.unique(groups, return_index=True)[1])
            others = faces[first][features.groups[faces[first]] != features.groups[own]]
            found[start + row] = others[torch.arange(count) % len(others)]
    return found


def _answering(
    features: Features, asked: Tensor, near: Tensor, config: LateConfig, rng: np.random.Generator
) -> Tensor:
    """The faces of a step, ascending: the right ones, and hard ones of each window."""
    faces = [features.answers[asked]]
    for at in asked:
        among = config.nearest if rng.random() < 0.5 else config.nearest // 3
        chosen = rng.choice(among, size=min(config.against, among), replace=False)
        faces.append(near[at, torch.from_numpy(chosen)])
    return torch.cat(faces).unique()


def _scores(
    head: ColumnHead,
    features: Features,
    asked: Tensor,
    faces: Tensor,
    config: LateConfig,
    rng: np.random.Generator,
) -> Tensor:
    """Late interaction of windows and faces: [len(asked), len(faces)]."""
    some = [_some(features.references[at], config.columns, rng) for at in faces.tolist()]
    answers, _ = head(torch.stack(some).float())
    columns, shares = head(features.asked[asked].float())
    best = torch.einsum("bcd,fkd->bcfk", columns, answers).amax(dim=3)
    return (best * shares[:, :, None]).sum(dim=1)


def _some(rows: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """`count` of the rows, in any order; a shorter list is repeated."""
    order = rng.permutation(max(len(rows), count))[:count]
    return rows[torch.from_numpy(order % len(rows))]


# What the head sees ------------------------------------------------------------------


def draw_features(
    model: FontEncoder,
    faces: Sequence[TrainingFace],
    data: DataConfig,
    config: LateConfig,
    folder: Path,
    on_prepare: OnPrepare = lambda what, done, total: None,
) -> Features:
    """Draw and embed reference lines of all `faces` and distorted windows of some.

    What is done is kept in `folder`, which must belong to this net. Faces of which no line could
    be drawn are left out.
    """
    cv2.setNumThreads(1)
    model.eval()
    folder.mkdir(parents=True, exist_ok=True)
    references, face_vectors, kept = _references(model, faces, folder, on_prepare)
    asked, answers, vectors = _asked(model, faces, data, config, folder, on_prepare)
    place = torch.full((len(faces),), -1, dtype=torch.int64)
    place[kept] = torch.arange(len(kept))
    usable = place[answers] >= 0
    return Features(
        references,
        torch.tensor([faces[at].group for at in kept.tolist()]),
        face_vectors,
        asked[usable],
        place[answers[usable]],
        vectors[usable],
    )


def _references(
    model: FontEncoder, faces: Sequence[TrainingFace], folder: Path, on_prepare: OnPrepare
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Columns by face, pooled vectors [F, D], and which of `faces` these are [F]."""
    columns: list[Tensor] = []
    vectors: list[Tensor] = []
    kept: list[int] = []
    for start in range(0, len(faces), _FACES_AT_ONCE):
        part = faces[start : start + _FACES_AT_ONCE]

        def made(part: Sequence[TrainingFace] = part) -> dict[str, np.ndarray]:
            return _references_of(model, part)

        found = _kept(folder / f"references-{start}.npz", made)
        ends = found["sizes"].cumsum()[:-1]
        for at, rows in enumerate(np.split(found["columns"], ends)):
            if len(rows):
                kept.append(start + at)
                columns.append(torch.from_numpy(rows))
                vectors.append(torch.from_numpy(found["vectors"][at]))
        on_prepare("drawing references", min(start + _FACES_AT_ONCE, len(faces)), len(faces))
    return columns, torch.stack(vectors), torch.tensor(kept)


def _references_of(model: FontEncoder, faces: Sequence[TrainingFace]) -> dict[str, np.ndarray]:
    windows = [_reference_windows(face) for face in faces]
    sizes = np.array([len(some) for some in windows])
    columns, weights, vectors = _seen(model, np.concatenate(windows))
    starts = np.cumsum(sizes) - sizes
    parts, means = [], []
    for start, size in zip(starts, sizes, strict=True):
        part = slice(start, start + size)
        parts.append(columns[part][weights[part] > _SHOWS])
        mean = vectors[part].mean(axis=0) if size else np.zeros(vectors.shape[1], np.float32)
        means.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
    return {
        "columns": np.concatenate(parts),
        "sizes": np.array([len(part) for part in parts]),
        "vectors": np.stack(means).astype(np.float32),
    }


def _reference_windows(face: TrainingFace) -> np.ndarray:
    """The windows of the face's reference lines, float32 [n, 1, H, W]."""
    windows = [np.empty((0, 1, HEIGHT, WIDTH), np.float32)]
    for line in reference_lines(face.coverage):
        try:
            windows += [found.windows for found in prepare(draw_reference(face.ref, line))]
        except TypesetError:
            continue
    return np.concatenate(windows)


def _asked(
    model: FontEncoder,
    faces: Sequence[TrainingFace],
    data: DataConfig,
    config: LateConfig,
    folder: Path,
    on_prepare: OnPrepare,
) -> tuple[Tensor, Tensor, Tensor]:
    """Columns [N, C, head] of distorted windows, their faces [N], pooled vectors [N, D]."""
    batches = DrawnBatches(faces, data, config.seed)
    size = data.families_per_batch * data.samples_per_family
    parts = []
    for number in range(math.ceil(config.windows / size)):

        def made(number: int = number) -> dict[str, np.ndarray]:
            batch = batches.draw(number)
            windows = batch.windows.numpy().astype(np.float32) / 255
            columns, _, vectors = _seen(model, windows)
            return {"columns": columns, "faces": batch.faces.numpy(), "vectors": vectors}

        parts.append(_kept(folder / f"asked-{config.seed}-{number}.npz", made))
        on_prepare("drawing windows", (number + 1) * size, config.windows)

    def all_of(key: str) -> Tensor:
        return torch.from_numpy(np.concatenate([part[key] for part in parts]))

    return all_of("columns"), all_of("faces"), all_of("vectors")


def _kept(path: Path, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What the file holds; made and written if there is none."""
    if not path.exists():
        write_arrays(path, make())
    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


@torch.no_grad()
def _seen(model: FontEncoder, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns float16 [N, C, head], their weights [N, C], pooled vectors float32 [N, D]."""
    device = next(model.parameters()).device
    parts = []
    for start in range(0, max(len(windows), 1), _WINDOWS_AT_ONCE):
        part = torch.from_numpy(windows[start : start + _WINDOWS_AT_ONCE]).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            columns, weights = model.features(part.contiguous(memory_format=torch.channels_last))
            vectors = model.pooled(columns, weights)
        parts.append((columns.half().cpu(), weights.cpu(), vectors.float().cpu()))
    columns, weights, vectors = (torch.cat(each) for each in zip(*parts, strict=True))
    return columns.numpy(), weights.numpy(), vectors.numpy()
