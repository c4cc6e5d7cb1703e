"""Peak compute throughput of the machine, measured with large matrix products."""

from time import perf_counter

import torch

from midattr_plugin.benchmark.systems import synchronize
from midattr_plugin.engine.precision import DTYPES

_SIZES = {'cpu': 2048, 'cuda': 8192}


def matrix_peak(precision: str, device: str, repeats: int = 8) -> float:
    """Return the multiply-adds per second of square matrix products.

    Args:
        precision: 'fp32', 'bf16' or 'fp16'.
        device: 'cpu' or 'cuda'.
        repeats: number of products, of which the fastest counts.
    """
    size = _SIZES[device]
    a, b = (torch.randn(size, size, device=device).to(DTYPES[precision]) for _ in range(2))
    best = float('inf')
    for _ in range(repeats):
        synchronize(device == 'cuda')
        start = perf_counter()
        a @ b
        synchronize(device == 'cuda')
        best = min(best, perf_counter() - start)
    return size**3 / best
