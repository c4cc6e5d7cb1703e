"""Weighted regularized triplet loss: all pairs of a batch, the hard ones most, and no margin.

Ye et al., Deep Learning for Person Re-identification: A Survey and Outlook, TPAMI 2021 (AGW),
section 4, "Weighted Regularized Triplet (WRT) loss".
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.losses.metric_loss import METRIC_LOSSES, MetricLoss
from midattr_plugin.losses.pair_distances import pair_distances


@METRIC_LOSSES.register('weighted')
class WeightedTripletLoss(MetricLoss):
    """Mean over the anchors of log(1 + exp(sum of w_p * d_p - sum of w_n * d_n)).

    The weights of the distances d are softmaxes, of d over the positives of the anchor and of -d
    over its negatives, and have gradients, too. As in the authors' program the anchor is one of its
    positives, at the distance 0.
    """

    def forward(self, features: Tensor, pids: Tensor) -> Tensor:
        """Return the loss, a scalar; see :class:`MetricLoss`."""
        distances = pair_distances(features)
        # rounding leaves a distance to itself, near to which the root is steep
        itself = torch.eye(len(pids), dtype=torch.bool, device=pids.device)
        distances = distances.masked_fill(itself, 0)
        is_same = pids[:, None] == pids
        positive = distances.masked_fill(~is_same, -torch.inf).softmax(1) * distances
        negative = (-distances).masked_fill(is_same, -torch.inf).softmax(1) * distances
        return F.softplus(positive.sum(1) - negative.sum(1)).mean()
