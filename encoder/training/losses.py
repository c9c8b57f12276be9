"""Losses of a classifier over the faces or families, and the table of all losses.

Every loss takes unit vectors [N, D], group numbers [N] (twins share one) and face numbers [N].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.training.config import LossConfig
from encoder.training.pair_losses import Clip, Contrastive, SupCon, Triplet


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


class Softmax(nn.Module):
    """Plain classification of the groups: a linear layer over the scaled vectors."""

    def __init__(self, config: LossConfig, face_group: Tensor, dim: int) -> None:
        super().__init__()
        self.scale = config.scale
        self.classify = nn.Linear(dim, int(face_group.max()) + 1)

    def forward(self, vectors: Tensor, groups: Tensor, faces: Tensor) -> Tensor:
        """Scalar cross entropy of `vectors` [N, D] (unit rows) and `groups` [N]."""
        return functional.cross_entropy(self.classify(self.scale * vectors), groups)


def make_loss(kind: str, config: LossConfig, face_group: Tensor, dim: int) -> nn.Module:
    """The loss called `kind` (one of `config.LOSSES`) for faces of `face_group` int64 [faces]."""
    if kind == "margin-softmax":
        return MarginSoftmax(config, face_group, dim)
    if kind == "softmax":
        return Softmax(config, face_group, dim)
    return {"supcon": SupCon, "clip": Clip, "contrastive": Contrastive, "triplet": Triplet}[kind](
        config
    )
