"""torchreid's triplet loss in a few operations (Hermans et al., 2017, "batch hard").

torchreid loops over the anchors and selects by masks: thousands of operations in a batch of 128,
and on a GPU a wait for each of 256 selections, whose sizes the CPU must know.
"""

import torch
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.losses.metric_loss import METRIC_LOSSES, MetricLoss
from midattr_plugin.losses.pair_distances import hardest_pairs


@METRIC_LOSSES.register('batch_hard')
class BatchHardTripletLoss(MetricLoss):
    """Mean over the anchors of max(0, farthest positive - nearest negative + margin).

    Args:
        margin: smallest difference of the two distances that costs nothing.
    """

    def __init__(self, margin: float = 0.3):
        super().__init__()
        self.margin = margin
        self.ranking_loss = nn.MarginRankingLoss(margin)

    def forward(self, features: Tensor, pids: Tensor) -> Tensor:
        """Return the loss, a scalar; see :class:`MetricLoss`."""
        positive, negative = hardest_pairs(features, pids)
        return self.ranking_loss(negative, positive, torch.ones_like(negative))


def check_identities(pids: Tensor) -> None:
    """Check that a batch has images of two identities.

    Args:
        pids: (B,), of the whole batch, on the CPU: elsewhere this waits for the device.

    Raises:
        InputError: it has not, so that there is no triplet.
    """
    if (pids == pids[:1]).all():
        raise InputError(
            f'a batch of {len(pids)} images of one identity has no triplet: set '
            'sampler.train_sampler to RandomIdentitySampler and train.batch_size to twice '
            'sampler.num_instances or more, or the weight of the triplet loss to 0'
        )
