"""Late interaction as a loss: a picture must find its face by the lines of the catalogue.

Beside the classifier, whose proxies no search ever sees, this asks what a search asks: of all faces
of the batch, do the picture's columns (Khattab and Zaharia 2020), and its pooled vector, lie
nearest to those of its own face's lines?
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.training.config import LossConfig, ModelConfig
from encoder.training.model import ColumnHead

SHOWS = 0.01  # least weight in the pool of a column that is compared: paper has none
_SCALE = 20.0  # of the cosines in the softmax; learned from there


@dataclass(frozen=True, slots=True)
class Seen:
    """What the net makes of windows: columns [N, C, head], weights [N, C], vectors [N, D].

    As of `FontEncoder.features` and `FontEncoder.pooled`: weights sum to 1, vectors are unit ones.
    """

    columns: Tensor
    weights: Tensor
    vectors: Tensor

    def split(self, first: int) -> tuple[Seen, Seen]:
        """The first so many windows, and the others."""
        parts = (self.columns, self.weights, self.vectors)
        return Seen(*(p[:first] for p in parts)), Seen(*(p[first:] for p in parts))


class LateInteraction(nn.Module):
    """The column head (`head`, for columns of `model`), and the loss that teaches it.

    Cross entropy over faces, by columns (Khattab and Zaharia 2020, eq. 3, weighted by shares)
    and by pooled vectors, each with a scale of its own that is learned.
    """

    def __init__(self, model: ModelConfig, loss: LossConfig) -> None:
        super().__init__()
        self.head = ColumnHead(model.head, loss.columns)
        self.scales = nn.Parameter(torch.full((2,), math.log(_SCALE)))
        self.weights = (loss.late_weight, loss.near_weight)

    def forward(
        self,
        asked: Seen,
        answering: Seen,
        own: Tensor,
        twins: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Loss float32 [], and the share float32 [] of pictures that find their face by columns.

        `asked` are N pictures, `answering` F faces with K >= 2 windows each, in a row; `own` int64
        [N] is each picture's face of those F, `twins` bool [N, F] are other faces that look the
        same: they are not counted against it.
        """
        count = twins.shape[1]
        late = self._columns(asked, answering, count)
        # The better two windows of a face: not each of them has the picture's letters.
        near = asked.vectors @ answering.vectors.T
        near = near.unflatten(1, (count, -1)).topk(2, dim=2).values.mean(dim=2)
        loss = torch.zeros((), device=own.device)
        for scores, scale, weight in zip((late, near), self.scales, self.weights, strict=True):
            # Scaled first: a scale's gradient would be that of minus infinity.
            logits = (scores * scale.exp()).float().masked_fill(twins, -torch.inf)
            loss = loss + weight * functional.cross_entropy(logits, own)
        found = late.masked_fill(twins, -torch.inf).argmax(dim=1)
        return loss, (found == own).float().mean()

    def _columns(self, asked: Seen, answering: Seen, count: int) -> Tensor:
        """Scores float32 [N, F]: each column of a picture meets the nearest one of a face."""
        vectors, shares = self.head(asked.columns.float())
        answers, _ = self.head(answering.columns.float())
        alike = vectors.flatten(0, 1) @ answers.flatten(0, 1).T
        shows = (answering.weights > SHOWS).flatten()
        alike = alike.masked_fill(~shows[None], -1.0)
        best = alike.unflatten(1, (count, -1)).amax(dim=2)
        return (best.unflatten(0, shares.shape) * shares[:, :, None]).sum(dim=1)
