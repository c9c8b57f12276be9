"""Nets that the head accepts."""

from __future__ import annotations

import pytest
import torch

from encoder.training.backbones import make_backbone
from encoder.training.config import ConfigError


@pytest.mark.parametrize(
    ("name", "channels", "parameters"),
    [
        # 3 x 3 kernels and two numbers a channel of each norm, added up by hand.
        ("conv1x4", 64, 9 * (4 + 4 * 8 + 8 * 16 + 16 * 32 + 32 * 64) + 2 * 124),
        ("conv2x4", 64, 9 * (4 + 4 * 8 + 8 * 16 + 16 * 32 + 32 * 64 + 16 * 341) + 2 * 248),
        ("resnet10t", 512, None),
    ],
)
@pytest.mark.parametrize("height", [48, 64])
def test_a_backbone_gives_two_rows(
    name: str, channels: int, parameters: int | None, height: int
) -> None:
    """A window of either height becomes two rows at a 32nd of the width."""
    net, found = make_backbone(name)
    assert found == channels
    assert net(torch.rand(2, 1, height, 128)).shape == (2, channels, 2, 4)
    if parameters is not None:
        assert sum(p.numel() for p in net.parameters()) == parameters


def test_an_unknown_backbone_is_named() -> None:
    """Neither timm's nor plain."""
    with pytest.raises(ConfigError, match="conv3x8"):
        make_backbone("conv3x8")
