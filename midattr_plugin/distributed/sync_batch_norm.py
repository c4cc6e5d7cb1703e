"""Synchronized batch normalization, also on the CPU, where PyTorch has none.

With statistics of the whole batch, a sharded batch gives the same gradients as a batch in one
process.
"""

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from midattr_plugin.distributed.process_group import world_size


class _CPUSyncBatchNorm(_BatchNorm):
    """``nn.SyncBatchNorm`` in plain operations; all shards must have the same number of images.

    Mixin for a batch normalization of maps (B, C, H, W) or of vectors (B, C), before it. The layer
    must have a weight, a momentum and running statistics.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes = (0, *range(2, x.dim()))  # all but the channels
        per_channel = (1, -1, *(1 for _ in axes[1:]))
        mean = all_reduce(x.mean(axes)) / world_size()
        centered = x - mean.view(per_channel)
        variance = all_reduce(centered.square().mean(axes)) / world_size()
        count = x.numel() // x.shape[1] * world_size()
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        scaled = centered * scale.view(per_channel)
        return scaled if self.bias is None else scaled + self.bias.view(per_channel)


class _CPUSyncBatchNorm1d(_CPUSyncBatchNorm, nn.BatchNorm1d):
    pass


class _CPUSyncBatchNorm2d(_CPUSyncBatchNorm, nn.BatchNorm2d):
    pass


_SYNCHRONIZED: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: _CPUSyncBatchNorm1d,
    nn.BatchNorm2d: _CPUSyncBatchNorm2d,
}


def synchronize_batch_norm(model: nn.Module) -> nn.Module:
    """Return ``model`` with synchronized batch normalization, its state dict unchanged."""
    if next(model.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for module in model.modules():
        # in place: the subclass only overrides forward()
        module.__class__ = _SYNCHRONIZED.get(type(module), type(module))
    return model
