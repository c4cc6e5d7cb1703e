"""Distances within a batch, in few operations."""

import torch
from torch import Tensor


def pair_distances(features: Tensor) -> Tensor:
    """Return the Euclidean distances (B, B); none is below 1e-6, where the root has no slope.

    Args:
        features: (B, D).
    """
    squares = features.square().sum(1)
    squared = torch.addmm(squares[:, None] + squares, features, features.t(), alpha=-2)
    return squared.clamp(min=1e-12).sqrt()


def hardest_pairs(features: Tensor, pids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distances (B,) to the farthest positive and to the nearest negative of each image.

    Where there is no other image of the identity, the image itself is the positive; without a
    negative its distance is not a number, as it would count as one that costs nothing.

    Args:
        features: (B, D).
        pids: (B,).
    """
    distances = pair_distances(features)
    is_same = pids[:, None] == pids
    positive = distances.masked_fill(~is_same, -torch.inf).amax(1)
    negative = distances.masked_fill(is_same, torch.inf).amin(1)
    return positive, negative.masked_fill(negative == torch.inf, torch.nan)
