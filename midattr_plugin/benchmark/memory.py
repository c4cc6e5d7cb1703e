"""Largest memory of a piece of work, each in a process of its own."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil
import torch

from midattr_plugin.benchmark.systems import System

_MIB = 2**20


def in_fresh_process(function: Callable, *arguments):
    """What ``function(*arguments)`` returns in a fresh process, where its peak is its own."""
    # not multiprocessing's Pool, whose processes may not start those of a loader
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()


def training_memory(name: str, settings: list) -> float:
    """MiB that training of a system takes at its peak.

    On a GPU what PyTorch had allocated there; otherwise what the process held, less what it held
    before there was a model: modules of Python and the cached images are the same whatever the
    model.
    """
    system = System(name, settings)
    if system.cfg.use_gpu:
        for _ in range(3):
            system.step(system.next_batch())
        return torch.cuda.max_memory_allocated() / _MIB
    model = sum(t.numel() * t.element_size() for t in system.model.state_dict().values())
    before = psutil.Process().memory_info().rss - model
    for _ in range(3):
        system.step(system.next_batch())
    return (peak_rss() - before) / _MIB


def peak_rss() -> int:
    """Bytes of memory that this process has held at most."""
    status = Path('/proc/self/status')
    if status.exists():  # Linux, whose ru_maxrss a new process inherits from its parent
        [line] = [line for line in status.read_text().splitlines() if line.startswith('VmHWM')]
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024  # which macOS counts in bytes
