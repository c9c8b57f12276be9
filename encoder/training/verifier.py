"""The net that says whether a line and a drawing of its words are in the same face.

An encoder looks at each picture for itself; this net sees one over the other, so that a serif
that is a little longer counts. Such a pair goes by the name of cross-encoder in text retrieval
(Nogueira and Cho 2019), and of two-channel network for patches (Zagoruyko and Komodakis 2015).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (24, 48, 96, 160)  # channels at a half, a quarter, an eighth and a sixteenth of the size


class Verifier(nn.Module):
    """Pairs of windows to logits of "the same face"."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        stem, *rest = widths
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
        )
        stages: list[nn.Module] = []
        for before, after in zip((stem, *rest), rest, strict=False):
            stages += [_Block(before, after, stride=2), _Block(after, after)]
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(2 * widths[-1], 1)

    def forward(self, pairs: Tensor) -> Tensor:
        """float32 [N] of `pairs` float32 [N, 2, H, W] in 0..1 (1 = paper): line, drawing."""
        ink = 1 - pairs
        both = torch.cat([ink, (ink[:, :1] - ink[:, 1:]).abs()], dim=1)
        seen = self.stages(self.stem(both))
        # A face is betrayed by one letter: the loudest place counts beside the mean.
        pooled = torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)
        return self.head(self.dropout(pooled))[:, 0]


class _Block(nn.Module):
    """Two convolutions with a way around them (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.around = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(
                nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.norm1(self.first(x)))
        return functional.relu(self.norm2(self.second(inner)) + self.around(x))


def loss(logits: Tensor, told: Tensor) -> Tensor:
    """float32 []: is it the face, and which of them, for `logits` float32 [N, C], the first right.

    Binary cross-entropy of each drawing, the right ones weighing as much as all others, and
    cross-entropy among the drawings of a line. `told` bool [N, C] says which count.
    """
    whole = told[:, 0]
    right = functional.softplus(-logits[:, 0])[whole].mean()
    wrong = functional.softplus(logits[:, 1:])[told[:, 1:]].mean()
    among = logits.masked_fill(~told, -1e4)[whole]
    which = functional.cross_entropy(
        among, torch.zeros(len(among), dtype=torch.long, device=logits.device)
    )
    return right + wrong + which
