"""What may stand before the head: a timm model, or the plain convolutional baseline."""

from __future__ import annotations

import re

import torch
from torch import nn

from encoder.training.config import ConfigError
from encoder.training.timm_import import import_timm

_PLAIN = re.compile(r"conv([12])x(\d+)")
_DOWNSAMPLINGS = 5  # as in a ResNet: a window of 64 pixels becomes two rows


def make_backbone(name: str) -> tuple[nn.Module, int]:
    """From [N, 1, H, W] to [N, C, H/32, W/32], and C; weights are random.

    `name` is a timm model's, or "conv1x32": one convolution (or two) between downsamplings,
    32 channels at first and twice as many after each. Raises `ConfigError`.
    """
    if plain := _PLAIN.fullmatch(name):
        return _plain(convs=int(plain[1]), width=int(plain[2]))
    try:
        model = import_timm().create_model(name, in_chans=1, num_classes=0, global_pool="")
    except RuntimeError as error:
        raise ConfigError(f"model.backbone = {name!r}: {error}") from error
    with torch.no_grad():
        channels = model.eval()(torch.zeros(1, 1, 64, 64)).shape[1]
    return model.train(), channels


def _plain(convs: int, width: int) -> tuple[nn.Module, int]:
    layers: list[nn.Module] = []
    channels = 1
    for stage in range(_DOWNSAMPLINGS):
        for _ in range(convs):
            wider = width * 2**stage
            layers += [
                nn.Conv2d(channels, wider, kernel_size=3, padding=1, bias=False),
                nn.BatchNorm2d(wider),
                nn.ReLU(inplace=True),
            ]
            channels = wider
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers), channels
