"""Circle loss on pairs (Sun et al., CVPR 2020, Eqs. 6 and 8), from pytorch-metric-learning."""

import torch
from pytorch_metric_learning import losses
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor

from midattr_plugin.losses.metric_loss import METRIC_LOSSES, MetricLoss


@METRIC_LOSSES.register('circle')
class CircleLoss(MetricLoss):
    """Similarities (cosines) of the pairs of each anchor, weighted by how far they are off.

    Mean over the anchors. One without another image of its identity costs nothing.

    Args:
        margin: m; positives are drawn to 1 + m and are well off above 1 - m, negatives to -m and
            below m. The paper has 0.25 for people.
        gamma: scale of the similarities, above 0. The paper has 128 for people.
    """

    def __init__(self, margin: float = 0.25, gamma: float = 128.0):
        super().__init__()
        self.loss = losses.CircleLoss(margin, gamma, reducer=MeanReducer())

    @torch.compiler.disable  # the library selects the pairs: their number breaks a graph anyway
    def forward(self, features: Tensor, pids: Tensor) -> Tensor:
        """Return the loss, a scalar; see :class:`MetricLoss`."""
        loss = self.loss(features, pids)
        # of one identity the library makes 0
        return torch.where((pids == pids[:1]).all(), torch.nan, loss)
