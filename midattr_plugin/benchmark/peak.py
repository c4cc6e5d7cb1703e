"""Peak compute throughput of the machine, measured with large matrix products."""

from time import perf_counter

import torch
from torch import Tensor

from midattr_plugin.benchmark.systems import synchronize
from midattr_plugin.engine.precision import DTYPES

_SIZES = {'cpu': 2048, 'cuda': 8192}


def matrix_peak(precision: str, device: str, repeats: int = 8) -> float:
    """Return the multiply-adds per second of square matrix products.

    Those of 'fp32' on a GPU are of TF32, which PyTorch takes for convolutions, too.

    Args:
        precision: 'fp32', 'bf16' or 'fp16'.
        device: 'cpu' or 'cuda'.
        repeats: number of products, of which the fastest counts.
    """
    size = _SIZES[device]
    a, b = (torch.randn(size, size, device=device).to(DTYPES[precision]) for _ in range(2))
    before = torch.get_float32_matmul_precision()
    if device == 'cuda':
        torch.set_float32_matmul_precision('high')
    try:
        return size**3 / min(_seconds(a, b) for _ in range(repeats))
    finally:
        torch.set_float32_matmul_precision(before)


def _seconds(a: Tensor, b: Tensor) -> float:
    synchronize(a.is_cuda)
    start = perf_counter()
    a @ b
    synchronize(a.is_cuda)
    return perf_counter() - start
