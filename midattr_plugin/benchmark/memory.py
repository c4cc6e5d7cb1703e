"""Peak memory, measured in fresh processes."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import torch

from midattr_plugin.benchmark.systems import System

_MIB = 2**20


def in_fresh_process(function: Callable, *arguments: Any) -> Any:
    """Return ``function(*arguments)``, computed in a new process, whose peak memory is its own."""
    # multiprocessing.Pool would not do: its daemonic processes cannot start those of a loader
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()


def training_memory(name: str, settings: list) -> float:
    """Return the peak memory of training a system, in MiB.

    On a GPU this is the memory that PyTorch allocated. On the CPU it is the memory of the process
    without what it held before the model was built, i.e. Python modules and cached images, which
    are the same for all models.

    Args:
        name: name of the system.
        settings: configuration keys and values, alternating.
    """
    system = System(name, settings)
    if system.cfg.use_gpu:
        system.train(3)
        return torch.cuda.max_memory_allocated() / _MIB
    model = sum(t.numel() * t.element_size() for t in system.model.state_dict().values())
    before = psutil.Process().memory_info().rss - model
    system.train(3)
    return (peak_rss() - before) / _MIB


def peak_rss() -> int:
    """Return the peak resident memory of this process, in bytes."""
    status = Path('/proc/self/status')
    if status.exists():  # on Linux a new process inherits ru_maxrss from its parent
        lines = status.read_text(encoding='utf-8').splitlines()
        [line] = [line for line in lines if line.startswith('VmHWM')]
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024  # macOS counts in bytes
