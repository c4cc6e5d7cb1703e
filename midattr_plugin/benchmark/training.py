"""Training steps of several systems, in turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from time import perf_counter

import torch
from tqdm import tqdm

from midattr_plugin.benchmark.systems import System, synchronize
from midattr_plugin.models.complexity import multiply_adds

PHASES = ('data', 'forward', 'backward', 'step')


def seconds_per_iteration(system: System, iterations: int) -> float:
    """Of training, as it is: nothing waits for a GPU before the end."""
    began = _now(system)
    for _ in range(iterations):
        system.step(system.next_batch())
    return (_now(system) - began) / iterations


def measure_phases(system: System, iterations: int) -> dict[str, float]:
    """Seconds of each phase of an iteration.

    The forward pass includes the losses and what is logged. On a GPU each phase waits for its
    work to end, so that together they take longer than training does.
    """
    seconds = dict.fromkeys(PHASES, 0.0)
    with _marked_phases(system) as marks:
        for _ in range(iterations):
            marks.append(('data', _now(system)))
            data = system.next_batch()
            marks.append(('forward', _now(system)))
            system.step(data)
        marks.append(('', _now(system)))
    for (phase, began), (_, ended) in pairwise(marks):
        seconds[phase] += ended - began
    return {phase: value / iterations for phase, value in seconds.items()}


@contextmanager
def _marked_phases(system: System) -> Iterator[list[tuple[str, float]]]:
    """Yields a list to which the backward pass and the optimizer add when they begin and end."""
    marks: list[tuple[str, float]] = []
    backward = torch.Tensor.backward

    def marked_backward(*args, **kwargs):
        marks.append(('backward', _now(system)))
        backward(*args, **kwargs)
        marks.append(('forward', _now(system)))

    # what all engines call, and no compiler sees
    torch.Tensor.backward = marked_backward
    hooks = [
        system.optimizer.register_step_pre_hook(lambda *_: marks.append(('step', _now(system)))),
        system.optimizer.register_step_post_hook(
            lambda *_: marks.append(('forward', _now(system)))
        ),
    ]
    try:
        yield marks
    finally:
        torch.Tensor.backward = backward
        for hook in hooks:
            hook.remove()


def _now(system: System) -> float:
    synchronize(system.cfg.use_gpu)
    return perf_counter()


def measure_training(systems: list[System], turns: int, iterations: int) -> dict[str, dict]:
    """Name of each system -> 'img/s', its ratio to the first system, and milliseconds by phase."""
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
        }
        for system in systems
    }
