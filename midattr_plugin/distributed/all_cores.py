"""All cores for the main process, while the others wait for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from midattr_plugin.distributed.process_group import world_size


@contextmanager
def all_cores() -> Iterator[None]:
    """Let PyTorch compute on all cores within a ``with`` block.

    ``torchrun`` gives each process a single thread. A training of one process keeps the threads
    that it was given.
    """
    threads = torch.get_num_threads()
    if world_size() > 1:
        has_affinity = hasattr(os, 'sched_getaffinity')  # not on macOS
        cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        torch.set_num_threads(max(threads, cores))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
