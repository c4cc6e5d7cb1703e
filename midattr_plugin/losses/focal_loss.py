"""Attribute losses in which what is recognized already counts less.

Lin et al., Focal Loss for Dense Object Detection, ICCV 2017. The paper (Zhang and Xu, 2018)
leaves unbalanced attribute labels as future work.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.losses.cross_entropy import UNKNOWN, over_known


class FocalLoss(nn.Module):
    """(1 - p)^gamma * -log p for the probability p of the true class (Eq. 4 of Lin et al.).

    Their two classes are here the c of a softmax; the factor alpha of Eq. 5 is left out.

    Args:
        gamma: 0 or above; 0 gives the cross entropy.
    """

    def __init__(self, gamma: float = 2.0):
        super().__init__()
        self.gamma = gamma

    def forward(
        self, name: str, logits: Tensor, labels: Tensor, known: Tensor | None = None
    ) -> Tensor:
        """The mean over the known labels.

        Args:
            name: of the attribute; all are treated alike.
            logits, labels, known: see :func:`masked_cross_entropy`.

        Returns:
            Scalar.
        """
        losses = F.cross_entropy(
            logits, labels.clamp(min=UNKNOWN), ignore_index=UNKNOWN, reduction='none'
        )
        # 1 - p, exact for a p near 1; a power below 1 has no finite slope at 0
        missed = (-torch.expm1(-losses)).clamp(min=torch.finfo(losses.dtype).tiny)
        return over_known((missed**self.gamma * losses).sum(), labels, known)
