"""Which families a net finds by late interaction: for comparing short runs."""

from __future__ import annotations

import numpy as np
import torch

from encoder.training.late_loss import SHOWS
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.precision import mixed

_AT_ONCE = 64  # windows


@torch.no_grad()
def late_ranking(
    model: FontEncoder,
    head: ColumnHead,
    queries: np.ndarray,
    references: np.ndarray,
    groups: np.ndarray,
    device: torch.device,
) -> np.ndarray:
    """All groups for every query, the one that has its columns best first: int [N, G].

    `queries` uint8 [N, 1, H, W] and `references` uint8 [M, 1, H, W] are windows, `groups` int [M].
    A query's score with a group is the mean over its columns, weighted by their shares, of the
    cosine with the nearest column that shows ink in any of the group's references (Khattab and
    Zaharia 2020, eq. 3), as a search scores a face. The net is left in training mode.
    """
    names, place = np.unique(groups, return_inverse=True)
    order = np.argsort(place, kind="stable")
    sizes = torch.from_numpy(np.bincount(place)).to(device)
    model.eval()
    columns, _, shows = _columns(model, head, references[order], device)
    lengths = sizes * columns.shape[1]
    found = []
    for start in range(0, len(queries), _AT_ONCE):
        asked, shares, _ = _columns(model, head, queries[start : start + _AT_ONCE], device)
        alike = asked.flatten(0, 1) @ columns.flatten(0, 1).T
        alike.masked_fill_(~shows.flatten()[None], -1.0)
        best = torch.segment_reduce(alike.T.contiguous(), "max", lengths=lengths, axis=0).T
        scores = (best.unflatten(0, shares.shape) * shares[:, :, None]).sum(dim=1)
        found.append(scores.cpu().numpy())
    model.train()
    return names[np.argsort(-np.concatenate(found), axis=1, kind="stable")]


def _columns(
    model: FontEncoder, head: ColumnHead, windows: np.ndarray, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Unit columns [N, C, d], their shares [N, C], and which of them show ink, bool [N, C]."""
    parts = []
    for start in range(0, len(windows), _AT_ONCE):
        part = torch.from_numpy(windows[start : start + _AT_ONCE]).to(device).float() / 255
        with mixed(device):
            features, weights = model.features(part.contiguous(memory_format=torch.channels_last))
        parts.append((*head(features.float()), weights > SHOWS))
    vectors, shares, shows = (torch.cat(some) for some in zip(*parts, strict=True))
    return vectors, shares, shows
