"""Batch-hard triplet loss without a margin (Hermans et al., 2017, section 2, "soft margin")."""

from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.losses.metric_loss import METRIC_LOSSES, MetricLoss
from midattr_plugin.losses.pair_distances import hardest_pairs


@METRIC_LOSSES.register('soft_margin')
class SoftMarginTripletLoss(MetricLoss):
    """Mean over the anchors of log(1 + exp(farthest positive - nearest negative)).

    It falls off exponentially where a hinge is 0: pairs that are told apart are drawn on.
    """

    def forward(self, features: Tensor, pids: Tensor) -> Tensor:
        """Return the loss, a scalar; see :class:`MetricLoss`."""
        positive, negative = hardest_pairs(features, pids)
        return F.softplus(positive - negative).mean()
