"""Attribute loss in which what is recognized already counts less.

Lin et al., Focal Loss for Dense Object Detection, ICCV 2017. The paper (Zhang and Xu, 2018)
leaves imbalanced attribute labels as future work.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.losses.attribute_loss import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.losses.cross_entropy import mean_over_known
from midattr_plugin.schema import UNKNOWN


@ATTRIBUTE_LOSSES.register('focal')
class FocalLoss(AttributeLoss):
    """(1 - p)^gamma * -log p for the probability p of the true class (Eq. 4 of Lin et al.).

    Their two classes are here the c of a softmax; the factor alpha of Eq. 5 is left out.

    Args:
        gamma: 0 or above; 0 gives the cross entropy.
    """

    def __init__(self, gamma: float = 2.0):
        super().__init__()
        self.gamma = gamma

    def forward(
        self, name: str, logits: Tensor, labels: Tensor, num_known: Tensor | None = None
    ) -> Tensor:
        """Return the mean over the known labels; see :class:`AttributeLoss`."""
        losses = F.cross_entropy(
            logits, labels.clamp(min=UNKNOWN), ignore_index=UNKNOWN, reduction='none'
        )
        # 1 - p, exact for a p near 1; a power below 1 has no finite slope at 0
        missed = (-torch.expm1(-losses)).clamp(min=torch.finfo(losses.dtype).tiny)
        return mean_over_known((missed**self.gamma * losses).sum(), labels, num_known)
