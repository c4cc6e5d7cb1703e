"""Large-margin softmax of the identities: cosines made harder for the true identity.

The model's classifier gives cosines (:class:`~midattr_plugin.models.layers.CosineClassifier`). In
training the one of the true identity must be larger than the others by a margin; all are scaled,
because a softmax of numbers in [-1, 1] cannot become certain. pytorch-metric-learning has two of
these, but as losses that own the weights of the classifier, which here are the model's.

Shapes: B images, n identities.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class MarginSoftmax(nn.Module, ABC):
    """From cosines to logits, which a cross entropy takes.

    Args:
        scale: s, by which the cosines are multiplied.
        margin: m.
    """

    def __init__(self, scale: float = 64.0, margin: float = 0.35):
        super().__init__()
        self.scale = scale
        self.margin = margin

    @abstractmethod
    def forward(self, cosines: Tensor, pids: Tensor) -> Tensor:
        """Return the logits (B, n) of training.

        Args:
            cosines: (B, n), in [-1, 1].
            pids: (B,) int64, in [0, n).
        """

    def scaled(self, cosines: Tensor) -> Tensor:
        """Return the logits (B, n) of a test, which have no margin."""
        return self.scale * cosines


class CosFace(MarginSoftmax):
    """cos - m for the true identity (Wang et al., CosFace, CVPR 2018, Eq. 4; also AM-Softmax)."""

    def forward(self, cosines: Tensor, pids: Tensor) -> Tensor:
        """Return the logits (B, n); see :class:`MarginSoftmax`."""
        pids = pids[:, None]
        return self.scale * cosines.scatter(1, pids, cosines.gather(1, pids) - self.margin)


class ArcFace(MarginSoftmax):
    """cos(angle + m) for the true identity, m in radians (Deng et al., ArcFace, CVPR 2019, Eq. 3).

    Where the angle and m exceed a half turn, past which the cosine would rise again, it goes on as
    cos - m * sin(m), as in the authors' program.
    """

    def forward(self, cosines: Tensor, pids: Tensor) -> Tensor:
        """Return the logits (B, n); see :class:`MarginSoftmax`."""
        pids = pids[:, None]
        true = cosines.gather(1, pids)
        angle = true.clamp(-1 + 1e-7, 1 - 1e-7).acos()  # whose slope is infinite at 1 and -1
        harder = torch.where(
            angle <= math.pi - self.margin,
            (angle + self.margin).cos(),
            true - self.margin * math.sin(self.margin),
        )
        return self.scale * cosines.scatter(1, pids, harder)


class CircleSoftmax(MarginSoftmax):
    """Cosines weighted by how far they are off (Sun et al., CVPR 2020, Eqs. 6 to 8).

    (1 + m - cos) * (cos - (1 - m)) for the true identity, (cos + m) * (cos - m) for the others,
    the first factor of each without a gradient and not below 0. It is the circle loss with the
    classifier's weights as the proxies of the identities, as in fast-reid.
    """

    def forward(self, cosines: Tensor, pids: Tensor) -> Tensor:
        """Return the logits (B, n); see :class:`MarginSoftmax`."""
        m, fixed, pids = self.margin, cosines.detach(), pids[:, None]
        others = (fixed + m).clamp(min=0) * (cosines - m)
        true = (1 + m - fixed).clamp(min=0) * (cosines - (1 - m))
        return self.scale * others.scatter(1, pids, true.gather(1, pids))


CLASSIFIERS: dict[str, type[MarginSoftmax] | None] = {
    'linear': None,
    'cosface': CosFace,
    'arcface': ArcFace,
    'circle': CircleSoftmax,
}
"""Classifiers of the identities by name: what makes logits of their cosines, or nothing."""
