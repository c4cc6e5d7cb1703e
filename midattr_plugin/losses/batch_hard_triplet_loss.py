"""torchreid's triplet loss in a few operations (Hermans et al., 2017, "batch hard").

torchreid loops over the anchors and selects by masks: thousands of operations in a batch of 128,
and on a GPU a wait for each of 256 selections, whose sizes the CPU must know.
"""

import torch
from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError


class BatchHardTripletLoss(torchreid_compat.TripletLoss):
    """Mean over the anchors of max(0, farthest positive - nearest negative + margin).

    Args:
        margin: smallest difference of the two distances that costs nothing.
    """

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss, a scalar; not a number if there is only one identity.

        Args:
            inputs: features (B, D).
            targets: (B,), pids.
        """
        squares = inputs.square().sum(1)
        squared = torch.addmm(squares[:, None] + squares, inputs, inputs.t(), alpha=-2)
        distances = squared.clamp(min=1e-12).sqrt()  # the root has no slope at 0
        is_same = targets[:, None] == targets
        positive = distances.masked_fill(~is_same, -torch.inf).amax(1)
        negative = distances.masked_fill(is_same, torch.inf).amin(1)
        # an anchor without a negative would count as one that costs nothing
        negative = negative.masked_fill(negative == torch.inf, torch.nan)
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
