"""Copies from the CPU to a GPU that do not wait for it.

A copy from pageable memory waits until the GPU has finished all its work, whatever
``non_blocking`` says. Only one from pinned memory is left to the GPU.
"""

from functools import cache

import torch
from torch import Tensor

PINNED_FOR = ('cuda',)
"""Types of the devices for which memory is pinned."""


def to_device(tensor: Tensor, device: torch.device | str) -> Tensor:
    """Return a tensor of the CPU on ``device``; the copy is left to the device.

    Args:
        tensor: on the CPU, or already on ``device``.
        device: of the result.
    """
    if tensor.device.type == 'cpu' and torch.device(device).type in PINNED_FOR:
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def rows_to_device(rows: Tensor, indices: Tensor, device: torch.device | str) -> Tensor:
    """Return a copy of ``rows[indices]`` on ``device``, gathered where the rows are.

    Args:
        rows: (N, ...), on the CPU or on ``device``.
        indices: (B,) int64, on the CPU.
        device: of the result.
    """
    if rows.device.type != 'cpu' or torch.device(device).type not in PINNED_FOR:
        return rows.index_select(0, to_device(indices, rows.device)).to(device)
    # gathered into pinned memory, which saves a second pass over the images
    pinned = torch.empty(len(indices), *rows.shape[1:], dtype=rows.dtype, pin_memory=True)
    return torch.index_select(rows, 0, indices, out=pinned).to(device, non_blocking=True)


@cache
def constant(values: tuple[float, ...], device: torch.device, repeats: int = 1) -> Tensor:
    """Return the same float32 tensor at each call with the same arguments; do not change it.

    Args:
        values: n numbers.
        device: of the result.
        repeats: how often they follow each other.

    Returns:
        (n * repeats,).
    """
    return to_device(torch.tensor(values, dtype=torch.float32).repeat(repeats), device)
