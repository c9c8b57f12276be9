"""The encoder net: a backbone, one ink channel in, a unit vector out."""

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
        columns = self.merge(self.backbone(1.0 - windows))  # [N, head, 1, columns]
        weights = self.attention(columns).flatten(1).float().softmax(dim=1)
        pooled = (columns.flatten(2) * weights[:, None, :]).sum(dim=2)
        return functional.normalize(self.project(pooled).float(), dim=1)


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
