"""Losses that compare the pictures of a batch with each other.

Pictures without a partner, or without a stranger, do not count; a batch of only such gives 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.training.config import LossConfig

_CLIP_SCALE, _CLIP_LARGEST = 1 / 0.07, 100.0  # Radford et al. 2021, section 2.5


class SupCon(nn.Module):
    """Supervised contrastive loss, Khosla et al. 2020, eq. 2 (L_out)."""

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.temperature = config.temperature

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows) and `groups` [N]."""
        itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        logits = (vectors @ vectors.T / self.temperature).masked_fill(itself, -torch.inf)
        log_p = (logits - logits.logsumexp(dim=1, keepdim=True)).masked_fill(itself, 0.0)
        positive = (groups[:, None] == groups[None, :]) & ~itself
        count = positive.sum(dim=1)
        if not count.any():
            return vectors.sum() * 0.0
        per_anchor = -(log_p * positive).sum(dim=1)[count > 0] / count[count > 0]
        return per_anchor.mean()


class Clip(nn.Module):
    """Which second picture belongs to which first one, asked both ways: Radford et al. 2021.

    The first two pictures of every group are a pair ("same font, other text"), those of the
    other groups its negatives. The scale is learned.
    """

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(_CLIP_SCALE)))

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows) and `groups` [N]."""
        order = groups.argsort(stable=True)
        new = torch.ones_like(order, dtype=torch.bool)
        new[1:] = groups[order][1:] != groups[order][:-1]
        start = new.nonzero().flatten()
        paired = start[(start + 1 < len(order)) & ~new[(start + 1).clamp(max=len(order) - 1)]]
        if len(paired) < 2:
            return vectors.sum() * 0.0
        scale = self.log_scale.exp().clamp(max=_CLIP_LARGEST)
        logits = scale * (vectors[order[paired]] @ vectors[order[paired + 1]].T)
        right = torch.arange(len(paired), device=vectors.device)
        both = functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)
        return both / 2


class Contrastive(nn.Module):
    """Pairs together or `margin` apart, Hadsell et al. 2006, eq. 4, on Euclidean distances.

    Equal and unequal pairs weigh the same, however many there are of each.
    """

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.margin = config.margin

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows) and `groups` [N]."""
        squared = (2 - 2 * vectors @ vectors.T).clamp(min=1e-12)  # a root's slope at 0 is infinite
        upper = torch.ones_like(squared, dtype=torch.bool).triu(diagonal=1)
        same = groups[:, None] == groups[None, :]
        near, far = squared[same & upper], squared[~same & upper]
        if not len(near) or not len(far):
            return vectors.sum() * 0.0
        return 0.5 * (near.mean() + functional.relu(self.margin - far.sqrt()).square().mean())


class Triplet(nn.Module):
    """A positive nearer than a negative by `margin`; distances are 1 - cosine.

    "hard": the furthest positive and the nearest negative of the batch (Hermans et al. 2017).
    "semi-hard": for every positive the nearest negative that is further than it, or else the
    furthest negative (Schroff et al. 2015, section 3.2).
    """

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.margin, self.mining = config.margin, config.mining

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows) and `groups` [N]."""
        distance = 1 - vectors @ vectors.T
        same = groups[:, None] == groups[None, :]
        itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        usable = (same & ~itself).any(dim=1) & (~same).any(dim=1)
        if not usable.any():
            return vectors.sum() * 0.0
        if self.mining == "hard":
            positive = distance.masked_fill(~same | itself, -torch.inf).max(dim=1).values[usable]
            negative = distance.masked_fill(same, torch.inf).min(dim=1).values[usable]
        else:
            anchor, partner = (same & ~itself & usable[:, None]).nonzero(as_tuple=True)
            positive = distance[anchor, partner]
            negative = _semi_hard(distance[anchor], ~same[anchor], positive)
        return functional.relu(positive - negative + self.margin).mean()


def _semi_hard(distance: Tensor, stranger: Tensor, positive: Tensor) -> Tensor:
    """For each row of `distance` [P, N] the nearest stranger past `positive` [P], or the last."""
    past = stranger & (distance > positive[:, None])
    nearest = distance.masked_fill(~past, torch.inf).min(dim=1).values
    furthest = distance.masked_fill(~stranger, -torch.inf).max(dim=1).values
    return torch.where(past.any(dim=1), nearest, furthest)
