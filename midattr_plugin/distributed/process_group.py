"""The process group that ``torchrun`` starts, and its collective operations.

There are two groups. Tensors that a training step sums or gathers are on the device of the model;
their group is PyTorch's default one, with its usual timeout. Objects and features go through a
second group, on the CPU: there the others wait for hours while the main process ranks, and the
GPUs hold nothing meanwhile.
"""

import os
import platform
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from midattr_plugin.distributed.launch import choose_device, read_launch

_PATIENCE = timedelta(hours=2)  # with the main process, while it ranks

_T = TypeVar('_T')

_cpu_group: dist.ProcessGroup | None = None
_is_first_on_machine = True


@contextmanager
def joined_group(use_gpu: bool) -> Iterator[None]:
    """Join the process group of ``torchrun`` for the duration of the block.

    Does nothing in a process that ``torchrun`` has not started. The group is left only after
    success: leaving it waits for the other processes, which after a failure wait for this one.
    :func:`ended_after_failure` then ends the process. If several fail, only the first one raises
    its error.

    Args:
        use_gpu: whether the processes train on GPUs, one on each.

    Raises:
        InputError: the environment does not say which process this is, or the machine has fewer
            GPUs than processes.
    """
    global _cpu_group, _is_first_on_machine
    launch = read_launch()
    if launch is None:
        yield
        return
    if use_gpu:
        torch.cuda.set_device(told_once(lambda: choose_device(launch)))
    store, rank, size = next(dist.rendezvous('env://'))
    dist.init_process_group(
        'nccl' if use_gpu else 'gloo',
        store=dist.PrefixStore('group', store),
        rank=rank,
        world_size=size,
    )
    _cpu_group = dist.new_group(backend='gloo', timeout=_PATIENCE)
    _is_first_on_machine = launch.local_rank == 0
    try:
        yield
    except BaseException:
        if not _fails_first(store):
            _end_process(1)
        if rank > 0:
            print(f'process {rank} of {size}, on {platform.node()}:', file=sys.stderr)
        raise
    dist.destroy_process_group()
    _cpu_group, _is_first_on_machine = None, True


def _fails_first(store: dist.Store) -> bool:
    """Return whether no other process has failed before, perhaps with the same error."""
    try:
        return store.add('failed', 1) == 1
    except RuntimeError:  # the process that held the store is gone
        return True


def told_once(function: Callable[[], _T]) -> _T:
    """Return ``function()``; if all processes fail with the same error, one per machine says it.

    Args:
        function: does the same in all processes of a machine, before they join their group.
    """
    launch = read_launch()
    if launch is None or launch.local_rank == 0 or launch.local_size is None:
        return function()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            return function()
        except Exception:
            raise SystemExit(1) from None


def ended_after_failure(command: Callable[[], int]) -> int:
    """Return the exit status of a command, or end this process if it failed in its group.

    At the ordinary end of a process, its GPU's library would wait for the other processes.
    ``torchrun`` terminates these as soon as this one has ended.

    Args:
        command: joins the group and leaves it, unless it fails.
    """
    try:
        status = command()
    except BaseException:
        if not dist.is_initialized():
            raise
        traceback.print_exc()
        status = 1
    if dist.is_initialized():
        _end_process(status)
    return status


def _end_process(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def process_rank() -> int:
    """Return the index of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_main() -> bool:
    """Return whether this process is the one that prints, writes and ranks."""
    return process_rank() == 0


def cpu_group() -> dist.ProcessGroup | None:
    """Return the group for objects and for tensors on the CPU; its processes may wait for hours."""
    return _cpu_group


def broadcast(value: Any) -> Any:
    """Return the main process's ``value`` in every process."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, group=_cpu_group)
    return values[0]


def gather_objects(value: Any) -> list[Any]:
    """Return the values of all processes in the main process, in the order of their ranks.

    Returns:
        The values; [] in every other process.
    """
    if world_size() == 1:
        return [value]
    values = [None] * world_size() if is_main() else None
    dist.gather_object(value, values, group=_cpu_group)
    return values or []


def main_first(function: Callable[[], _T]) -> _T:
    """Return ``function()``, called by one process of each machine before the others call it.

    Use it for functions that download or render files on the first call. On several machines
    that share a disk, the files must be written atomically.
    """
    if world_size() == 1:
        return function()
    if not _is_first_on_machine:
        dist.barrier(group=_cpu_group)
    result = function()
    if _is_first_on_machine:
        dist.barrier(group=_cpu_group)
    return result


def sum_over_processes(tensor: Tensor) -> Tensor:
    """Return the sum of ``tensor`` over all processes, without gradients."""
    if world_size() == 1:
        return tensor
    total = tensor.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def gather_with_gradients(part: Tensor) -> Tensor:
    """Return the rows (B, ...) of all processes, concatenated in the order of their ranks.

    Every process must compute the same loss from them. Averaged over the processes, as
    ``DistributedDataParallel`` does, the gradients then equal those of that loss.

    Args:
        part: (B / processes, ...), the rows of this process.
    """
    return _Rows.apply(part) if world_size() > 1 else part


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, part: Tensor) -> Tensor:
        parts = [
            torch.empty_like(part, memory_format=torch.contiguous_format)
            for _ in range(world_size())
        ]
        dist.all_gather(parts, part.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return sum_over_processes(gradient).chunk(world_size())[process_rank()]


def sum_with_gradients(tensor: Tensor) -> Tensor:
    """Return the sum of ``tensor`` over all processes; gradients are those of the sum of losses."""
    return _Sum.apply(tensor)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor: Tensor) -> Tensor:
        return sum_over_processes(tensor)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return sum_over_processes(gradient)
