"""Synchronized batch normalization: by statistics of the whole batch, not of a shard of it.

A sharded batch then gives the same gradients as a batch in one process. PyTorch's
``nn.SyncBatchNorm`` has no code for the CPU, and on a GPU waits for it three times per layer, as it
allows for shards of different sizes; here all shards have the same number of images.
"""

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.modules.batchnorm import _BatchNorm

from midattr_plugin.distributed.process_group import (
    process_rank,
    sum_over_processes,
    sum_with_gradients,
    world_size,
)
from midattr_plugin.errors import InputError


class SynchronizedBatchNorm(_BatchNorm):
    """Mixin for a batch normalization of maps (B, C, H, W) or of vectors (B, C), before it.

    The layer must have a momentum and running statistics.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, normalized in training by the statistics of all shards."""
        if not self.training:
            return super().forward(x)
        self.num_batches_tracked.add_(1)
        return self._on_gpu(x) if x.is_cuda else self._on_cpu(x)

    def _on_gpu(self, x: Tensor) -> Tensor:
        statistics = self.running_mean, self.running_var
        return _Kernels.apply(x, self.weight, self.bias, *statistics, self.momentum, self.eps)

    def _on_cpu(self, x: Tensor) -> Tensor:
        axes = (0, *range(2, x.dim()))  # all but the channels
        per_channel = (1, -1, *(1 for _ in axes[1:]))
        mean = sum_with_gradients(x.mean(axes)) / world_size()
        centered = x - mean.view(per_channel)
        variance = sum_with_gradients(centered.square().mean(axes)) / world_size()
        count = x.numel() // x.shape[1] * world_size()
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = self.weight * scale
        scaled = centered * scale.view(per_channel)
        return scaled if self.bias is None else scaled + self.bias.view(per_channel)


class _Kernels(torch.autograd.Function):
    """The same by PyTorch's kernels for GPUs: a collective operation per pass, no wait for it."""

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_var, momentum, eps):
        x = _dense(x)
        shards = x.new_zeros(world_size(), 2, x.shape[1], dtype=torch.float32)
        torch.stack(torch.batch_norm_stats(x, eps), out=shards[process_rank()])
        dist.all_reduce(shards)  # a sum with zeros
        counts = shards.new_full((world_size(),), x.numel() // x.shape[1])
        mean, invstd = torch.batch_norm_gather_stats_with_counts(
            x, *shards.unbind(1), running_mean, running_var, momentum, eps, counts
        )
        ctx.save_for_backward(x, weight, mean, invstd, counts.int())
        ctx.has_bias = bias is not None
        return torch.batch_norm_elemt(x, weight, bias, mean, invstd, eps)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, mean, invstd, counts = ctx.saved_tensors
        gradient = _dense(gradient)
        *sums, of_weight, of_bias = torch.batch_norm_backward_reduce(
            gradient, x, mean, invstd, weight, True, weight is not None, ctx.has_bias
        )
        # DistributedDataParallel sums the gradients of weight and bias itself
        sums = torch.stack(sums)
        dist.all_reduce(sums)
        of_x = torch.batch_norm_backward_elemt(
            gradient, x, mean, invstd, weight, sums[0], sums[1], counts
        )
        return of_x, of_weight, of_bias, None, None, None, None


def _dense(x: Tensor) -> Tensor:
    """Return ``x`` in one of the two layouts that the kernels read."""
    return x if x.is_contiguous(memory_format=torch.channels_last) else x.contiguous()


class _SynchronizedBatchNorm1d(SynchronizedBatchNorm, nn.BatchNorm1d):
    pass


class _SynchronizedBatchNorm2d(SynchronizedBatchNorm, nn.BatchNorm2d):
    pass


_SYNCHRONIZED: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: _SynchronizedBatchNorm1d,
    nn.BatchNorm2d: _SynchronizedBatchNorm2d,
}


def synchronize_batch_norm(model: nn.Module) -> nn.Module:
    """Return ``model`` with synchronized batch normalization, its parameters unchanged.

    Args:
        model: changed in place.

    Raises:
        InputError: the model has a batch normalization of another kind.
    """
    for name, module in model.named_modules():
        if not isinstance(module, (_BatchNorm, nn.SyncBatchNorm)):
            continue
        kind = _SYNCHRONIZED.get(type(module))
        if isinstance(module, SynchronizedBatchNorm):
            continue
        if kind is None or module.momentum is None or module.running_mean is None:
            raise InputError(
                f'midattr.sync_batch_norm: the layer "{name}" is a {type(module).__name__} that '
                'this project cannot synchronize; give it a momentum and running statistics and '
                'make it a BatchNorm1d or BatchNorm2d, or set the key to False'
            )
        module.__class__ = kind  # the subclass only overrides forward()
    return model


@torch.no_grad()
def average_running_statistics(model: nn.Module) -> None:
    """Give all processes the mean of the running statistics that each has of its own shards.

    Without synchronized batch normalization they differ; all processes must extract features
    by the same ones, which are those of the checkpoint, too.
    """
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            for statistics in (module.running_mean, module.running_var):
                statistics.copy_(sum_over_processes(statistics) / world_size())
