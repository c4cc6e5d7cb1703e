"""Any engine of torchreid, trained by several processes."""

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import gather_with_gradients, world_size


class ReplicatedMixin:
    """Mixed into an engine of torchreid, before it: its gradients are those of the whole batch."""

    _replica: nn.Module | None = None

    def train(self, print_freq: int = 10, fixbase_epoch: int = 0, open_layers=None) -> None:
        """One epoch, as by torchreid."""
        if world_size() > 1 and self._replica is None:
            # Made before layers are frozen, because it would never learn of their gradients.
            # Those without one must be expected: frozen layers, and the classifier where only
            # triplets count.
            lacks_gradients = fixbase_epoch > 0 or getattr(self, 'weight_x', 1) == 0
            self._replica = DistributedDataParallel(
                self.model, broadcast_buffers=False, find_unused_parameters=lacks_gradients
            )
        super().train(print_freq=print_freq, fixbase_epoch=fixbase_epoch, open_layers=open_layers)


class ReplicatedTorchreidMixin(ReplicatedMixin):
    """For torchreid's own engines, which call ``self.model`` when they train and when they test."""

    def forward_backward(self, data: dict) -> dict[str, float]:
        """One step, as by torchreid; the numbers are those of this process's part of the batch."""
        model = self.model
        self.model = self._replica or model
        try:
            return super().forward_backward(data)
        finally:
            self.model = model

    def compute_loss(self, criterion: nn.Module, outputs, targets: Tensor) -> Tensor:
        """As by torchreid, but triplets are formed of the images of the whole batch."""
        if isinstance(criterion, torchreid_compat.losses.TripletLoss):
            several = isinstance(outputs, (tuple, list))
            outputs = (
                [gather_with_gradients(x) for x in outputs]
                if several
                else gather_with_gradients(outputs)
            )
            targets = gather_with_gradients(targets)
        return super().compute_loss(criterion, outputs, targets)
