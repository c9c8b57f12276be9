"""The encoder net: a backbone, one ink channel in, a unit vector out; and its column head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.training.backbones import make_backbone
from encoder.training.config import ModelConfig


class FontEncoder(nn.Module):
    """Windows [N, 1, H, W] float32 in 0..1 (0 = ink) to vectors [N, D] float32 of unit length.

    The backbone's columns (its rows merged by a convolution, so that the place of a stroke
    above the baseline counts) are weighted by attention: paper beside a short word gets none.
    H from 33 to 64 gives the two rows that the head needs.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.backbone, channels = make_backbone(config.backbone)
        self.merge = nn.Sequential(
            nn.Conv2d(channels, config.head, kernel_size=(2, 1), bias=False),
            nn.BatchNorm2d(config.head),
            nn.ReLU(inplace=True),
        )
        self.attention = nn.Conv2d(config.head, 1, kernel_size=1)
        self.project = nn.Linear(config.head, config.dim)

    def forward(self, windows: Tensor) -> Tensor:
        """[N, 1, H, W] -> [N, D]."""
        columns, weights = self.features(windows)
        return self.pooled(columns, weights)

    def features(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """[N, 1, H, W] -> the columns [N, C, head] and what each counts in the pool [N, C]."""
        columns = self.merge(self.backbone(1.0 - windows))  # [N, head, 1, C]
        weights = self.attention(columns).flatten(1).float().softmax(dim=1)
        return columns.flatten(2).transpose(1, 2), weights

    def pooled(self, columns: Tensor, weights: Tensor) -> Tensor:
        """[N, C, head], [N, C] -> [N, D]."""
        mean = (columns * weights[:, :, None]).sum(dim=1)
        return functional.normalize(self.project(mean).float(), dim=1)


class ColumnHead(nn.Module):
    """The columns of a window one by one, for late interaction (Khattab and Zaharia 2020).

    A column is about a letter wide. Where the pooled vector says what a font is like, these say
    what its single letters are like. Trained with the net: see `encoder.training.late_loss`.
    """

    def __init__(self, head: int, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(head, dim)
        self.attention = nn.Linear(head, 1)

    def forward(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, head] -> unit vectors [N, C, d], and shares [N, C] that sum to 1."""
        vectors = functional.normalize(self.project(columns).float(), dim=2)
        return vectors, self.attention(columns).flatten(1).float().softmax(dim=1)


def count_parameters(model: nn.Module) -> int:
    """Trainable numbers of a net."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def coarser(windows: Tensor, height: int) -> Tensor:
    """The same windows [N, 1, H, W] at a smaller `height`, for the cheap part of a run."""
    if height == windows.shape[2]:
        return windows
    width = windows.shape[3] * height // windows.shape[2]
    return functional.interpolate(
        windows, (height, width), mode="bilinear", antialias=True, align_corners=False
    ).to(torch.float32)
