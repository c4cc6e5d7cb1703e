"""What the machine can do at best: large matrix products."""

from time import perf_counter

import torch

from midattr_plugin.benchmark.systems import synchronize
from midattr_plugin.engine.precision import DTYPES

_SIZES = {'cpu': 2048, 'cuda': 8192}


def matrix_peak(precision: str, device: str, repeats: int = 8) -> float:
    """Multiply-adds per second of square matrix products, the best of several."""
    size = _SIZES[device]
    a, b = (torch.randn(size, size, device=device).to(DTYPES[precision]) for _ in range(2))
    best = float('inf')
    for _ in range(repeats):
        synchronize(device == 'cuda')
        began = perf_counter()
        a @ b
        synchronize(device == 'cuda')
        best = min(best, perf_counter() - began)
    return size**3 / best
