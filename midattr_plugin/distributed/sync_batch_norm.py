"""Batch statistics over the images of all processes.

With them a batch that is shared out gives the gradients of the whole batch. PyTorch has this for
GPUs only.
"""

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from midattr_plugin.distributed.process_group import world_size


class _CPUSyncBatchNorm:
    """As ``nn.SyncBatchNorm``, slow and on the CPU; equally many images in every process.

    Mixed into a batch normalization of maps (B, C, H, W) or of vectors (B, C), before it.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes = (0, *range(2, x.dim()))  # all but the channels
        per_channel = (1, -1, *(1 for _ in axes[1:]))
        mean = all_reduce(x.mean(axes)) / world_size()
        centerd = x - mean.view(per_channel)
        variance = all_reduce(centerd.square().mean(axes)) / world_size()
        count = x.numel() // x.shape[1] * world_size()
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        scaled = centerd * scale.view(per_channel)
        return scaled if self.bias is None else scaled + self.bias.view(per_channel)


class _CPUSyncBatchNorm1d(_CPUSyncBatchNorm, nn.BatchNorm1d):
    pass


class _CPUSyncBatchNorm2d(_CPUSyncBatchNorm, nn.BatchNorm2d):
    pass


_SYNCHRONIZED = {nn.BatchNorm1d: _CPUSyncBatchNorm1d, nn.BatchNorm2d: _CPUSyncBatchNorm2d}


def synchronize_batch_norm(model: nn.Module) -> nn.Module:
    """``model`` with the batch statistics of all processes; parameters and names stay."""
    if next(model.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for module in model.modules():
        # by which the class, which has no state of its own, is replaced
        module.__class__ = _SYNCHRONIZED.get(type(module), type(module))
    return model
