"""From the last map of the global branch to its feature; the paper has the mean (section 2.1).

The part branch keeps the mean in each of its rows, because a sum is what lets its convolution
follow the pooling; see :mod:`midattr_plugin.models.part_branch`.

Shapes: B images, C channels, h x w positions of the map.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

_SMALLEST = 1e-6  # value of a map; a logarithm has none at 0


class Maximum(nn.Module):
    """Largest value of each channel (e.g. MGN: Wang et al., ACM Multimedia 2018)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C).

        Args:
            maps: (B, C, h, w).
        """
        return maps.amax((2, 3))


class GeneralizedMean(nn.Module):
    """p-th root of the mean of the p-th powers: the mean for p = 1, near the maximum for a large p.

    Radenovic, Tolias and Chum, Fine-tuning CNN Image Retrieval with No Human Annotation, TPAMI
    2018 (Eq. 3). p is learned, one for all channels, and starts at 3, as in AGW (Ye et al., TPAMI
    2021) and in the SBS recipe of fast-reid.

    Computed as logarithms, so that no power of a value leaves the range of float32.

    Attributes:
        p: (1,).
    """

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), 3.0))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C).

        Args:
            maps: (B, C, h, w); values below 1e-6, such as the zeros of a ReLU, count as 1e-6.
        """
        powers = self.p * maps.clamp(min=_SMALLEST).log()
        positions = maps.shape[2] * maps.shape[3]
        return ((powers.logsumexp((2, 3)) - math.log(positions)) / self.p).exp()


POOLINGS: dict[str, Callable[[], nn.Module] | None] = {
    'avg': None,
    'gem': GeneralizedMean,
    'max': Maximum,
}
"""Poolings of the global branch by name: a module, or nothing for the mean. Each of them pools
s * maps to s times what it pools maps to, which :func:`position_shares` needs."""


def position_shares(pool: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
    """Return the share (B, C, h, w) of each position in the pooled vector; they sum to it.

    Euler's theorem: a function f with f(s * x) = s * f(x) is the sum of its slopes times x. For a
    mean these are the values divided by their number, for a maximum the largest value where it
    stands, and for a generalized mean they grow with the p-th power of the value.

    Args:
        pool: from (B, C, h, w) to (B, C), one of ``POOLINGS`` or the mean.
        maps: (B, C, h, w).
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaf = maps.detach().clone().requires_grad_()
        (slopes,) = torch.autograd.grad(pool(leaf).sum(), leaf)
    return slopes * maps
