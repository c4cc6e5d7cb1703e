"""Exponential moving average of the weights of a model in training.

Polyak and Juditsky, 1992; for re-identification e.g. the mean teacher of Ge et al., ICLR 2020.
``torch.optim.swa_utils`` has the update, in a few kernels for all weights. Its ``AveragedModel``
would copy the whole model and read its counter of steps from the GPU at every step.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class AveragedWeights:
    """Average of all weights and running statistics, a copy of them on their device.

    After n steps the average moves by 1 - d towards the weights, where d = min(decay,
    (1 + n) / (10 + n)), so that a short training is not tested with the weights of its start; the
    first step copies them. Integers, e.g. the number of batches, are not averaged.

    Attributes:
        steps: n.

    Args:
        decay: in [0, 1).
    """

    def __init__(self, decay: float):
        self.decay = decay
        self.steps = 0
        self._averages: dict[str, Tensor] = {}
        self._current: list[Tensor] = []

    def follow(self, model: nn.Module) -> None:
        """Take the weights of a model as those to average, until they are replaced by others.

        Args:
            model: on its device.
        """
        current = _averaged_entries(model)
        if not self._averages:
            self._averages = {name: value.clone() for name, value in current.items()}
        self._current = list(current.values())

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the weights, after a step of the optimizer."""
        n = self.steps
        decay = min(self.decay, (1 + n) / (10 + n)) if n else 0.0
        update = get_ema_multi_avg_fn(decay)
        by_dtype: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(self._averages.values(), self._current, strict=True):
            averages, values = by_dtype.setdefault(value.dtype, ([], []))
            averages.append(average)
            values.append(value)
        for averages, values in by_dtype.values():
            update(averages, values, n)
        self.steps = n + 1

    def state_dict(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the state dict of a model with averaged weights.

        Args:
            model: the one that it follows.
        """
        return {name: self._averages.get(name, value) for name, value in model.state_dict().items()}

    def load(self, model: nn.Module, steps: int) -> None:
        """Take the weights that a model has now as the average.

        Args:
            model: with the averaged weights of a checkpoint.
            steps: number of steps after which they were averaged.
        """
        self._averages = {name: x.clone() for name, x in _averaged_entries(model).items()}
        self.steps = steps

    def averaged_buffers(self, model: nn.Module) -> list[Tensor]:
        """Return the averages of what is not trained, e.g. of running statistics."""
        trained = {name for name, _ in model.named_parameters()}
        return [value for name, value in self._averages.items() if name not in trained]

    @contextmanager
    @torch.no_grad()
    def in_place_of_weights(self, model: nn.Module) -> Iterator[None]:
        """Let a model have the averaged weights within a block.

        Args:
            model: the one that it follows.
        """
        entries = _averaged_entries(model)
        weights = {name: value.clone() for name, value in entries.items()}
        _copy(self._averages, entries)
        try:
            yield
        finally:
            _copy(weights, entries)


def _averaged_entries(model: nn.Module) -> dict[str, Tensor]:
    return {name: x for name, x in model.state_dict().items() if x.is_floating_point()}


def _copy(values: Mapping[str, Tensor], entries: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in entries.items():
            value.copy_(values[name])
