"""The process group that ``torchrun`` starts, and its collective operations."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.nn.functional import all_gather

# The other processes wait while the main process ranks. A process that dies does not cause a wait:
# its connections close at once, and torchrun terminates the others.
_TIMEOUT = timedelta(hours=2)

_T = TypeVar('_T')


@contextmanager
def joined_group() -> Iterator[None]:
    """Join the process group of ``torchrun`` for the duration of the block.

    Does nothing in a process that ``torchrun`` has not started.
    """
    if int(os.environ.get('WORLD_SIZE', 1)) == 1:
        yield
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    dist.init_process_group('nccl' if on_gpu else 'gloo', timeout=_TIMEOUT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def process_rank() -> int:
    """Return the index of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_main() -> bool:
    """Return whether this process is the one that prints, writes and ranks."""
    return process_rank() == 0


def broadcast(value: Any) -> Any:
    """Return the main process's ``value`` in every process."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def main_first(function: Callable[[], _T]) -> _T:
    """Return ``function()``, called by the main process before the others call it.

    Use it for functions that download or render files on the first call.
    """
    if not is_main():
        broadcast(None)
    result = function()
    if is_main():
        broadcast(None)
    return result


def sum_over_processes(tensor: Tensor) -> Tensor:
    """Return the sum of ``tensor`` over all processes, without gradients."""
    if world_size() == 1:
        return tensor
    total = tensor.clone()
    dist.all_reduce(total)
    return total


def gather_with_gradients(part: Tensor) -> Tensor:
    """Return the rows (B, ...) of all processes, concatenated in the order of their ranks.

    Every process must compute the same loss from them. Averaged over the processes, as
    ``DistributedDataParallel`` does, the gradients then equal those of that loss.

    Args:
        part: (B / processes, ...), the rows of this process.
    """
    return torch.cat(all_gather(part)) if world_size() > 1 else part


def gather_interleaved(shard: Tensor) -> Tensor:
    """Return the rows of all processes, where row i belongs to process i modulo their number.

    Args:
        shard: (n, ...), the rows of this process; n may differ by one between processes.

    Returns:
        (N, ...), all rows in their original order.
    """
    if world_size() == 1:
        return shard
    device = 'cuda' if dist.get_backend() == 'nccl' else 'cpu'
    counts = torch.zeros(world_size(), dtype=torch.int64, device=device)
    counts[process_rank()] = len(shard)
    dist.all_reduce(counts)
    # all_gather needs the same shape in every process
    padded = shard.new_zeros(int(counts.max()), *shard.shape[1:], device=device)
    padded[: len(shard)] = shard
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    rows = shard.new_empty(int(counts.sum()), *shard.shape[1:])
    for number, (part, count) in enumerate(zip(parts, counts.tolist(), strict=True)):
        rows[number :: world_size()] = part[:count].to(rows.device)
    return rows
