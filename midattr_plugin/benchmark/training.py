"""Training steps of several systems, in turns."""

from statistics import median
from time import perf_counter

from tqdm import tqdm

from midattr_plugin.benchmark.systems import System, synchronise

PHASES = ('data', 'forward', 'backward', 'step')


class StepClock:
    """Splits the time of training steps into phases, by hooks on model and optimizer.

    What is neither waiting for data, the forward pass nor the optimizer counts as backward: it
    includes the loss.
    """

    def __init__(self, system: System):
        self.system = system
        self.on_gpu = system.cfg.use_gpu
        self.seconds = dict.fromkeys(PHASES, 0.)
        self._began = 0.
        system.model.register_forward_pre_hook(lambda *_: self._begin())
        system.model.register_forward_hook(lambda *_: self._end('forward'))
        system.optimizer.register_step_pre_hook(lambda *_: self._begin())
        system.optimizer.register_step_post_hook(lambda *_: self._end('step'))

    def run(self, iterations: int) -> dict[str, float]:
        """Seconds of each phase, and in 'total', per iteration."""
        self.seconds = dict.fromkeys(PHASES, 0.)
        began = self._now()
        for _ in range(iterations):
            self._begin()
            data = self.system.next_batch()
            self._end('data')
            self.system.engine.forward_backward(data)
        total = self._now() - began
        others = sum(self.seconds.values())
        self.seconds['backward'] = total - others
        return {name: value / iterations for name, value in
                (self.seconds | {'total': total}).items()}

    def _now(self) -> float:
        synchronise(self.on_gpu)
        return perf_counter()

    def _begin(self) -> None:
        self._began = self._now()

    def _end(self, phase: str) -> None:
        self.seconds[phase] += self._now() - self._began


def measure_training(systems: list[System], turns: int, iterations: int) -> dict[str, dict]:
    """Name of each system -> 'img/s', its ratio to the first system, and milliseconds by phase."""
    clocks = [StepClock(system) for system in systems]
    for clock in clocks:
        clock.run(2)  # allocations and choices of algorithms
    rows: dict[str, list[dict]] = {system.name: [] for system in systems}
    for _ in tqdm(range(turns), desc='training', unit='turn', leave=False):
        for clock in clocks:
            rows[clock.system.name].append(clock.run(iterations))
    first = [row['total'] for row in rows[systems[0].name]]
    return {
        system.name: {
            'img/s': system.batch_size / median(row['total'] for row in rows[system.name]),
            'ratio': median(a / row['total'] for a, row in
                            zip(first, rows[system.name], strict=True)),
            'turns': [row['total'] for row in rows[system.name]],
            'ms': {phase: 1000 * median(row[phase] for row in rows[system.name])
                   for phase in PHASES},
            'multiply-adds': system.multiply_adds(),
        } for system in systems}
