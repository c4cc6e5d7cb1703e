"""PyTorch's kernels of synchronized batch normalization, which it has for GPUs only, on the CPU.

Written after their description in ``torch/nn/modules/_functions.py``, in plain operations.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def on_the_cpu() -> Iterator[None]:
    """Let PyTorch find these functions for tensors on the CPU."""
    library = torch.library.Library('aten', 'IMPL')
    for function in (stats, gather_stats_with_counts, elemt, backward_reduce, backward_elemt):
        library.impl(f'batch_norm_{function.__name__}', function, 'CPU')
    yield
    library._destroy()


def stats(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    axes = _axes(x)
    return x.mean(axes), (x.var(axes, correction=0) + eps).rsqrt()


def gather_stats_with_counts(
    x, means, invstds, running_mean, running_var, momentum, eps, counts
) -> tuple[Tensor, Tensor]:
    shares = (counts / counts.sum()).view(-1, 1)
    mean = (shares * means).sum(0)
    variances = invstds.pow(-2) - eps
    variance = (shares * (variances + (means - mean) ** 2)).sum(0)
    number = counts.sum()
    running_mean.lerp_(mean, momentum)
    running_var.lerp_(variance * number / (number - 1), momentum)
    return mean, (variance + eps).rsqrt()


def elemt(x, weight, bias, mean, invstd, eps) -> Tensor:
    normalized = (x - _wide(mean, x)) * _wide(invstd * weight, x)
    return normalized if bias is None else normalized + _wide(bias, x)


def backward_reduce(gradient, x, mean, invstd, weight, needs_x, needs_weight, needs_bias):
    axes = _axes(x)
    sums = gradient.sum(axes)
    products = (gradient * (x - _wide(mean, x))).sum(axes)
    return sums, products, products * invstd, sums.clone() if needs_bias else None


def backward_elemt(gradient, x, mean, invstd, weight, sums, products, counts) -> Tensor:
    number = counts.sum()
    correction = (x - _wide(mean, x)) * _wide(invstd**2 * products / number, x)
    return (gradient - _wide(sums / number, x) - correction) * _wide(invstd * weight, x)


def _axes(x: Tensor) -> list[int]:
    return [0, *range(2, x.dim())]


def _wide(values: Tensor, x: Tensor) -> Tensor:
    return values.view(1, -1, *(1 for _ in range(2, x.dim())))
