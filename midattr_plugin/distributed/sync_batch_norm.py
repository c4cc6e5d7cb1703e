"""Batch statistics over the images of all processes.

With them a batch that is shared out gives the gradients of the whole batch. PyTorch has this for
GPUs only.
"""

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from midattr_plugin.distributed.process_group import world_size


class _CPUSyncBatchNorm(nn.BatchNorm2d):
    """As ``nn.SyncBatchNorm``, slow and on the CPU; equally many images in every process."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        mean = all_reduce(x.mean((0, 2, 3))) / world_size()
        centred = x - mean.view(1, -1, 1, 1)
        variance = all_reduce(centred.square().mean((0, 2, 3))) / world_size()
        count = x.numel() // x.shape[1] * world_size()
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


def synchronise_batch_norm(model: nn.Module) -> nn.Module:
    """``model`` with the batch statistics of all processes; parameters and names stay."""
    if next(model.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = _CPUSyncBatchNorm  # which has no state of its own
    return model
