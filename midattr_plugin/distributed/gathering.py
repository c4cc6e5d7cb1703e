"""Rows that the processes have computed, brought to the main process alone.

The descriptors of 500,000 images are gigabytes: only the process that ranks them holds them all.
"""

import torch
from torch import Tensor
from torch import distributed as dist

from midattr_plugin.distributed.process_group import cpu_group, is_main, process_rank, world_size

_BLOCK_BYTES = 64 * 2**20  # sent at a time


def rows_of_process(num_rows: int, number: int | None = None) -> range:
    """Return the numbers of the rows that a process computes: every n-th, for n processes.

    Args:
        num_rows: of all processes.
        number: of the process; this one by default.
    """
    return range(process_rank() if number is None else number, num_rows, world_size())


def gather_interleaved_to_main(
    share: Tensor, num_rows: int, rows: Tensor | None = None
) -> Tensor | None:
    """Return the rows of all processes in the main process, None in the others.

    No process needs more memory than its rows and a block of them.

    Args:
        share: (n, ...) on the CPU, the rows :func:`rows_of_process` of this process.
        num_rows: N, of all processes.
        rows: (N, ...), where the main process wants them; it may have its share in there already.

    Returns:
        (N, ...), all rows in their order.
    """
    if world_size() == 1:
        return share
    if not is_main():
        for block in _blocks(share):
            dist.send(block.contiguous(), dst=0, group=cpu_group())
        return None
    if rows is None:
        rows = share.new_empty(num_rows, *share.shape[1:])
    mine = rows[:: world_size()]
    if mine.data_ptr() != share.data_ptr():
        mine.copy_(share)
    for number in range(1, world_size()):
        for block in _blocks(rows[number :: world_size()]):
            received = torch.empty_like(block, memory_format=torch.contiguous_format)
            dist.recv(received, src=number, group=cpu_group())
            block.copy_(received)
    return rows


def _blocks(rows: Tensor) -> tuple[Tensor, ...]:
    """Return views of consecutive rows; none of an empty tensor."""
    if not rows.numel():
        return ()
    return rows.split(max(1, _BLOCK_BYTES // (rows[0].numel() * rows.element_size())))
