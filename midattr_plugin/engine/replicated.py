"""Distributed data parallel training for any engine of torchreid."""

import warnings
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import gather_with_gradients, world_size
from midattr_plugin.distributed.sync_batch_norm import (
    average_running_statistics,
    synchronize_batch_norm,
)
from midattr_plugin.losses import MetricLoss


class ReplicatedMixin(torchreid_compat.Engine):
    """Mixin for an engine of torchreid, before it: gradients are those of the whole batch.

    Attributes:
        sync_batch_norm: whether so are the statistics of batch normalization.
    """

    sync_batch_norm = True
    _replica: nn.Module | None = None

    def train(
        self,
        print_freq: int = 10,
        fixbase_epoch: int = 0,
        open_layers: str | Sequence[str] | None = None,
    ) -> None:
        """Train one epoch; the arguments are those of torchreid's ``train``."""
        is_replicated = world_size() > 1
        if is_replicated and self._replica is None:
            if self.sync_batch_norm:
                synchronize_batch_norm(self.model)
            # The replica must be made before torchreid freezes layers: it registers only the
            # parameters that require gradients at this moment. Parameters that then get no
            # gradient must be searched for in every step: those of frozen layers, and the
            # classifier if only the triplet loss has a weight.
            lacks_gradients = fixbase_epoch > 0 or getattr(self, 'weight_x', 1) == 0
            self._replica = DistributedDataParallel(
                self.model, broadcast_buffers=False, find_unused_parameters=lacks_gradients
            )
        super().train(print_freq=print_freq, fixbase_epoch=fixbase_epoch, open_layers=open_layers)
        if is_replicated and not self.sync_batch_norm:
            average_running_statistics(self.model)


def unwrapped(model: Any) -> Any:
    """Return the network inside of a wrapper for several GPUs, or the model itself.

    Warns:
        UserWarning: there was a wrapper.
    """
    if not isinstance(model, (nn.DataParallel, DistributedDataParallel)):
        return model
    warnings.warn(
        f'the model is taken out of its {type(model).__name__}, as this engine does not use one; '
        'start the training with torchrun to use several GPUs (docs/gpu.md)',
        stacklevel=3,
    )
    return model.module


class ReplicatedTorchreidMixin(ReplicatedMixin):
    """Mixin for torchreid's own engines, which use ``self.model`` for training and for testing.

    Args:
        datamanager: see torchreid, as for all further arguments.
        model: moved to the GPU if one is used.
        *args: see torchreid.
        **options: see torchreid.
    """

    model: nn.Module

    def __init__(self, datamanager, model: nn.Module, *args, **options):
        super().__init__(datamanager, unwrapped(model), *args, **options)
        if self.use_gpu:
            self.model.cuda()

    def forward_backward(self, data: dict) -> dict[str, float]:
        """Run one step of torchreid's engine on the replica.

        Returns:
            Losses and accuracy on this process's shard of the batch.
        """
        model = self.model
        self.model = self._replica or model
        try:
            return super().forward_backward(data)
        finally:
            self.model = model

    def compute_loss(self, criterion: nn.Module, outputs: Any, targets: Tensor) -> Tensor:
        """Return torchreid's loss, with triplets formed from the images of the whole batch.

        Args:
            criterion: one of torchreid's losses.
            outputs: logits or features (B, n), or several of them.
            targets: (B,), pids.
        """
        if isinstance(criterion, (MetricLoss, torchreid_compat.TripletLoss)):
            several = isinstance(outputs, (tuple, list))
            outputs = (
                [gather_with_gradients(x) for x in outputs]
                if several
                else gather_with_gradients(outputs)
            )
            targets = gather_with_gradients(targets)
        return super().compute_loss(criterion, outputs, targets)
