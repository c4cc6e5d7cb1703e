"""The processes that ``torchrun`` started, and what they tell each other."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.nn.functional import all_gather

# The others wait while the main process ranks. A process that dies is noticed at once, because
# its connections close and torchrun ends the others.
_PATIENCE = timedelta(hours=2)


@contextmanager
def joined_group() -> Iterator[None]:
    """Joins the processes of ``torchrun`` for the duration of the block; nothing without it."""
    if int(os.environ.get('WORLD_SIZE', 1)) == 1:
        yield
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    dist.init_process_group('nccl' if on_gpu else 'gloo', timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def world_size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def process_rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_main() -> bool:
    """Whether this is the process that prints, writes and ranks."""
    return process_rank() == 0


def broadcast(value: Any) -> Any:
    """The main process's ``value``, in every process."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def main_first(function: Callable[[], Any]) -> Any:
    """``function()``, by the main process before the others: it may fetch or render files."""
    if not is_main():
        broadcast(None)
    result = function()
    if is_main():
        broadcast(None)
    return result


def sum_over_processes(tensor: Tensor) -> Tensor:
    """The sum of every process's ``tensor``, in every process; without gradients."""
    if world_size() == 1:
        return tensor
    total = tensor.clone()
    dist.all_reduce(total)
    return total


def gather_with_gradients(part: Tensor) -> Tensor:
    """The rows (B, ...) of all processes, one after the other, as they were cut from a batch.

    Each process must compute the same loss of them. Averaged over the processes, as those of a
    replicated model are, the gradients are then those of that loss.
    """
    return torch.cat(all_gather(part)) if world_size() > 1 else part


def gather_interleaved(shard: Tensor) -> Tensor:
    """The rows of every process, of which number i was dealt to process i modulo their number.

    Args:
        shard: (n, ...), the rows of this process; the processes may differ by one in n.

    Returns:
        (N, ...), in the order in which they were dealt, each once.
    """
    if world_size() == 1:
        return shard
    device = 'cuda' if dist.get_backend() == 'nccl' else 'cpu'
    counts = torch.zeros(world_size(), dtype=torch.int64, device=device)
    counts[process_rank()] = len(shard)
    dist.all_reduce(counts)
    # all processes must send equally much
    padded = shard.new_zeros(int(counts.max()), *shard.shape[1:], device=device)
    padded[: len(shard)] = shard
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    rows = shard.new_empty(int(counts.sum()), *shard.shape[1:])
    for number, (part, count) in enumerate(zip(parts, counts.tolist(), strict=True)):
        rows[number :: world_size()] = part[:count].to(rows.device)
    return rows
