"""Speed of training steps, for several systems in turns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import torch
from tqdm import tqdm

from midattr_plugin.benchmark.systems import System, synchronize
from midattr_plugin.models.complexity import multiply_adds

PHASES = ('data', 'forward', 'backward', 'step')
_PREFETCHED = 2  # batches that each worker of a DataLoader keeps ready


def seconds_per_iteration(system: System, iterations: int) -> float:
    """Return the duration of a training iteration; a GPU is waited for only after the last one."""
    if system.cfg.use_gpu:
        system.train(1 + _PREFETCHED * system.workers)  # batches made while others were measured
    start = _now(system)
    system.train(iterations)
    return (_now(system) - start) / iterations


def measure_phases(system: System, iterations: int) -> dict[str, float]:
    """Measure the phases of an iteration.

    The forward pass includes the losses and all logs. On a GPU each phase waits until its work is
    done, so that their sum is more than the duration of an iteration without measuring.

    Args:
        system: the system to train.
        iterations: number of iterations to average over.

    Returns:
        Phase -> seconds.
    """
    seconds = dict.fromkeys(PHASES, 0.0)
    with _marked_phases(system) as marks:
        system.train(iterations, lambda phase: marks.append((phase, _now(system))))
        marks.append(('', _now(system)))
    for (phase, start), (_, end) in pairwise(marks):
        seconds[phase] += end - start
    return {phase: value / iterations for phase, value in seconds.items()}


@contextmanager
def _marked_phases(system: System) -> Iterator[list[tuple[str, float]]]:
    """Yield a list to which (next phase, time) is added around backward pass and optimizer step."""
    marks: list[tuple[str, float]] = []
    backward = torch.Tensor.backward

    def marked_backward(*args: Any, **kwargs: Any) -> None:
        marks.append(('backward', _now(system)))
        backward(*args, **kwargs)
        marks.append(('forward', _now(system)))

    # patched here, because all engines call it and torch.compile does not trace it
    torch.Tensor.backward = marked_backward  # type: ignore[method-assign]
    hooks = [
        system.optimizer.register_step_pre_hook(lambda *_: marks.append(('step', _now(system)))),
        system.optimizer.register_step_post_hook(
            lambda *_: marks.append(('forward', _now(system)))
        ),
    ]
    try:
        yield marks
    finally:
        torch.Tensor.backward = backward  # type: ignore[method-assign]
        for hook in hooks:
            hook.remove()


def _now(system: System) -> float:
    synchronize(system.cfg.use_gpu)
    return perf_counter()


def choose_workers(system: System, choices: Sequence[int], iterations: int) -> None:
    """Let a system load its batches with the number of workers with which it trains fastest.

    Args:
        system: the system; nothing is done if its images are cached.
        choices: numbers of workers.
        iterations: training iterations to measure with each.
    """
    if not system.has_workers or len(choices) == 1:
        return
    seconds = {}
    for workers in choices:
        system.use_workers(workers)
        seconds_per_iteration(system, system.warm_up)
        seconds[workers] = seconds_per_iteration(system, iterations)
    system.use_workers(min(seconds, key=seconds.__getitem__))


def measure_training(systems: list[System], turns: int, iterations: int) -> dict[str, dict]:
    """Measure training of several systems in turns.

    Args:
        systems: the systems; ratios are relative to the first.
        turns: measurements of each system.
        iterations: training iterations per turn.

    Returns:
        Name -> 'img/s', 'ratio' of its speed to that of the first system, 'turns' (seconds per
        iteration), 'ms' (phase -> milliseconds), 'multiply-adds' per image and 'workers'.
    """
    for system in systems:
        seconds_per_iteration(system, system.warm_up)
    seconds: dict[str, list[float]] = {system.name: [] for system in systems}
    for _ in tqdm(range(turns), desc='training', unit='turn', leave=False):
        for system in systems:
            seconds[system.name].append(seconds_per_iteration(system, iterations))
    first = seconds[systems[0].name]
    return {
        system.name: {
            'img/s': system.batch_size / median(seconds[system.name]),
            'ratio': median(a / b for a, b in zip(first, seconds[system.name], strict=True)),
            'turns': seconds[system.name],
            'ms': {
                phase: 1000 * value for phase, value in measure_phases(system, iterations).items()
            },
            'multiply-adds': multiply_adds(
                system.model, system.cfg.data.height, system.cfg.data.width
            ),
            'workers': system.workers,
        }
        for system in systems
    }
