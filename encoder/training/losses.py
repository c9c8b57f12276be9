"""Metric losses over unit vectors. Labels are group numbers (twins share one)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.training.config import ConfigError, LossConfig


class MarginSoftmax(nn.Module):
    """Cosine softmax over face proxies with an additive margin; a group is all its faces.

    CosFace (Wang et al. 2018, eq. 4) with several proxies a class: the probability of a group
    is the sum over its faces, so weights of a family need not fall on one point. A share
    `face_weight` of the loss asks for the face itself.
    """

    def __init__(self, config: LossConfig, face_group: Tensor, dim: int) -> None:
        super().__init__()
        self.config = config
        self.face_group: Tensor
        self.register_buffer("face_group", face_group, persistent=False)
        self.proxies = nn.Parameter(functional.normalize(torch.randn(len(face_group), dim)))

    @torch.no_grad()
    def start_at(self, means: Tensor) -> None:
        """Put the proxies at `means` [faces, D], of any length but 0."""
        self.proxies.copy_(functional.normalize(means))

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows), `groups` [N] and `faces` [N]."""
        cosine = vectors @ functional.normalize(self.proxies).T
        own = self.face_group[None, :] == groups[:, None]
        logits = self.config.scale * (cosine - self.config.margin * own)
        log_p = logits.log_softmax(dim=1)
        group_loss = -log_p.masked_fill(~own, -torch.inf).logsumexp(dim=1).mean()
        face_loss = functional.nll_loss(log_p, faces)
        return group_loss + self.config.face_weight * (face_loss - group_loss)


class SupCon(nn.Module):
    """Supervised contrastive loss, Khosla et al. 2020, eq. 2 (L_out).

    Anchors without a positive in the batch do not count; without any the loss is 0.
    """

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


class BatchHardTriplet(nn.Module):
    """Triplet loss with the hardest positive and negative of the batch, Hermans et al. 2017.

    Distances are 1 - cosine. Anchors that lack either do not count; without any the loss is 0.
    """

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.margin = config.margin

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar loss of `vectors` [N, D] (unit rows) and `groups` [N]."""
        distance = 1 - vectors @ vectors.T
        same = groups[:, None] == groups[None, :]
        itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        usable = (same & ~itself).any(dim=1) & (~same).any(dim=1)
        if not usable.any():
            return vectors.sum() * 0.0
        positive = distance.masked_fill(~same | itself, -torch.inf).max(dim=1).values
        negative = distance.masked_fill(same, torch.inf).min(dim=1).values
        return functional.relu(positive - negative + self.margin)[usable].mean()


def make_loss(config: LossConfig, face_group: Tensor, dim: int) -> nn.Module:
    """The loss that `config.kind` names. Raises `ConfigError`."""
    if config.kind == "margin-softmax":
        return MarginSoftmax(config, face_group, dim)
    if config.kind == "supcon":
        return SupCon(config)
    if config.kind == "triplet":
        return BatchHardTriplet(config)
    raise ConfigError(f"loss.kind = {config.kind!r} is not known")
